"""The container: what its recipe holds, and that every job runs in it when Snakemake is told to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from studies import TINY

from .conftest import ROOT, Snakemake

RECIPE = (ROOT / "Containerfile").read_text(encoding="utf-8")

APPTAINER = """\
#!/bin/sh
if [ "$1" = --version ]; then echo apptainer version 1.3.0; exit; fi
echo "$@" >> "$NOTES.words"
while [ "$1" != -c ]; do last=$before; before=$1; shift; done
echo "$last" >> "$NOTES"
PATH="$IMAGE:/usr/bin:/bin" exec bash -c "$2"
"""
"""Notes the image and the word before the shell, and runs the command with the programs of the folder IMAGE."""

VIGAN = """\
#!/bin/sh
echo "$1" >> "$NOTES.commands"
exec {python} -m vigan.cli "$@"
"""


def test_the_image_has_the_lock_with_its_hashes_before_the_source_and_the_same_installer() -> None:
    installed, copied = RECIPE.index("--require-hashes --requirement requirements.txt"), RECIPE.index("COPY src")
    assert RECIPE.index("COPY requirements.txt") < installed < copied
    assert "--no-deps" in RECIPE[copied:]
    (version,) = re.findall(r"uv==[\d.]+", (ROOT / "Makefile").read_text())
    assert version in RECIPE


def test_the_image_has_a_python_that_the_package_runs_on() -> None:
    (python,) = re.findall(r"^FROM .*/python:(\d+\.\d+)-", RECIPE, re.MULTILINE)
    assert SpecifierSet(">=3.11,<3.14").contains(python)


def test_everything_that_is_copied_into_the_image_is_part_of_the_checkout() -> None:
    copied = [name for line in re.findall(r"^COPY (.*)$", RECIPE, re.MULTILINE) for name in line.split()[:-1]]
    for name in copied:
        ignored = subprocess.run(["git", "check-ignore", "--quiet", name], cwd=ROOT, check=False)
        assert ignored.returncode != 0, name
        assert (ROOT / name).exists(), name


def test_every_documented_apptainer_command_shows_the_gpu_to_the_container() -> None:
    told = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("docs/cluster.md", "Containerfile"))
    commands = re.findall(r"snakemake .*--sdm apptainer.*", told)
    assert commands
    assert all(re.search(r"--apptainer-args=(\"[^\"]*)?--nv\b", command) for command in commands)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["option", "environment"])
def test_with_apptainer_every_job_runs_the_vigan_of_the_image_that_was_named(tmp_path: Path, by: str) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "apptainer").write_text(APPTAINER)
    (programs / "apptainer").chmod(0o755)
    (tmp_path / "study.yaml").write_text(TINY)
    (tmp_path / "vigan.sif").touch()
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "vigan").write_text(VIGAN.format(python=sys.executable))
    (tmp_path / "image" / "vigan").chmod(0o755)
    runner = Snakemake(tmp_path, NOTES=str(tmp_path / "notes"), IMAGE=str(tmp_path / "image"))
    runner.fresh = True
    runner.environment["PATH"] = f"{programs}{os.pathsep}{runner.environment['PATH']}"
    named = ("--config", "image=vigan.sif") if by == "option" else ()
    if by == "environment":
        runner.environment["VIGAN_IMAGE"] = "vigan.sif"
    done = runner(
        "--until", "reference", "--configfile", str(tmp_path / "study.yaml"), "--sdm", "apptainer",
        "--apptainer-args=--nv", *named,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    words = (tmp_path / "notes.words").read_text().splitlines()
    assert words
    assert all(" --nv " in line.partition("vigan.sif")[0] for line in words)
    assert len(list(tmp_path.glob("data/*/reference/*.json"))) == 1
    assert (tmp_path / "notes").read_text().split() == ["vigan.sif", "vigan.sif"]
    assert (tmp_path / "notes.commands").read_text().split() == ["prepare", "reference"]
