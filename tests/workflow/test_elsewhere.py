"""The workflow in environments of its own, and as a part of another workflow."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy
import pytest
from studies import TINY

from .conftest import ROOT, Snakemake

CONDA = """\
#!/bin/bash
case "$1" in
    info) echo '{{"conda_prefix": "{base}", "platform": "linux-64"}}' ;;
    --version) echo conda 24.7.1 ;;
    config) echo '{{"get": {{"channel_priority": "strict"}}}}' ;;
    env) mkdir -p "${{@: -1}}/bin"; cp {base}/python "${{@: -1}}/bin/python" ;;
esac
"""
ACTIVATE = """\
export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"
"""
PYTHON = """\
#!/bin/sh
echo "$0 $*" >> {base}/notes
PYTHONPATH="$PYTHONPATH:{libraries}" exec {python} -S "$@"
"""
"""An environment's only program: a Python with all libraries (but no .pth file is read) and without vigan."""


@pytest.fixture
def conda(tmp_path: Path) -> Path:
    """A folder with a conda that makes environments in which nothing lies but a Python."""
    base = tmp_path / "conda"
    (base / "bin").mkdir(parents=True)
    libraries = Path(numpy.__file__).parents[1]
    for name, text in {"bin/conda": CONDA, "bin/activate": ACTIVATE, "python": PYTHON}.items():
        text = text if name == "bin/activate" else text.format(base=base, libraries=libraries, python=sys.executable)
        (base / name).write_text(text)
        (base / name).chmod(0o755)
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    without = subprocess.run([base / "python", "-c", "import vigan"], env=alone, capture_output=True, check=False)
    assert b"No module named 'vigan'" in without.stderr
    (base / "notes").unlink()
    return base


@pytest.mark.slow
def test_with_conda_every_job_runs_by_the_python_of_the_environment(tmp_path: Path, conda: Path) -> None:
    (tmp_path / "study.yaml").write_text(TINY)
    runner = Snakemake(tmp_path)
    runner.environment["PATH"] = f"{conda / 'bin'}{os.pathsep}{runner.environment['PATH']}"
    done = runner("--until", "reference", "--configfile", str(tmp_path / "study.yaml"), "--sdm", "conda")
    assert done.returncode == 0, done.stdout[-3000:]
    ran = [line.split() for line in (conda / "notes").read_text().splitlines()]
    assert [words[words.index("vigan.cli") + 1] for words in ran] == ["prepare", "reference"]
    assert all("/.snakemake/conda/" in words[0] for words in ran)
    assert len(list(tmp_path.glob("data/*/reference/*.json"))) == 1


MODULE = f"""\
module study:
    snakefile: "{ROOT / "Snakefile"}"
    config: {{"study_file": "studies/tiny.yaml"}}

use rule * from study as study_*

rule mine:
    default_target: True
    input: rules.study_all.input
    output: "mine.txt"
    shell: "echo {{input}} > {{output}}"
"""


@pytest.mark.slow
def test_another_workflow_uses_it_as_a_module(tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "tiny.yaml").write_text(TINY)
    (tmp_path / "Snakefile").write_text(MODULE)
    plan = Snakemake(tmp_path).run("--dry-run", "--cores", "1", "--quiet", "rules", folder=tmp_path)
    assert plan.returncode == 0, plan.stdout[-3000:]
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", plan.stdout, re.MULTILINE))
    assert (jobs["study_train"], jobs["study_report"], jobs["mine"]) == ("4", "1", "1")


@pytest.mark.slow
@pytest.mark.parametrize("question", ["--summary", "--rulegraph"])
def test_what_runs_nothing_needs_no_number_of_cores(tmp_path: Path, question: str) -> None:
    (tmp_path / "study.yaml").write_text(TINY)
    words = (question, "--snakefile", str(ROOT / "Snakefile"), "--configfile", "study.yaml")
    told = Snakemake(tmp_path).run(*words, folder=tmp_path)
    assert told.returncode == 0, told.stdout[-3000:]
    assert "train" in told.stdout


def test_the_oldest_snakemake_that_it_takes_is_of_the_line_that_is_locked() -> None:
    (least,) = re.findall(r'min_version\("([\d.]+)"\)', (ROOT / "Snakefile").read_text())
    (locked,) = re.findall(r"^snakemake==(\d+\.\d+)\.\d+ ", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert least == locked
    assert f"snakemake>={least}" in project["dependencies"]
