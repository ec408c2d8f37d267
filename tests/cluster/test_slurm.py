"""Studies through a real SLURM: the same results as on one machine, whatever happens to the jobs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from studies import TINY
from waiting import wait_until
from workflow.conftest import ROOT, Snakemake

from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.config.study import RunKey
from vigan.layout import Layout

from .needs import ASKED
from .slurm import OneNode

STARTS_ONE = "starts a SLURM on this machine: `make test-slurm` does"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not ASKED, reason=STARTS_ONE)]

SMOKE = ROOT / "config" / "smoke.yaml"
LONG = TINY.replace("iterations: 60", "iterations: 2500").replace("log_every: 20", "log_every: 500")
CLUSTER = (
    "--workflow-profile", str(ROOT / "profiles" / "slurm"), "--slurm-status-command", "squeue",
    "--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10", "--config", "cpu=true",
)  # fmt: skip
SUBMITTED = re.compile("submitted with SLURM jobid")
OWN = {"timing.csv"}
"""Tables of seconds, which differ from run to run."""


class Done(NamedTuple):
    """A study that went through SLURM: its file, what Snakemake told, and its tables, beside those made without."""

    file: Path
    told: str
    tables: dict[str, bytes]
    here: dict[str, bytes]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Of four trainings, `plain` with seed 0 was cancelled and with seed 1 ran out of time."""
    file, here = (_prepared(tmp_path_factory.mktemp(name)) for name in ("cluster", "here"))
    with OneNode(tmp_path_factory.mktemp("slurm")) as slurm, _submitted(file, file.parent, "analyse") as submitted:
        cancelled, too_long = _frozen_after_a_checkpoint(submitted, file.parent)
        slurm.call("scontrol", "update", f"JobId={_job_of(too_long)}", "EndTime=now+1")
        slurm.call("scancel", _job_of(cancelled))
        expected = _made_here(here, here.parent, "analyse")
        told = _finish(submitted, file.parent, 600)
    return Done(file, told, _tables(file.parent), expected)


def test_a_study_through_sbatch_has_the_tables_of_one_machine_byte_for_byte(done: Done) -> None:
    assert len(SUBMITTED.findall(done.told)) == 12
    assert done.tables == done.here


def test_a_cancelled_job_and_one_that_ran_out_of_time_went_on_where_they_were(done: Done) -> None:
    assert {"CANCELLED", "TIMEOUT"} == set(re.findall(r"SLURM status is: '(\w+)'", done.told))
    assert {seed: _sessions(done.file, "plain", seed) for seed in (0, 1)} == {0: 2, 1: 2}
    assert {seed: _sessions(done.file, "regularised", seed) for seed in (0, 1)} == {0: 1, 1: 1}


@pytest.mark.skipif(
    os.environ.get("VIGAN_TEST_SLURM") != "smoke", reason="takes ten minutes: `make test-slurm STUDY=smoke`"
)
def test_the_smoke_study_through_sbatch_from_nothing_to_its_report(tmp_path: Path) -> None:
    cluster, here = tmp_path / "cluster", tmp_path / "here"
    cluster.mkdir()
    with OneNode(tmp_path), _submitted(SMOKE, cluster, "all") as submitted:
        told = _finish(submitted, cluster, 1500)
    print(f"{len(SUBMITTED.findall(told))} jobs through sbatch")
    assert len(SUBMITTED.findall(told)) > 20
    assert _tables(cluster) == _made_here(SMOKE, here, "all")
    assert (cluster / "results" / "smoke" / "report.html").is_file()


def _prepared(folder: Path) -> Path:
    """The file of a study whose data set lies prepared beside it: each stage that waits for another costs a poll."""
    (folder / "study.yaml").write_text(LONG)
    with contextlib.chdir(folder):
        assert main(["prepare", "--config", "study.yaml", "--dataset", "ring"]) == 0
    return folder / "study.yaml"


def _made_here(file: Path, folder: Path, until: str) -> dict[str, bytes]:
    """Tables of a study made on this machine."""
    done = Snakemake(folder, OMP_NUM_THREADS="1")("--until", until, "--configfile", str(file))
    assert done.returncode == 0, done.stdout[-3000:]
    return _tables(folder)


def _tables(folder: Path) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in (folder / "results").glob("*/tables/*.csv")}
    assert len(found) > len(OWN)
    return {name: text for name, text in found.items() if name not in OWN}


@contextlib.contextmanager
def _submitted(file: Path, folder: Path, until: str) -> Iterator[subprocess.Popen[str]]:
    """Snakemake on a study whose jobs all go through sbatch."""
    runner = Snakemake(folder, OMP_NUM_THREADS="1", VIGAN_SAVE_EVERY="0.2")
    command = ["snakemake", "all", "--until", until, "--snakefile", str(ROOT / "Snakefile")]
    with (folder / "snakemake.log").open("w") as log:
        submitted = subprocess.Popen(
            [*command, "--directory", str(folder), "--configfile", str(file), *CLUSTER],
            cwd=ROOT, env=runner.environment, text=True, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield submitted
        finally:
            submitted.kill()


def _finish(submitted: subprocess.Popen[str], folder: Path, seconds: float) -> str:
    submitted.wait(seconds)
    told = (folder / "snakemake.log").read_text()
    assert submitted.returncode == 0, told[-4000:]
    return told


def _frozen_after_a_checkpoint(submitted: subprocess.Popen[str], folder: Path) -> list[int]:
    """Processes of the trainings of `plain`, stopped at a checkpoint: none can end before its job is killed."""
    frozen: dict[int, int] = {}

    def all_frozen() -> bool:
        assert submitted.poll() is None, (folder / "snakemake.log").read_text()[-4000:]
        for seed in {0, 1} - frozen.keys():
            for saved in list(folder.glob(f"state/tiny/plain-released-seed-{seed}-*/checkpoint-*.json"))[:1]:
                frozen[seed] = int((saved.parent / "lock").read_text().split()[0])
                os.kill(frozen[seed], signal.SIGSTOP)
        return len(frozen) == 2

    wait_until(all_frozen, 300, "no checkpoint was ever saved")
    return [frozen[0], frozen[1]]


def _job_of(process: int) -> str:
    """The SLURM job that a process belongs to."""
    environment = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    known = dict(line.split(b"=", 1) for line in environment if b"=" in line)
    return known[b"SLURM_JOB_ID"].decode()


def _sessions(file: Path, arm: str, seed: int) -> int:
    """How many times a training was begun or went on; one that loses its state forgets those before."""
    layout = Layout(load_study(file))
    return len(list((file.parent / layout.tensorboard(RunKey(arm, "released", seed))).iterdir()))
