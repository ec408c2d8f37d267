"""Estimators: pure functions of numpy arrays, in float64. Nothing here imports torch, draws figures or knows a path."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name != "compare":
        raise AttributeError(f"module 'vigan.metrics' has no attribute '{name}'")
    return import_module("vigan.metrics.two_samples").compare
