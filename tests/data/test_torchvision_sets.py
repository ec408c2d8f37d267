"""Data sets by torchvision's names, of files made here in its layouts."""

from __future__ import annotations

import hashlib
import importlib
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vigan.config.datasets import TORCHVISION, Torchvision
from vigan.data.prepare import prepare
from vigan.data.source import DataError
from vigan.data.store import load
from vigan.data.torchvision_sets import FILES, locate, read

FASHION = Torchvision(source="torchvision", name="FashionMNIST", part="test")
CIFAR = Torchvision(source="torchvision", name="CIFAR10", part="test")
NOWHERE = Path("nothing-was-fetched")
SVHN = Torchvision(source="torchvision", name="SVHN", part="test")
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10, dtype=np.uint8), 1000))


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIGAN_TORCHVISION", str(tmp_path / "root"))
    return tmp_path / "root"


def numbered(channels: int, side: int) -> np.ndarray:
    """Each image's bytes spell its own number, in a corner."""
    images = np.zeros((10_000, channels, side, side), np.uint8)
    images[:, 0, 0, :2] = np.arange(10_000, dtype="<u2").view(np.uint8).reshape(-1, 2)
    return images


def datasets() -> Any:
    """torchvision's, which takes seconds to import: not where tests are collected."""
    return importlib.import_module("torchvision.datasets")


def write_fashion(root: Path, labels: np.ndarray = LABELS) -> None:
    folder = root / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, array in (("images-idx3", numbered(1, 28)[:, 0]), ("labels-idx1", labels)):
        content = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
        for part in ("t10k", "train"):
            (folder / f"{part}-{name}-ubyte").write_bytes(content)


def write_cifar(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    batch = {"data": numbered(3, 32).reshape(10_000, -1), "labels": LABELS.tolist()}
    (folder / "test_batch").write_bytes(pickle.dumps(batch))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [f"{n}" for n in range(10)]}))
    digests = {
        path.name: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() for path in folder.iterdir()
    }
    layout = datasets().CIFAR10
    monkeypatch.setattr(layout, "train_list", [])
    monkeypatch.setattr(layout, "test_list", [["test_batch", digests["test_batch"]]])
    monkeypatch.setattr(layout, "meta", {**layout.meta, "md5": digests["batches.meta"]})
    return folder


def test_grey_images_get_a_margin_and_keep_their_labels(root: Path, tmp_path: Path) -> None:
    write_fashion(root)
    manifest = prepare(FASHION, tmp_path / "out")
    prepared = load(tmp_path / "out", verify=True)
    np.testing.assert_array_equal(prepared.array[:, :, 2:30, 2:30], numbered(1, 28))
    assert prepared.array.sum() == numbered(1, 28).sum()
    np.testing.assert_array_equal(prepared.labels, LABELS)
    assert manifest["preprocessing"] == "28x28 images, a black margin of 2 pixels on each side"
    assert manifest["notes"] == ["torchvision's FashionMNIST, its test part"]


def test_colour_images_are_as_they_are(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar(root, monkeypatch)
    prepare(CIFAR, tmp_path / "out")
    prepared = load(tmp_path / "out", verify=True)
    np.testing.assert_array_equal(prepared.array, numbered(3, 32))
    np.testing.assert_array_equal(prepared.labels, LABELS)


def test_a_damaged_pickle_is_refused_before_it_is_loaded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = write_cifar(root, monkeypatch) / "test_batch"
    content = bytearray(batch.read_bytes())
    content[len(content) // 2] ^= 1
    batch.write_bytes(content)
    monkeypatch.setattr(pickle, "load", lambda *_, **__: pytest.fail("loaded"))
    with pytest.raises(DataError, match=r"root: no CIFAR10 that can be read .*Set VIGAN_TORCHVISION to the folder"):
        read(CIFAR, NOWHERE)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (LABELS[:9999], "10000 images and 9999 labels instead of 10000"),
        (LABELS % 9, "its labels are not 0 to 9"),
    ],
)
def test_another_data_set_in_its_place_is_told(root: Path, labels: np.ndarray, told: str) -> None:
    write_fashion(root, labels)
    with pytest.raises(DataError, match=f"not torchvision's FashionMNIST, test part: {told}"):
        read(FASHION, NOWHERE)


def test_a_truncated_file_is_told(root: Path) -> None:
    write_fashion(root)
    file = root / "FashionMNIST" / "raw" / "t10k-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(DataError, match="no FashionMNIST that can be read"):
        read(FASHION, NOWHERE)


def test_nothing_is_fetched_unless_asked_for(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []

    def watched(root: Path, split: str, download: bool) -> None:
        asked.append((root.name, download))
        raise RuntimeError("not found")

    monkeypatch.setattr(datasets(), "SVHN", watched)
    with pytest.raises(DataError, match="root: no such folder, which VIGAN_TORCHVISION names"):
        read(SVHN, tmp_path / "download", download=True)
    (tmp_path / "root").mkdir()
    for name in ("VIGAN_TORCHVISION", None):
        if name is None:
            monkeypatch.delenv("VIGAN_TORCHVISION")
        with pytest.raises(DataError, match="SVHN"):
            read(SVHN, tmp_path / "download", download=True)
    with pytest.raises(DataError, match="VIGAN_TORCHVISION is not set"):
        read(SVHN, NOWHERE)
    assert asked == [("root", False), ("download", True)]


def test_what_was_fetched_once_is_found_from_then_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGAN_TORCHVISION")
    data = tmp_path / "data"
    for name, of in ((FASHION, "FashionMNIST/raw"), (CIFAR, "cifar-10-batches-py"), (SVHN, "test_32x32.mat")):
        with pytest.raises(DataError, match="VIGAN_TORCHVISION is not set"):
            prepare(name, data / "out")
        (data / "download" / of).mkdir(parents=True)
        assert locate(name, data / "download") == data / "download"
    (data / "download" / "FashionMNIST" / "raw").rmdir()
    write_fashion(data / "download")
    assert prepare(FASHION, data / "out")["count"] == 10_000


@pytest.mark.parametrize("name", TORCHVISION)
def test_files_are_looked_for_where_torchvision_puts_them(name: str) -> None:
    kind: Any = getattr(datasets(), name)
    unread = kind.__new__(kind)
    unread.root = ""
    theirs = {"SVHN": lambda: kind.split_list["test"][1], "CIFAR": lambda: kind.base_folder}
    place = theirs.get(name.rstrip("0123456789"), lambda: unread.raw_folder)()
    assert FILES.get(name, f"{name}/raw").format(part="test") == place


def test_counts_and_shapes_are_known_before_the_files_are() -> None:
    assert (SVHN.count, SVHN.shape) == (26_032, (3, 32, 32))
    assert (FASHION.count, FASHION.shape) == (10_000, (1, 32, 32))
    assert CIFAR.model_copy(update={"part": "train"}).count == 50_000
