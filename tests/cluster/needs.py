"""What a machine must have for a test that goes through the cluster's plugins.

Where they were asked for (`make test-slurm`), what is not there is no reason to pass a test over.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import pytest

ASKED = bool(os.environ.get("VIGAN_TEST_SLURM"))


def skip_without(*, modules: tuple[str, ...] = (), programs: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """Skips where a Python module or a program is not installed, and says which."""
    absent = [name for name in modules if find_spec(name) is None]
    absent += [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(
        bool(absent) and not ASKED, reason=f"not installed: {', '.join(absent)} (`make test-slurm` does)"
    )
