"""Estimators: pure functions of numpy arrays, in float64. Nothing here imports torch, draws figures or knows a path."""
