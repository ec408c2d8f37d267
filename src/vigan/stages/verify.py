"""Replay a golden trace of the released graph through the engine that trains."""

from __future__ import annotations

from vigan.training.trace import verify

__all__ = ["verify"]
