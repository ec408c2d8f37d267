"""What a killed test leaves of its SLURM is in nobody's way, and nobody else's SLURM is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from . import slurm


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where SLURM looks for its configuration."""
    monkeypatch.setattr(slurm, "SYSTEM", tmp_path / "slurm.conf")
    return tmp_path / "slurm.conf"


def test_the_link_of_tests_whose_controller_is_gone_is_left_behind(system: Path, tmp_path: Path) -> None:
    ours = tmp_path / "pytest-of-root" / "slurm0"
    system.symlink_to(ours / "slurm.conf")
    assert slurm.is_left_behind()
    ours.mkdir(parents=True)
    (ours / "slurm.conf").touch()
    assert slurm.is_left_behind()
    (ours / "slurmctld.pid").write_text(f"{os.getpid()}\n")
    assert slurm.is_left_behind() != Path("/proc/self/stat").exists()


def test_another_link_or_a_file_is_not(system: Path) -> None:
    system.symlink_to("/nowhere/slurm.conf")
    assert not slurm.is_left_behind()
    system.unlink()
    system.touch()
    assert not slurm.is_left_behind()
