from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vigan.config.datasets import Digits
from vigan.data import mnist
from vigan.data.prepare import prepare
from vigan.data.source import DataError
from vigan.data.store import load
from vigan.io.files import RecordError, sha256_file

IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
COUNTS = mnist.PARTS["mnist-test"].counts
DIGITS = Digits(source="digits", origin="mnist-test")
NOWHERE = Path("nothing-was-fetched")


def idx(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def labels() -> np.ndarray:
    """As many of each digit as MNIST's test part has, in a mixed order."""
    return np.random.default_rng(0).permutation(np.repeat(np.arange(10, dtype=np.uint8), COUNTS))


def images() -> np.ndarray:
    """Each image's bytes spell its own number, in opposite corners."""
    made = np.zeros((10_000, 28, 28), np.uint8)
    made[:, 0, :2] = made[:, 27, 26:] = np.arange(10_000, dtype="<u2").view(np.uint8).reshape(-1, 2)
    return made


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes a folder of MNIST's test files, any content replaced, and names it in the environment."""

    def build(where: str = ".", images_as: bytes | None = None, labels_as: bytes | None = None) -> Path:
        folder = tmp_path / "mnist" / where
        folder.mkdir(parents=True)
        (folder / IMAGES).write_bytes(idx(images()) if images_as is None else images_as)
        (folder / LABELS).write_bytes(idx(labels()) if labels_as is None else labels_as)
        monkeypatch.setenv("VIGAN_MNIST", str(tmp_path / "mnist"))
        return folder

    return build


@pytest.fixture
def nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No MNIST named by the environment."""
    monkeypatch.delenv("VIGAN_MNIST", raising=False)
    monkeypatch.delenv("VIGAN_TEST_DATA", raising=False)


def test_scans_stand_in_the_middle_of_a_black_margin_with_the_label_of_their_file(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    made()
    manifest = prepare(DIGITS, tmp_path / "out")
    prepared = load(tmp_path / "out", verify=True)
    np.testing.assert_array_equal(prepared.array[:, 0, 2:30, 2:30], images())
    assert prepared.array.shape == (10_000, 1, 32, 32)
    assert prepared.array.sum() == images().sum()
    np.testing.assert_array_equal(prepared.labels, labels())
    assert manifest["preprocessing"] == "28x28 scans, a black margin of 2 pixels on each side"
    assert manifest["notes"] == ["MNIST's 10,000 test digits (LeCun, Bottou, Bengio, Haffner 1998)"]
    assert manifest["spec"]["origin"] == "mnist-test"


@pytest.mark.parametrize("where", [".", "raw", "MNIST/raw"])
def test_the_files_are_found_at_the_top_and_where_torchvision_puts_them(made: Callable[..., Path], where: str) -> None:
    folder = made(where)
    assert mnist.find("mnist-test", NOWHERE) == (folder / IMAGES, folder / LABELS)


def test_packed_files_are_read_as_they_are(made: Callable[..., Path]) -> None:
    folder = made()
    for name in (IMAGES, LABELS):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes(), 1))
        (folder / name).unlink()
    scans = mnist.read("mnist-test", NOWHERE)
    np.testing.assert_array_equal(scans.images, images())
    np.testing.assert_array_equal(scans.labels, labels())


def test_either_file_may_be_named_for_the_folder(made: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made()
    monkeypatch.setenv("VIGAN_MNIST", str(folder / LABELS))
    assert mnist.locate("mnist-test", NOWHERE) == folder


@pytest.mark.usefixtures("nowhere_else")
def test_the_variable_goes_before_the_test_data_which_serve_only_the_part_they_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert mnist.locate("mnist-test", NOWHERE) is None
    copy = tmp_path / "data" / "mnist-t10k"
    copy.mkdir(parents=True)
    monkeypatch.setenv("VIGAN_TEST_DATA", str(tmp_path))
    assert mnist.locate("mnist-test", NOWHERE) is None
    for name in (IMAGES, LABELS):
        (copy / f"{name}.gz").touch()
    assert mnist.locate("mnist-test", NOWHERE) == copy
    assert mnist.locate("mnist", NOWHERE) is None
    monkeypatch.setenv("VIGAN_MNIST", str(tmp_path / "named"))
    assert mnist.locate("mnist-test", NOWHERE) == tmp_path / "named"


@pytest.mark.usefixtures("nowhere_else")
def test_without_mnist_the_error_says_where_it_was_sought_and_what_else_to_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(
        RecordError,
        match=r"10,000 test digits were not found: VIGAN_MNIST is not set, and they are not in .*download\. ",
    ) as caught:
        prepare(DIGITS, tmp_path / "out")
    ways = ("--config mnist=PATH", "--config download=true", "`origin: mnist` (", "`origin: sklearn`", f"{IMAGES}[.gz]")
    assert all(way in str(caught.value) for way in ways)
    monkeypatch.setenv("VIGAN_TEST_DATA", str(tmp_path / "tests"))
    with pytest.raises(
        DataError, match=r"60,000 .*not in .*tests/data/mnist-t10k or nothing-was-fetched(.|\n)*`origin: mnist-test`"
    ):
        mnist.read("mnist", NOWHERE)


def test_a_folder_that_was_named_and_lacks_the_part_is_named_never_replaced(
    made: Callable[..., Path], tmp_path: Path
) -> None:
    made()
    with pytest.raises(DataError, match=r"mnist: no train-images-idx3-ubyte\[\.gz\] and train-labels.*MNIST/raw/"):
        mnist.find("mnist", tmp_path / "download", download=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images_as": idx(images())[:-1]}, rf"{IMAGES}: 7839999 bytes, but its head says \(10000, 28, 28\)"),
        ({"images_as": b""}, rf"{IMAGES}: not an IDX file of bytes with 3 axes"),
        ({"images_as": b"<html>quota exceeded</html>"}, rf"{IMAGES}: not an IDX file"),
        ({"images_as": idx(labels())}, rf"{IMAGES}: not an IDX file of bytes with 3 axes"),
        ({"images_as": gzip.compress(idx(labels()))[:-20]}, rf"{IMAGES}: cannot be read .*fresh copy"),
        ({"images_as": gzip.compress(bytes(mnist.LARGEST + 1), 1)}, rf"{IMAGES}: more than {mnist.LARGEST} bytes"),
        ({"images_as": idx(images()[:, :27])}, rf"{IMAGES}: images of shape \(10000, 27, 28\), expected \(10000, 28"),
        ({"images_as": idx(images()[1:])}, rf"{IMAGES}: images of shape \(9999, 28, 28\)"),
        ({"labels_as": idx(np.repeat(np.arange(10, dtype=np.uint8), 1000))}, rf"{LABELS}: not the labels of MNIST's"),
        ({"labels_as": idx(labels() + np.uint8(1))}, rf"{LABELS}: not the labels of MNIST's"),
        ({"labels_as": idx(np.zeros(0, np.uint8))}, rf"{LABELS}: not the labels of MNIST's"),
    ],
)
def test_files_that_are_damaged_or_of_another_data_set_are_named(
    made: Callable[..., Path], change: dict[str, bytes], message: str
) -> None:
    made(**change)
    with pytest.raises(DataError, match=message):
        mnist.read("mnist-test", NOWHERE)


@pytest.mark.usefixtures("nowhere_else")
def test_a_download_asks_for_both_files_by_size_and_digest_and_reads_them_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, int]] = []

    def serve(url: str, path: Path, *, sha256: str, size: int) -> Path:
        asked.append((url, sha256, size))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(idx(images() if "images" in url else labels()), 1))
        return path

    monkeypatch.setattr(mnist, "fetch", serve)
    assert prepare(DIGITS, tmp_path / "prepared" / "digits", download=True)["count"] == 10_000
    assert [url.rpartition("/")[2] for url, _, _ in asked] == [f"{IMAGES}.gz", f"{LABELS}.gz"]
    assert {file.name for file in (tmp_path / "prepared" / "download").iterdir()} == {f"{IMAGES}.gz", f"{LABELS}.gz"}
    assert prepare(DIGITS, tmp_path / "prepared" / "another")["count"] == 10_000  # found where they were fetched to
    assert len(asked) == 2


def test_the_files_asked_for_are_those_torchvision_asks_for() -> None:
    torchvision = pytest.importorskip("torchvision.datasets").MNIST
    asked = {f"{file.stem}.gz" for part in mnist.PARTS.values() for file in (part.images, part.labels)}
    assert asked == {name for name, _ in torchvision.resources}
    assert f"{mnist.MIRROR}/" in torchvision.mirrors


@pytest.mark.usefixtures("nowhere_else")
def test_a_download_that_fails_says_why_and_the_other_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Path:
        raise RecordError("no connection")

    monkeypatch.setattr(mnist, "fetch", refuse)
    with pytest.raises(DataError, match=r"no connection\. The study says `origin: mnist-test`(.|\n)*VIGAN_MNIST"):
        prepare(DIGITS, tmp_path / "out", download=True)


@pytest.mark.usefixtures("test_data")
def test_the_real_test_digits_have_their_published_size_digest_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGAN_MNIST", raising=False)
    part = mnist.PARTS["mnist-test"]
    for path, packed in zip(mnist.find("mnist-test", NOWHERE), (part.images, part.labels), strict=True):
        assert path.stat().st_size == packed.size
        assert sha256_file(path) == packed.sha256
    scans = mnist.read("mnist-test", NOWHERE)
    assert scans.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert scans.images.shape == (10_000, 28, 28)
    np.testing.assert_allclose(scans.images.mean(), 33.79, atol=0.01)
    assert scans.images[:, :2].mean() < 0.1 < 50 < scans.images[:, 10:18, 10:18].mean()
