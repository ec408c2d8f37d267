"""Imports of plug-ins end in time, and leave torch's settings as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from vigan.config import plugin_imports
from vigan.config.base import ConfigError
from vigan.config.plugin_imports import load_watched
from vigan.config.plugins import use_files
from vigan.plugins import PluginError

DECLARES = "import vigan.protocols\n"
"""A file that imports this is imported when the study is read."""
PENALTY = """\
from vigan.objectives.hooks import Stabiliser
import torch


class Slow(Stabiliser):
    def after_iteration(self, networks):
        pass


"""
"""A stabiliser, whose settings are read without importing it."""


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    use_files([])


def written(folder: Path, text: str) -> list[Path]:
    (folder / "slow.py").write_text(text)
    return [folder / "slow.py"]


@pytest.mark.parametrize("text", ["while True:\n    pass\n", "import time\n\ntime.sleep(1e6)\n"])
def test_an_import_that_never_ends_ends_in_a_line(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_imports, "LONGEST", 0.3)
    with pytest.raises(ConfigError, match=r"slow\.py, line \d: TimeoutError: its import took more than 0 s") as told:
        use_files(written(tmp_path, DECLARES + text))
    assert "\n" not in told.value.text
    use_files(written(tmp_path, PENALTY + text))
    with pytest.raises(PluginError, match=r"slow\.py, line \d+: TimeoutError"):
        load_watched(["vigan.objectives.gan", "vigan_plugins.slow"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("torch.set_default_dtype(torch.float64)\n", "default dtype"),
        ("torch.set_grad_enabled(False)\n", "gradients"),
    ],
)
def test_an_import_that_changes_what_holds_for_all_arms_is_refused_and_undone(
    text: str, told: str, tmp_path: Path
) -> None:
    use_files(written(tmp_path, PENALTY + text))
    with pytest.raises(PluginError, match=rf"slow\.py: its import changes torch's {told}, for all arms") as refused:
        load_watched(["vigan_plugins.slow"])
    assert "\n" not in refused.value.text
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()


def test_a_good_plug_in_is_imported_and_the_alarm_is_off_afterwards(tmp_path: Path) -> None:
    import signal

    use_files(written(tmp_path, PENALTY))
    load_watched(["vigan_plugins.slow"])
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_limit_that_somebody_else_has_set_goes_on(tmp_path: Path) -> None:
    """`signal.alarm` of a script that limits a command was cancelled by the first study that was read."""
    import signal

    use_files(written(tmp_path, PENALTY))
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1000)
        load_watched(["vigan_plugins.slow"])
        assert 900 < signal.getitimer(signal.ITIMER_REAL)[0] < 1000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
