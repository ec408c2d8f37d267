"""Data sets and protocols that more than one module of tests measures."""

from __future__ import annotations

from vigan.config.datasets import Digits, Ring
from vigan.config.experiment import Protocol

RING, DIGIT_SCANS = Ring(source="ring", count=6000), Digits(source="digits")
FEATURES = Protocol(kind="efflite0-128", samples=24)
TOY = Protocol(kind="toy-modes", samples=3000)
DIGIT_MODES = Protocol(kind="digit-modes", samples=500)
BINS = Protocol(kind="pixel-bins-32", samples=600)
