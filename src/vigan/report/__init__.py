"""The report: rendered from tables and figures on disk; it computes nothing."""
