"""Studies through a real SLURM: the same results as on one machine, whatever happens to the jobs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from studies import TINY
from workflow.conftest import ROOT, Snakemake

from vigan.config.load import load_study
from vigan.config.study import RunKey
from vigan.layout import Layout

from .slurm import OneNode, missing, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "all there")]

LONG = TINY.replace("iterations: 60", "iterations: 6000").replace("log_every: 20", "log_every: 2000")
LONG = LONG.replace("      regularised: {lambda_sum: 1.0}\n", "")
CLUSTER = (
    "--workflow-profile", str(ROOT / "profiles" / "slurm"), "--slurm-status-command", "squeue",
    "--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10", "--config", "cpu=true",
)  # fmt: skip
OWN = {"timing.csv"}
"""Tables of seconds, which differ from run to run."""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneNode]:
    with OneNode(tmp_path_factory.mktemp("slurm")) as node:
        yield node


def _study(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "study.yaml").write_text(text)
    return folder / "study.yaml"


def _analysed(folder: Path, text: str) -> dict[str, bytes]:
    """Tables of a study analysed on this machine."""
    done = Snakemake(folder, OMP_NUM_THREADS="1")("--until", "analyse", "--configfile", str(_study(folder, text)))
    assert done.returncode == 0, done.stdout[-3000:]
    return _tables(folder)


def _tables(folder: Path) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in (folder / "results" / "tiny" / "tables").glob("*.csv")}
    assert len(found) > len(OWN)
    return {name: text for name, text in found.items() if name not in OWN}


def _submit(file: Path) -> subprocess.Popen[str]:
    """Snakemake on a study whose jobs all go through sbatch."""
    runner = Snakemake(file.parent, OMP_NUM_THREADS="1", VIGAN_SAVE_EVERY="2")
    command = ["snakemake", "all", "--until", "analyse", "--snakefile", str(ROOT / "Snakefile")]
    with (file.parent / "snakemake.log").open("w") as log:
        return subprocess.Popen(
            [*command, "--directory", str(file.parent), "--configfile", str(file), *CLUSTER],
            cwd=ROOT, env=runner.environment, text=True, stdout=log, stderr=log,
        )  # fmt: skip


def _finish(submitted: subprocess.Popen[str], file: Path) -> str:
    try:
        submitted.wait(900)
    finally:
        submitted.kill()
    told = (file.parent / "snakemake.log").read_text()
    assert submitted.returncode == 0, told[-4000:]
    return told


def test_a_study_through_sbatch_has_the_tables_of_one_machine_byte_for_byte(slurm: OneNode, tmp_path: Path) -> None:
    file = _study(tmp_path / "cluster", TINY)
    submitted = _submit(file)
    here = _analysed(tmp_path / "here", TINY)
    told = _finish(submitted, file)
    assert len(re.findall(r"submitted with SLURM jobid", told)) == 11
    assert _tables(file.parent) == here


def test_a_cancelled_job_and_one_that_ran_out_of_time_go_on_and_end_as_if_undisturbed(
    slurm: OneNode, tmp_path: Path
) -> None:
    here = _analysed(tmp_path / "here", LONG)
    file = _study(tmp_path / "cluster", LONG)
    submitted = _submit(file)
    cancelled, too_long = (_freeze_after_a_checkpoint(submitted, file.parent, seed) for seed in (0, 1))
    slurm.call("scontrol", "update", f"JobId={_job_of(too_long)}", "TimeLimit=1")
    slurm.call("scancel", _job_of(cancelled))

    told = _finish(submitted, file)
    assert {"CANCELLED", "TIMEOUT"} <= set(re.findall(r"SLURM status is: '(\w+)'", told))
    assert _tables(file.parent) == here
    assert [_sessions(file, seed) for seed in (0, 1)] == [2, 2]


def _freeze_after_a_checkpoint(submitted: subprocess.Popen[str], folder: Path, seed: int) -> int:
    """Stop a training once it has a checkpoint, so that it cannot end before its job is killed; its process id."""

    def saved() -> list[Path]:
        assert submitted.poll() is None, (folder / "snakemake.log").read_text()[-4000:]
        return list(folder.glob(f"state/tiny/plain-released-seed-{seed}-*/checkpoint-*.json"))

    wait_until(lambda: bool(saved()), 400, f"seed {seed} never saved a checkpoint")
    process = int((saved()[0].parent / "lock").read_text())
    os.kill(process, signal.SIGSTOP)
    return process


def _job_of(process: int) -> str:
    """The SLURM job that a process belongs to."""
    environment = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    known = dict(line.split(b"=", 1) for line in environment if b"=" in line)
    return known[b"SLURM_JOB_ID"].decode()


def _sessions(file: Path, seed: int) -> int:
    """How many times a training was begun or went on; one that loses its state forgets those before."""
    layout = Layout(load_study(file))
    return len(list((file.parent / layout.tensorboard(RunKey("plain", "released", seed))).iterdir()))
