"""What a machine must have for a test that goes through the cluster's plugins."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest


def skip_without(*, modules: tuple[str, ...] = (), programs: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """Skips where a Python module or a program is not installed, and says which."""
    absent = [name for name in modules if find_spec(name) is None]
    absent += [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(absent), reason=f"not installed: {', '.join(absent)} (`make test-slurm` does)")
