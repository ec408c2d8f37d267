"""Evaluation: how each kind of protocol turns samples into numbers, its reference arrays, and their cache."""
