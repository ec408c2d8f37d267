"""Reproduction harness for Su (2018), "Variational Inference: A Unified Framework of Generative Models".

For scripts and notebooks: `metrics`, `evaluate`, `judge`, `train` and `load_study`, imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.2.0"
LAZY = ("Trained", "evaluate", "judge", "load_study", "metrics", "train")
"""Names that are imported when they are first used; `__init__.pyi` has their types."""


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module 'vigan' has no attribute '{name}'")
    return import_module("vigan.metrics") if name == "metrics" else getattr(import_module("vigan.cli.api"), name)
