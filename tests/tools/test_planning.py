from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vigan.io.locks import InUseError
from vigan.tools.planning import check_disk, claim, is_dry

HOLD = "import sys, time; from pathlib import Path; from vigan.tools.planning import claim; "
HOLD += "kept = claim(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"


def test_a_second_plan_of_a_study_is_refused_until_the_first_process_ends_however_it_does(tmp_path: Path) -> None:
    path = tmp_path / "tiny.running"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(InUseError, match=f"process {first.pid} carries out this study here; wait for it or stop"):
            claim(path)
        first.kill()
    claim(path).close()


def test_a_disk_that_cannot_be_written_is_told_with_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_disk(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        check_disk(tmp_path / "new")
    assert caught.value.filename == str(tmp_path / "new")


@pytest.mark.parametrize("words", ["-n", "-np", "--dry-run", "--dryrun --cores 1"])
def test_a_dry_run_is_known_by_its_option(words: str) -> None:
    assert is_dry(words.split())


@pytest.mark.parametrize("words", ["", "--cores 1 all", "--nolock -j 4", "--notemp"])
def test_a_run_is_no_dry_run(words: str) -> None:
    assert not is_dry(words.split())
