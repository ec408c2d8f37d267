"""The page people read: rendered from files that are already written; it computes nothing."""
