"""One thread for each process of the tests, bytecode for all of them, and long files before short ones."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import settings

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""For numpy and torch, which read it when they are imported, here and in every process that a test starts.

Products of small matrices wait longer for a second thread than it saves.
"""
os.environ.update(ONE_THREAD)

# Where the environment says otherwise, thousands of processes would compile vigan, and each run all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes depends on what else the machine does.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Torch works on one thread, whatever a stage set before."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first: workers that take turns at files end together if the last ones are short."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
