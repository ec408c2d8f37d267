"""Preflight names digits that are not at hand before any work is done."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image
from studies import TINY

from vigan.cli.parser import main
from vigan.config.datasets import CelebA, Dataset, Digits, ImageFolder, StackedDigits, Torchvision
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.io.files import RecordError
from vigan.layout import Layout
from vigan.tools import estimate
from vigan.tools.preflight import Verdict, preflight, prepared_counts, shortcomings, warnings
from vigan.training import device

PAPER = Path(__file__).parents[2] / "config" / "paper.yaml"
MNIST = StackedDigits(source="stacked-digits", origin="mnist")


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data named by the environment, and none fetched into the folder that is worked in."""
    monkeypatch.chdir(tmp_path)
    for name in ("VIGAN_MNIST", "VIGAN_CELEBA", "VIGAN_TEST_DATA"):
        monkeypatch.delenv(name, raising=False)


def verdict(folder: Path, *unprepared: Dataset, download: bool = False) -> Verdict:
    file = folder / "study.yaml"
    file.write_text(TINY)
    return preflight(load_study(file), [], unprepared, celeba=None, download=download, cpu=False, cores=1)


@pytest.mark.parametrize(
    "file",
    sorted(
        set(PAPER.parent.glob("*.yaml")) - {PAPER.with_name(f"{name}.yaml") for name in ("deviations", "published")}
    ),
    ids=lambda file: file.stem,
)
def test_every_study_is_weighed_whatever_its_seeds(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigan.tools.preflight.A_MOMENT", float("inf"))
    study = load_study(file)
    found = preflight(study, list(study.runs()), [], celeba=None, download=False, cpu=True, cores=2)
    assert found.go


def test_a_plan_says_how_many_runs_it_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs that are there and would be trained again counted as trained."""
    file = tmp_path / "study.yaml"
    file.write_text(TINY)
    asked = ["preflight", "--config", str(file), "--cores", "2"]
    assert main([*asked, "--train", "plain=2", "regularised=1"]) == 0
    assert "3 runs to train on the CPU" in capsys.readouterr().out
    assert main([*asked, "--train"]) == 0
    assert "no run is to be trained" in capsys.readouterr().out
    for wrong, words in (("plain", "write ARM=RUNS, as in plain=8"), ("plane=2", "did you mean 'plain'")):
        assert main([*asked, "--train", wrong]) == 1
        assert words in capsys.readouterr().err


def test_with_a_storage_images_are_looked_for_where_they_are_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan was refused on the machine that has no volume."""
    monkeypatch.setenv("VIGAN_ROOT", str(tmp_path))
    images = ImageFolder(source="folder", path="/state/faces", side=32)
    assert verdict(tmp_path, MNIST, images, Torchvision(source="torchvision", name="CIFAR10")).go


@pytest.mark.parametrize("dataset", [MNIST, Digits(source="digits", origin="mnist")])
def test_a_study_of_mnist_without_mnist_is_stopped_with_the_ways_to_go_on(tmp_path: Path, dataset: Dataset) -> None:
    refused = verdict(tmp_path, Digits(source="digits"), dataset)
    assert not refused.go
    assert refused.message.startswith("study 'tiny': MNIST's 60,000 training digits were not found")
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


def test_what_was_fetched_for_another_study_is_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGAN_TORCHVISION", raising=False)
    fetched, svhn = tmp_path / "data" / "download", Torchvision(source="torchvision", name="SVHN")
    faces = CelebA(source="celeba")
    assert [verdict(tmp_path, dataset).go for dataset in (MNIST, svhn, faces)] == [False] * 3
    assert verdict(tmp_path, MNIST, svhn, faces, download=True).go
    fetched.mkdir(parents=True)
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "train_32x32.mat"):
        (fetched / name).touch()
    with zipfile.ZipFile(fetched / "img_align_celeba.zip", "w") as packed:
        packed.writestr("img_align_celeba/000001.jpg", b"not read")
    assert verdict(tmp_path, MNIST, svhn, faces).go


def pictures(folder: Path, count: int) -> ImageFolder:
    (folder / "pictures").mkdir()
    for number in range(count):
        Image.new("RGB", (16, 16)).save(folder / "pictures" / f"{number}.png")
    return ImageFolder(source="folder", path=str(folder / "pictures"), side=32)


def of_pictures(folder: Path, dataset: ImageFolder, samples: int | str = 500, kind: str = "pixel-bins-32") -> Study:
    text = TINY.replace("{source: ring, count: 6000}", f"{{source: folder, path: {dataset.path}, side: 32}}")
    text = text.replace("{kind: mlp, width: 16}", "{kind: dcgan, dim: 2, batch_norm: false}")
    text = text.replace("toy-modes, samples: 500", f"{kind}, samples: {samples}")
    text = text.replace("batch_size: 32", "batch_size: 8")
    (folder / "study.yaml").write_text(text)
    return load_study(folder / "study.yaml")


def test_a_folder_that_is_not_there_or_has_no_image_stops_the_study(tmp_path: Path) -> None:
    dataset = ImageFolder(source="folder", path=str(tmp_path / "none"), side=32)
    study = of_pictures(tmp_path, dataset)
    assert f"{tmp_path}/none: no such folder" in "".join(shortcomings(study, [dataset], celeba=None, download=False))
    (tmp_path / "none").mkdir()
    assert "no image in it" in "".join(shortcomings(study, [dataset], celeba=None, download=False))


