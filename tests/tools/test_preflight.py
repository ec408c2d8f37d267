"""Preflight names digits that are not at hand before any work is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from studies import TINY

from vigan.config.datasets import Dataset, Digits, StackedDigits
from vigan.config.load import load_study
from vigan.tools.preflight import Verdict, preflight

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
