"""Estimates from tables: numpy and pandas only; never a model, never a picture."""
