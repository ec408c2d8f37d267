"""Preflight names digits that are not at hand before any work is done."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from studies import TINY

from vigan.config.datasets import Dataset, Digits, StackedDigits
from vigan.config.load import load_study
from vigan.io.files import RecordError
from vigan.tools import estimate
from vigan.tools.preflight import Verdict, preflight

PAPER = Path(__file__).parents[2] / "config" / "paper.yaml"
MNIST = StackedDigits(source="stacked-digits", origin="mnist")


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No data named by the environment."""
    for name in ("VIGAN_MNIST", "VIGAN_CELEBA", "VIGAN_TEST_DATA"):
        monkeypatch.delenv(name, raising=False)


def verdict(folder: Path, *unprepared: Dataset, download: bool = False) -> Verdict:
    file = folder / "study.yaml"
    file.write_text(TINY)
    return preflight(load_study(file), [], unprepared, celeba=None, download=download, cpu=False, cores=1)


@pytest.mark.parametrize("dataset", [MNIST, Digits(source="digits", origin="mnist")])
def test_a_study_of_mnist_without_mnist_is_stopped_with_the_ways_to_go_on(tmp_path: Path, dataset: Dataset) -> None:
    refused = verdict(tmp_path, Digits(source="digits"), dataset)
    assert not refused.go
    assert refused.message.startswith("study 'tiny' needs MNIST.\nMNIST's 60,000 training digits were not found")
    assert all(way in refused.message for way in ("VIGAN_MNIST", "mnist=PATH", "download=true", "`origin: sklearn`"))


def test_a_folder_without_the_part_is_no_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (tmp_path / name).touch()
    monkeypatch.setenv("VIGAN_MNIST", str(tmp_path))
    assert not verdict(tmp_path, MNIST).go
    assert verdict(tmp_path, MNIST.model_copy(update={"origin": "mnist-test"})).go


def test_digits_that_need_no_file_or_may_be_downloaded_stop_nothing(tmp_path: Path) -> None:
    assert verdict(tmp_path, Digits(source="digits"), MNIST.model_copy(update={"origin": "sklearn"})).go
    assert verdict(tmp_path, MNIST, download=True).go
    assert verdict(tmp_path).go


def test_on_a_gpu_the_time_is_told_by_its_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("VIGAN_SLOTS_PER_GPU", "2")
    monkeypatch.setenv("VIGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("VIGAN_CPU", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H100")
    monkeypatch.setattr(estimate, "training_seconds", lambda study, runs, device: 7200.0 * (device == "cuda"))
    study = load_study(PAPER)
    runs = list(study.runs())
    found = preflight(study, runs, [], celeba=None, download=False, cpu=False, cores=8)
    assert found.go
    assert found.message.startswith(f"{len(runs)} runs to train on NVIDIA H100, 2 at a time: about 60.0 minutes")


def test_a_gpu_that_cuda_cannot_use_stops_the_study_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.delenv("VIGAN_CPU", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    study = load_study(PAPER)
    with pytest.raises(RecordError, match="torch cannot use it"):
        preflight(study, list(study.runs()), [], celeba=None, download=False, cpu=False, cores=8)
