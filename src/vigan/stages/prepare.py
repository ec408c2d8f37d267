"""Prepare one data set: from any source to one array and its manifest."""

from __future__ import annotations

from vigan.data.prepare import prepare

__all__ = ["prepare"]
