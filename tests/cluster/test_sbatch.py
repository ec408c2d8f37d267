"""What the profile for SLURM asks of `sbatch`, by programs that stand in for SLURM's and note what they are told."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from studies import IMAGES
from workflow.conftest import ROOT, Snakemake

from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.runtime.resources import for_training

from .needs import skip_without

pytestmark = [pytest.mark.slow, skip_without(modules=("snakemake_executor_plugin_slurm",))]

SBATCH = '#!/bin/sh\necho "$@" | head -n 1 >> "$NOTES"\nexit 1\n'
OTHERS = {"sinfo": "#!/bin/sh\necho main*\n", **dict.fromkeys(("squeue", "sacct", "scontrol"), "#!/bin/sh\nexit 1\n")}
ACCOUNTS = "#!/bin/sh\necho lab\n"

Ask = Callable[..., list[list[str]]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Submits the trainings of the tiny study, each in two attempts that fail; gives the words of every `sbatch`."""
    for name in ("SBATCH_ACCOUNT", "SBATCH_PARTITION"):
        monkeypatch.delenv(name, raising=False)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, script in {"sbatch": SBATCH, "sacctmgr": ACCOUNTS, **OTHERS}.items():
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    file = tmp_path / "study.yaml"
    file.write_text(IMAGES)
    with contextlib.chdir(tmp_path):
        assert main(["prepare", "--config", str(file), "--dataset", "digits"]) == 0

    def submit(*arguments: str, **environment: str) -> list[list[str]]:
        runner = Snakemake(tmp_path, NOTES=str(tmp_path / "notes"), **environment)
        runner.environment["PATH"] = f"{programs}{os.pathsep}{runner.environment['PATH']}"
        told = runner(
            "--until", "train", "--configfile", str(file), "--workflow-profile", str(ROOT / "profiles" / "slurm"),
            "--retries", "1", "--slurm-init-seconds-before-status-checks", "1", *arguments,
        ).stdout  # fmt: skip
        assert (tmp_path / "notes").exists(), told[-3000:]
        return [shlex.split(line.partition(" --wrap")[0]) for line in (tmp_path / "notes").read_text().splitlines()]

    return submit


def _after(option: str, words: list[str]) -> int:
    return int(words[words.index(option) + 1])


def test_a_training_is_given_a_gpu_memory_and_minutes_from_the_study_and_twice_as_much_in_its_next_attempt(
    ask: Ask, tmp_path: Path
) -> None:
    study = load_study(tmp_path / "study.yaml")
    needs = for_training(study.run_spec("plain", 0), gpu=True)
    asked = ask()
    assert sorted((_after("--mem", words), _after("-t", words)) for words in asked) == [
        *[(needs.mem_mb, needs.runtime)] * 4, *[(2 * needs.mem_mb, 2 * needs.runtime)] * 4,
    ]  # fmt: skip
    for words in asked:
        assert "--gpus=1" in words
        assert "--requeue" in words
        assert "-A" not in words


def test_account_and_partition_are_those_of_the_environment_and_cpu_asks_for_no_gpu(ask: Ask, tmp_path: Path) -> None:
    study = load_study(tmp_path / "study.yaml")
    needs = for_training(study.run_spec("plain", 0), gpu=False)
    asked = ask("--config", "cpu=true", SBATCH_ACCOUNT="lab", SBATCH_PARTITION="long")
    assert len(asked) == 8
    for words in asked:
        assert words[words.index("-A") + 1] == "lab"
        assert words[words.index("-p") + 1] == "long"
        assert _after("--mem", words) in {needs.mem_mb, 2 * needs.mem_mb}
        assert not [word for word in words if "gpu" in word]
