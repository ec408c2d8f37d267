"""Estimates, tests and verdicts from tables, with numpy and pandas only; no models, no plots."""