def test_fewer_images_than_the_protocols_take_stop_the_study(tmp_path: Path) -> None:
    dataset = pictures(tmp_path, 40)
    needs = of_pictures(tmp_path, dataset)
    assert shortcomings(needs, [dataset], celeba=None, download=False) == [
        "experiment 'circle': protocol 'pixel-bins-32' takes 2 x 500 real examples, and 'ring' has 40; "
        "lower it, or add examples"
    ]


def test_fewer_images_than_a_reference_has_stop_the_study(tmp_path: Path) -> None:
    """All was trained, for days, and none of it could be measured."""
    dataset = pictures(tmp_path, 40)
    needs = of_pictures(tmp_path, dataset, samples="20, reference: 50000", kind="efflite0-128")
    assert shortcomings(needs, [dataset], celeba=None, download=False) == [
        "experiment 'circle': protocol 'efflite0-128' compares with 50,000 real examples, and 'ring' has 40; "
        "lower it, or add examples"
    ]


def test_fewer_faces_than_the_study_is_about_stop_it_before_any_is_read(tmp_path: Path) -> None:
    archive = tmp_path / "img_align_celeba.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(3):
            packed.writestr(f"img_align_celeba/{number:06}.jpg", b"not read")
    faces = CelebA(source="celeba", count=202_599)
    (tmp_path / "study.yaml").write_text(TINY)
    told = shortcomings(load_study(tmp_path / "study.yaml"), [faces], celeba=archive, download=False)
    assert told[0].startswith(f"study 'tiny': {archive}: 3 images, but the study is about 202599; name the complete")
    gone = shortcomings(load_study(tmp_path / "study.yaml"), [faces], celeba=tmp_path / "gone", download=False)
    assert gone[0].startswith(f"study 'tiny': {tmp_path}/gone: no such file or folder\nCelebA's aligned images")


def test_a_plan_is_warned_of_a_gpu_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delenv("VIGAN_CPU", raising=False)
    (tmp_path / "study.yaml").write_text(TINY)
    study = load_study(tmp_path / "study.yaml")
    assert warnings(study, list(study.runs()), []) == [
        "4 runs to train and no GPU here; `vigan preflight` says how long it would take"
    ]
    monkeypatch.setenv("VIGAN_CPU", "true")
    assert warnings(study, list(study.runs()), []) == []


def test_on_a_gpu_the_time_is_told_by_its_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("VIGAN_SLOTS_PER_GPU", "2")
    monkeypatch.setenv("VIGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("VIGAN_CPU", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(device, "_tried", lambda found, named: found)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H100")
    monkeypatch.setattr(estimate, "training_seconds", lambda study, runs, device: 7200.0 * (device == "cuda"))
    study = load_study(PAPER)
    runs = list(study.runs())
    found = preflight(study, runs, [], celeba=None, download=False, cpu=False, cores=8)
    assert found.go
    assert found.message.startswith(f"{len(runs)} runs to train on NVIDIA H100, 1 GPU: about 2.0 hours, by ")
    assert found.message.endswith("runs that share one gain what `vigan doctor` measures")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert (
        "2 GPUs: about 60.0 minutes"
        in preflight(study, runs, [], celeba=None, download=False, cpu=False, cores=8).message
    )
    assert (
        "1 GPU: about 2.0 hours"
        in preflight(study, runs[:1], [], celeba=None, download=False, cpu=False, cores=8).message
    )


def test_a_gpu_that_cuda_cannot_use_stops_the_study_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.delenv("VIGAN_CPU", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    study = load_study(PAPER)
    with pytest.raises(RecordError, match="torch cannot use it"):
        preflight(study, list(study.runs()), [], celeba=None, download=False, cpu=False, cores=8)


def test_a_study_of_a_moment_is_begun_at_once_and_a_longer_one_is_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(estimate, "training_seconds", lambda study, runs, device: 7200.0)
    file = tmp_path / "study.yaml"
    for iterations, told in ((60, "at most 1 seconds or so"), (600_000, "about 60.0 minutes")):
        file.write_text(TINY.replace("iterations: 60", f"iterations: {iterations}"))
        study = load_study(file)
        found = preflight(study, list(study.runs()), [], celeba=None, download=False, cpu=False, cores=2)
        assert found.go
        assert found.message.startswith(f"4 runs to train on the CPU: {told} with 2 cores")


def test_what_is_begun_at_once_needs_no_torch() -> None:
    script = (
        "import sys; from pathlib import Path; from vigan.config.load import load_study\n"
        "from vigan.tools.preflight import preflight; study = load_study(Path('config/smoke.yaml'))\n"
        "assert preflight(study, list(study.runs()), [], celeba=None, download=False, cpu=True, cores=2).go\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=PAPER.parents[1])


def test_a_prepared_set_that_is_too_small_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study.yaml").write_text(TINY)
    study, layout = load_study(tmp_path / "study.yaml"), Layout(load_study(tmp_path / "study.yaml"))
    monkeypatch.chdir(tmp_path)
    assert prepared_counts(layout) == []
    (dataset,) = study.datasets.values()
    (manifest := layout.data(dataset) / "manifest.json").parent.mkdir(parents=True)
    for text, known in (("{", []), ('{"count": 3}', [(dataset, 3)])):
        manifest.write_text(text)
        assert prepared_counts(layout) == known
    found = preflight(study, [], [], celeba=None, download=False, cpu=False, cores=1, prepared=prepared_counts(layout))
    assert not found.go
    assert "real examples" in found.message
    assert "has 3; lower it, or add examples" in found.message
