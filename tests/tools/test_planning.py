from __future__ import annotations

import base64
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vigan.io.locks import InUseError
from vigan.tools.planning import check_disk, claim, forget, is_dry, of_conda

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


def test_what_snakemake_remembers_is_forgotten_unless_it_says_what_it_should(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    records = {name: tmp_path / "metadata" / base64.urlsafe_b64encode(name.encode()).decode() for name in ("a", "b")}
    for name, record in records.items():
        record.write_text(json.dumps({"params": [f"'{name * 64}'"]}))
    forget(tmp_path, [Path(name) for name in (*records, "none")], unless=["a" * 64])
    assert [record.exists() for record in records.values()] == [True, False]
    forget(tmp_path, [Path("a")])
    assert not records["a"].exists()


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


@pytest.mark.parametrize("where", ["src", "site-packages"])
def test_under_conda_vigan_is_this_code_by_the_environment_s_python_with_nothing_beside_it(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "it's {here}" / where / "vigan"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    if where == "site-packages":
        (package.parent / "numpy").mkdir()  # of another Python
    monkeypatch.setattr("vigan.__file__", str(package / "__init__.py"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text('#!/bin/sh\necho "$@"\nls "$PYTHONPATH"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    shell = [of_conda(tmp_path / ".snakemake").format() + "vigan claims 'a b'" for _ in range(2)][-1]
    told = subprocess.run(
        ["bash", "-c", shell],
        env={**os.environ, "CONDA_PREFIX": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines() == ["-P -m vigan.cli claims a b", "vigan"]
