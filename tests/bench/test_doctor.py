"""`vigan doctor`: what it finds wrong, that a device which calculates otherwise is seen, and what it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from studies import TINY

from vigan.bench import doctor, doctor_arms, doctor_machine
from vigan.bench.doctor_arms import Kept, check_arms
from vigan.bench.doctor_machine import problems
from vigan.bench.every_arm import CASES
from vigan.bench.rounded import Rounding
from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.tools import estimate
from vigan.tools.preflight import preflight

CPU = torch.device("cpu")
SOUND: dict[str, Any] = {
    "cores": 16, "torch_cuda": "13.0", "driver": "580.65", "gpus": 1, "used": ["0"], "cuda": True, "mps": "installed",
    "cards": [{"name": "NVIDIA H100", "memory": 80 << 30, "free": 70 << 30}], "capabilities": ["9.0"],
    "built_for": ["sm_80", "sm_90", "compute_90"], "settings": {},
}  # fmt: skip


def test_a_sound_machine_and_one_without_a_gpu_have_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert problems(SOUND) == []
    assert problems({**SOUND, "gpus": 0, "cuda": False, "used": [], "cards": [], "cores": 1, "torch_cuda": None}) == []


@pytest.mark.parametrize(
    ("facts", "what", "remedy"),
    [
        ({"torch_cuda": None, "cuda": False}, "built without CUDA", "wheel with CUDA"),
        ({"cuda": False}, "driver 580.65 does not start CUDA 13.0", "nvidia-smi"),
        ({"settings": {"cpu": "true"}}, "VIGAN_CPU", "unset VIGAN_CPU"),
        ({"settings": {"cpu": "On"}}, "VIGAN_CPU", "unset VIGAN_CPU"),
        ({"used": [], "gpus": 0}, "tells of no GPU", "export VIGAN_GPUS=1"),
        ({"capabilities": ["12.0"], "built_for": ["sm_80", "sm_90"]}, "no kernels for 12.0", "torch wheel"),
        ({"cores": 2}, "2 cores for 1 GPUs", "5 cores a GPU"),
        ({"settings": {"slots_per_gpu": "3"}}, "MPS is not running", "nvidia-cuda-mps-control -d"),
        ({"cards": [{"name": "T4", "memory": 15 << 30, "free": 1 << 30}]}, "4 GiB are free on T4", "nvidia-smi"),
    ],
)
def test_every_problem_is_told_with_what_to_type(
    facts: dict[str, Any], what: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (found,) = problems({**SOUND, **facts})
    assert what in found.what
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("card", "built", "runs"),
    [("9.0", ["sm_90a"], True), ("8.6", ["sm_80"], True), ("8.0", ["sm_86"], False), ("12.0", ["compute_90"], True),
     ("7.5", ["compute_80", "sm_80"], False), ("10.3", ["sm_100"], True)],
)  # fmt: skip
def test_kernels_run_on_their_generation_and_what_can_be_compiled_on_later_ones(
    card: str, built: list[str], runs: bool
) -> None:
    assert doctor_machine._built(card, built) == runs


SOME = {name: CASES[name] for name in ("gan bn 2 batches", "vae-0.3 mlp 2 batches", "gan nobn r1")}


def test_float32_on_a_cpu_is_as_float64_within_the_tolerance() -> None:
    found = check_arms(CPU, SOME)
    assert found.keys() == SOME.keys()
    assert all(arm.sound and arm.captured is None for arm in found.values())


def test_a_device_that_rounds_as_tf32_does_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = doctor_arms._trained

    def rounding(case: Any, device: torch.device, dtype: torch.dtype = torch.float32, **how: Any) -> torch.Tensor:
        if dtype == torch.float64:
            return exact(case, device, dtype, **how)
        with Rounding("tf32"):
            return exact(case, device, dtype, **how)

    monkeypatch.setattr(doctor_arms, "_trained", rounding)
    assert [name for name, arm in check_arms(CPU, SOME).items() if arm.sound] == ["vae-0.3 mlp 2 batches"]  # 8e-4


def test_an_arm_that_fails_on_the_device_is_told_and_the_others_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = doctor_arms._trained

    def failing(case: Any, device: torch.device, dtype: torch.dtype = torch.float32, **how: Any) -> torch.Tensor:
        if dtype == torch.float32 and case.shape == (2,):
            raise RuntimeError("no kernel image is available\nsecond line")
        return exact(case, device, dtype, **how)

    monkeypatch.setattr(doctor_arms, "_trained", failing)
    found = check_arms(CPU, SOME)
    assert found["vae-0.3 mlp 2 batches"] == Kept("no kernel image is available", None)
    assert [name for name, arm in found.items() if not arm.sound] == ["vae-0.3 mlp 2 batches"]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CUDA_VISIBLE_DEVICES", "VIGAN_CPU", "VIGAN_GPUS", "VIGAN_INCEPTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VIGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(doctor, "check_arms", lambda device: check_arms(device, SOME))
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
    file = tmp_path / "study.yaml"
    file.write_text(TINY)
    return file


@pytest.mark.skipif(torch.cuda.is_available(), reason="there, it is a GPU's page")
def test_the_page_and_the_record_say_all_and_preflight_goes_by_them(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--config", str(study), "--quick", "--record", str(tmp_path)]) == 0
    page = capsys.readouterr().out
    for told in ("machine", "jobs take  the CPU", "3 of 3 kinds", "eager bf16", "train plain", "wrong      nothing"):
        assert told in page
    (record,) = (json.loads(path.read_text()) for path in tmp_path.glob("doctor-*.json"))
    assert record["summary"]["arms_sound"]
    assert record["summary"]["seconds"] < 180
    assert record["details"]["study"]["train"].keys() >= {"plain"}

    made = load_study(study)
    runs = list(made.runs())
    monkeypatch.setattr(estimate, "run_seconds", lambda spec, device: pytest.fail("timed again"))
    monkeypatch.setattr("vigan.tools.preflight.A_MOMENT", 0.0)
    told = sum(record["details"]["study"]["train"][run.arm] for run in runs)
    verdict = preflight(made, runs, [], celeba=None, download=False, cpu=False, cores=1)
    assert verdict.go
    assert f"about {estimate.human(told)} with 1 cores" in verdict.message


@pytest.mark.parametrize(("load", "told"), [(0.5, False), (12.8, True)])
def test_a_machine_that_is_busy_with_other_work_is_told_to_be(
    load: float, told: bool, study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "ENOUGH", 0.0)
    monkeypatch.setattr(doctor_machine, "cores", lambda: 2)
    monkeypatch.setattr("os.getloadavg", lambda: (load, load, load))
    main(["doctor", "--config", str(study), "--device", "cpu", "--quick"])
    assert (f"a load of {load:g} on 2 cores" in capsys.readouterr().out) == told


def test_what_there_is_no_time_for_is_left_out_and_said(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "ENOUGH", 0.0)
    assert main(["doctor", "--config", str(study), "--device", "cpu", "--quick"]) == 0
    page = capsys.readouterr().out
    assert "not checked: no time left" in page
    assert "not timed, no time left" in page
