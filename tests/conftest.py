"""What all tests share: one thread a process, bytecode, surroundings that are nobody's own, long files before short."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

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

# What git sets for its hooks would lead commands in other folders to the repository that it was called for.
OF_HOOKS = ("DIR", "WORK_TREE", "INDEX_FILE", "PREFIX", "COMMON_DIR", "OBJECT_DIRECTORY", "CONFIG_PARAMETERS")
for name in (f"GIT_{part}" for part in OF_HOOKS):
    os.environ.pop(name, None)

# Servers of tests are on this machine, where no proxy looks.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))

# How long an example takes depends on what else the machine does. One commit draws the same examples everywhere.
settings.register_profile("busy", deadline=None, derandomize=True)
settings.load_profile("busy")


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept between commands is kept for this session, and not among the user's files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Torch works on one thread, whatever a stage set before."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first: workers that take turns at files end together if the last ones are short."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
