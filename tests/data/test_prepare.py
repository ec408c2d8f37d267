from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from vigan import provenance
from vigan.config.datasets import CelebA, DataSource, Digits, ImageFolder, Ring
from vigan.data import parallel, toy
from vigan.data import prepare as preparation
from vigan.data.archive import Folder
from vigan.data.image_folder import Picture
from vigan.data.prepare import prepare
from vigan.data.source import DataError, SourceData
from vigan.data.store import fingerprint, load
from vigan.io.files import RecordError, sha256_file

Jpeg = Callable[..., bytes]
Png = Callable[[np.ndarray], bytes]
Build = Callable[[Mapping[str, bytes]], Path]


def images(path: Path, channels: int = 3) -> ImageFolder:
    return ImageFolder.model_validate({"source": "folder", "path": str(path), "side": 32, "channels": channels})


@pytest.fixture
def pictures(tmp_path: Path, png: Png) -> Path:
    """A red picture, a green one in a subfolder, and two files that are no pictures."""
    folder = tmp_path / "pictures"
    (folder / "b").mkdir(parents=True)
    (folder / "z.PNG").write_bytes(png(np.full((40, 40, 3), (200, 0, 0), np.uint8)))
    (folder / "b" / "a.png").write_bytes(png(np.full((40, 40, 3), (0, 200, 0), np.uint8)))
    (folder / "notes.txt").write_text("x")
    (folder / ".hidden.png").write_text("x")
    return folder


def test_digits_are_the_scans_enlarged(tmp_path: Path) -> None:
    sklearn = pytest.importorskip("sklearn.datasets")
    manifest = prepare(Digits(source="digits"), tmp_path)
    prepared = load(tmp_path, verify=True)
    scans, labels = sklearn.load_digits(return_X_y=True)
    assert prepared.array.shape == (1797, 1, 32, 32)
    assert (prepared.array.min(), prepared.array.max()) == (0, 255)
    np.testing.assert_array_equal(prepared.labels, labels)
    shrunk = prepared.array.reshape(1797, 8, 4, 8, 4).mean(axis=(2, 4))
    assert np.corrcoef(shrunk.ravel(), scans.ravel())[0, 1] > 0.99
    np.testing.assert_allclose(manifest["mean"], [scans.mean() * 255 / 16], rtol=0.03)


def test_a_manifest_names_the_code_that_made_the_array_whatever_is_edited_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit(done: int, of: int) -> None:
        monkeypatch.setattr(provenance, "stage_digest", lambda *_: "e" * 64)

    before = provenance.stage_digest("prepare")
    assert prepare(Ring(source="ring", count=50), tmp_path, progress=edit)["code_sha256"] == before


def test_a_folder_of_images_is_read_by_relative_name_and_what_is_no_image_is_counted(
    pictures: Path, tmp_path: Path
) -> None:
    manifest = prepare(images(pictures), tmp_path / "out")
    assert (manifest["count"], manifest["skipped"], manifest["labels"]) == (2, 2, False)
    expected = np.broadcast_to(np.array([[0, 200, 0], [200, 0, 0]])[:, :, None, None], (2, 3, 32, 32))
    np.testing.assert_array_equal(load(tmp_path / "out").array, expected)
    assert manifest["mean"] == [100.0, 100.0, 0.0]


@pytest.mark.parametrize("hidden", [".git/lfs/objects/ab", ".thumbnails", ".Trash-1000/files", "b/.cache"])
def test_images_in_hidden_folders_are_no_examples_and_no_classes(
    hidden: str, pictures: Path, tmp_path: Path, png: Png
) -> None:
    (pictures / hidden).mkdir(parents=True)
    (pictures / hidden / "abcd").write_bytes(png(np.zeros((40, 40, 3), np.uint8)))
    (pictures / hidden / "gone.png").write_bytes(png(np.zeros((40, 40, 3), np.uint8)))
    manifest = prepare(images(pictures), tmp_path / "out")
    assert (manifest["count"], manifest["skipped"], manifest["labels"]) == (2, 4, False)


@pytest.mark.parametrize(
    ("stated", "delivered", "told"),
    [
        (
            ((1, 8, 8), np.uint8),
            np.zeros((3, 1, 8, 8), np.float32),
            "are uint8, and delivers float32",
        ),
        (
            ((1, 8, 8), np.uint8),
            np.zeros((3, 1, 8, 8), np.int64),
            "are uint8, and delivers int64",
        ),
        (((1, 8, 8), np.uint8), np.zeros((3, 8, 8, 1), np.uint8), r"has shape \(1, 8, 8\), and delivers \(8, 8, 1\)"),
        (((2,), np.float32), np.full((3, 2), np.nan), "no finite numbers in float32"),
        (((2,), np.float32), np.full((3, 2), 1e39), "no finite numbers in float32"),
    ],
)
def test_examples_that_would_be_stored_as_other_ones_are_refused(
    stated: tuple[tuple[int, ...], type],
    delivered: np.ndarray,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Floats from 0 to 1 were stored as black images."""
    made = SourceData(3, stated[0], np.dtype(stated[1]), (block for block in [delivered]), "made up")
    monkeypatch.setattr(toy, "source_data", lambda dataset: made)
    with pytest.raises(DataError, match=told):
        prepare(Ring(source="ring", count=3), tmp_path)


@pytest.mark.parametrize("delivered", [np.ones((3, 2)), np.ones((3, 2), np.int64), [[1, 1], [1, 1], [1, 1]]])
def test_points_may_be_of_any_kind_of_number(delivered: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = SourceData(3, (2,), np.dtype(np.float32), (block for block in [delivered]), "made up")
    monkeypatch.setattr(toy, "source_data", lambda dataset: made)
    prepare(Ring(source="ring", count=3), tmp_path)
    np.testing.assert_array_equal(load(tmp_path).array, np.ones((3, 2), np.float32))


def test_one_channel_is_the_luminance(pictures: Path, tmp_path: Path) -> None:
    prepare(images(pictures, channels=1), tmp_path / "out")
    found = load(tmp_path / "out").array
    assert found.shape == (2, 1, 32, 32)
    np.testing.assert_allclose(found[:, 0, 0, 0], [0.587 * 200, 0.299 * 200], atol=1)


def test_the_square_is_cut_from_the_middle(tmp_path: Path, png: Png) -> None:
    wide = np.zeros((32, 96, 3), np.uint8)
    wide[:, 32:64] = 255
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "wide.png").write_bytes(png(wide))
    (tmp_path / "in" / "tall.png").write_bytes(png(wide.transpose(1, 0, 2)))
    prepare(images(tmp_path / "in"), tmp_path / "out")
    assert load(tmp_path / "out").array.min() == 255


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["cat/1.png", "cat/deep/2.png", "dog/1.png", "ant/9.png"], [0, 1, 1, 2]),
        (["cat/1.png", "dog/1.png", "stray.png"], None),
        (["cat/1.png", "cat/deep/2.png"], None),
    ],
)
def test_class_folders_become_labels_where_every_image_lies_in_one(
    names: list[str], labels: list[int] | None, tmp_path: Path, png: Png
) -> None:
    for name in names:
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures" / name).write_bytes(png(np.zeros((40, 40, 3), np.uint8)))
    manifest = prepare(images(tmp_path / "pictures"), tmp_path / "prepared")
    found = load(tmp_path / "prepared").labels
    assert (None if found is None else found.tolist()) == labels
    assert ("3 folders" in manifest["preprocessing"]) == (labels is not None)


def test_an_empty_or_missing_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, problem in (("empty", "no image in it"), ("missing", "no such folder")):
        with pytest.raises(DataError, match=f"{name}: {problem}.*check"):
            prepare(images(tmp_path / name), tmp_path / "out")


def test_the_bytes_do_not_depend_on_the_workers(
    archive: Build, jpeg: Jpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "FILES_PER_BLOCK", 4)
    path = archive({f"{number:06d}.jpg": jpeg(number) for number in range(30)})
    spec = CelebA(source="celeba", resize="released")
    alone, together = (prepare(spec, tmp_path / str(n), celeba=path, workers=n) for n in (1, 3))
    assert alone == together
    assert sha256_file(tmp_path / "1" / "array.npy") == sha256_file(tmp_path / "3" / "array.npy")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_damaged_file_by_name_is_reported_by_any_number_of_workers(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(parallel, "FILES_PER_BLOCK", 1)
    for name in ("c.jpg", "d.jpg"):
        (pictures / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"pictures/c\.jpg: the file is empty"):
        prepare(images(pictures), tmp_path / "out", workers=workers)


class Pool:
    """Stands in for the process pool: counts the blocks that wait, and may lose its workers."""

    def __init__(self, *, dies: bool = False) -> None:
        self.dies, self.waiting, self.most, self.closed = dies, 0, 0, False

    def submit(self, *_: object) -> Future[None]:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        future: Future[None] = Future()
        if self.dies:
            future.set_exception(BrokenProcessPool())
        else:
            future.set_result(None)
        return future

    def shutdown(self, **_: object) -> None:
        self.closed = True


def drained(pool: Pool, monkeypatch: pytest.MonkeyPatch, workers: int) -> int:
    """Number of blocks made of 40 blocks of files, each taken before the next."""
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", lambda *_, **__: pool)
    names = [str(number) for number in range(40 * parallel.FILES_PER_BLOCK)]
    count = 0
    for _ in parallel.image_blocks(Folder(Path("pictures")), names, Picture(32, 3), (3, 32, 32), workers):
        pool.waiting -= 1
        count += 1
    return count


def test_no_more_than_two_blocks_per_worker_wait_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool()
    assert drained(pool, monkeypatch, workers=3) == 40
    assert pool.most == 6
    assert pool.closed


def test_a_worker_that_dies_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(dies=True)
    with pytest.raises(DataError, match=r"pictures: a worker process died .* fewer workers"):
        drained(pool, monkeypatch, workers=2)
    assert pool.closed


def test_an_error_in_the_caller_stops_the_workers_at_once(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool()
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", lambda *_, **__: pool)
    monkeypatch.setattr(parallel, "FILES_PER_BLOCK", 1)

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as held:
        prepare(images(pictures), tmp_path / "out", workers=2, progress=interrupt)
    assert pool.closed, held
    assert list((tmp_path / "out").iterdir()) == []


def test_an_error_leaves_no_trace_and_what_was_there_before_stays_usable(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = prepare(images(pictures), out)
    (pictures / "zz.jpg").write_bytes(b"")
    with pytest.raises(DataError):
        prepare(images(pictures), out)
    assert sorted(file.name for file in out.iterdir()) == ["array.npy", "manifest.json", "source.json"]
    assert load(out, verify=True).manifest == before


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_costs_no_sound_data_set(
    call: str, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quotas and network drives tell that there is no room when the file is synced."""
    out = tmp_path / "out"
    before = prepare(images(pictures), out)

    def fail(*_: object) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(OSError, match="quota"):
            prepare(images(pictures), out)
    assert load(out, verify=True).manifest == before


def test_a_stop_between_array_and_manifest_is_not_taken_for_finished(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    prepare(images(pictures), out)

    def stop(source: Path, target: Path) -> None:
        if target.name == "manifest.json":
            raise KeyboardInterrupt
        source.replace(target)

    monkeypatch.setattr("vigan.data.prepare.rename", stop)
    with pytest.raises(KeyboardInterrupt):
        prepare(images(pictures), out)
    with pytest.raises(RecordError, match="never prepared to the end"):
        load(out)


def test_labels_of_an_earlier_set_do_not_stay_behind(pictures: Path, tmp_path: Path) -> None:
    prepare(Ring(source="ring", count=5), tmp_path / "out")
    prepare(images(pictures), tmp_path / "out")
    assert not (tmp_path / "out" / "labels.npy").exists()
    assert load(tmp_path / "out").labels is None


def test_progress_counts_the_examples_up_to_all_of_them(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "FILES_PER_BLOCK", 1)
    seen: list[tuple[int, int]] = []
    prepare(images(pictures), tmp_path / "out", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_too_little_room_is_said_before_anything_is_read(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(DataError, match=r"array\.npy: needs .* make room"):
        prepare(images(pictures), tmp_path / "out")


def test_no_workers_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least 1"):
        prepare(Ring(source="ring", count=5), tmp_path, workers=0)


def test_random_examples_may_be_kept_from_training(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    prepare(Digits(source="digits"), whole)
    manifest = prepare(Digits(source="digits", held_out=300), part)
    everything, kept = load(whole, verify=True), load(part, verify=True)
    assert kept.held_out is not None
    assert kept.labels is not None
    assert everything.labels is not None
    assert (len(kept.array), len(kept.labels), len(kept.held_out)) == (1497, 1497, 300)
    assert sorted(x.tobytes() for x in (*kept.array, *kept.held_out)) == sorted(x.tobytes() for x in everything.array)
    label_of = {x.tobytes(): label for x, label in zip(everything.array, everything.labels, strict=True)}
    assert [label_of[x.tobytes()] for x in kept.array] == kept.labels.tolist()
    assert {label_of[x.tobytes()] for x in kept.held_out} == set(range(10))
    assert (manifest["count"], manifest["held_out"]) == (1497, 300)
    assert manifest["mean"] == pytest.approx([kept.array.mean()])
    assert manifest["held_out_sha256"] == sha256_file(part / "held-out.npy")
    assert manifest["sha256"] == sha256_file(part / "array.npy")


def test_which_are_kept_does_not_depend_on_blocks(pictures: Path, png: Png, tmp_path: Path, monkeypatch) -> None:
    for shade in range(12):
        (pictures / f"{shade:02d}.png").write_bytes(png(np.full((40, 40, 3), 20 * shade, np.uint8)))
    dataset, found = images(pictures).model_copy(update={"held_out": 5}), []
    for files in (1, 3, 100):
        monkeypatch.setattr(parallel, "FILES_PER_BLOCK", files)
        prepare(dataset, tmp_path / str(files))
        found.append(load(tmp_path / str(files), verify=True))
    for other in found[1:]:
        np.testing.assert_array_equal(other.array, found[0].array)
        np.testing.assert_array_equal(other.held_out, found[0].held_out)
    assert (len(found[0].array), len(found[0].held_out)) == (9, 5)


def test_what_is_held_out_tells_data_sets_apart_and_nothing_is_left_of_an_earlier_one(tmp_path: Path) -> None:
    prepare(Ring(source="ring", count=50), tmp_path)
    whole = load(tmp_path)
    prepare(Ring(source="ring", count=50, held_out=10), tmp_path)
    kept = load(tmp_path)
    assert whole.fingerprint == whole.manifest["sha256"]
    assert kept.fingerprint not in {whole.fingerprint, kept.manifest["sha256"], kept.manifest["held_out_sha256"]}
    assert fingerprint(kept.manifest | {"held_out_sha256": "0" * 64}) != kept.fingerprint
    prepare(Ring(source="ring", count=50), tmp_path)
    assert load(tmp_path).held_out is None
    assert not (tmp_path / "held-out.npy").exists()


class Boots(DataSource):
    """A source of a plug-in: `delivers` is what a test has it deliver."""

    source: Literal["boots"]
    delivers: ClassVar[Any] = None

    @property
    def shape(self) -> tuple[int, ...]:
        return (1, 32, 32)

    def source_data(self) -> Any:
        return self.delivers


IMAGES = np.zeros((3, 1, 32, 32), np.uint8)


def boots(monkeypatch: pytest.MonkeyPatch, blocks: Any, labels: Any) -> Boots:
    made = SourceData(len(IMAGES), (1, 32, 32), np.dtype(np.uint8), blocks, "made up", labels)
    monkeypatch.setattr(Boots, "delivers", made)
    return Boots(source="boots")


@pytest.mark.parametrize("labels", [[2, 0, 1], np.array([2, 0, 1], np.uint8), np.array([2, 0, 1], ">i4")])
@pytest.mark.parametrize("blocks", [[IMAGES], iter([IMAGES[:1], IMAGES[1:]]), (IMAGES,)])
def test_a_plug_in_may_deliver_blocks_and_labels_as_they_come(
    blocks: Any, labels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels of another type than int64 left a data set that nothing could load."""
    prepare(boots(monkeypatch, copy(blocks), labels), tmp_path)
    found = load(tmp_path, verify=True).labels
    assert found is not None
    assert (found.dtype, found.tolist()) == (np.dtype("<i8"), [2, 0, 1])


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([0.0, 1.0, 2.0], "labels of type float64; they are to be integers"),
        (["a", "b", "c"], "labels of type <U1; they are to be integers"),
        ([[0], [1, 2], [3]], "labels that are no array"),
        ([0, 1], r"labels of shape \(2,\), and 3 examples"),
        ([0, 1, 2**64 - 1], "labels of type .*; they are to be integers, as int64 holds them"),
    ],
)
def test_labels_that_are_no_integers_are_refused_before_anything_is_written(
    labels: Any, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=f"source 'boots' delivers {told}"):
        prepare(boots(monkeypatch, [IMAGES], labels), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_plug_in_that_delivers_an_array_alone_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Boots, "delivers", IMAGES)
    with pytest.raises(DataError, match="source 'boots' delivers ndarray, and not a SourceData"):
        prepare(Boots(source="boots"), tmp_path)


@pytest.mark.parametrize(("stated", "told"), [(1, "at least 2"), (3, "2")])
def test_a_source_that_delivers_others_than_it_says_is_refused(
    stated: int, told: str, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = preparation.image_folder.source_data
    monkeypatch.setattr(
        preparation.image_folder, "source_data", lambda dataset, workers: replace(real(dataset, workers), count=stated)
    )
    with pytest.raises(DataError, match=f"says that it has {stated} examples, and delivers {told}$"):
        prepare(images(pictures), tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_data_set_of_which_nothing_would_be_left_is_refused(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are 2 examples, and `held_out` keeps 2 from training; lower it"):
        prepare(images(pictures).model_copy(update={"held_out": 2}), tmp_path / "out")


def test_held_out_examples_that_are_missing_or_others_are_named(tmp_path: Path) -> None:
    prepare(Ring(source="ring", count=50, held_out=10), tmp_path)
    path = tmp_path / "held-out.npy"
    np.save(path, np.zeros((10, 2), np.float32))
    load(tmp_path)
    with pytest.raises(
        RecordError, match=r"held-out\.npy: sha256 is .* delete its folder and run `vigan prepare` again"
    ):
        load(tmp_path, verify=True)
    np.save(path, np.zeros((9, 2), np.float32))
    with pytest.raises(RecordError, match=r"held-out\.npy: shape is \[9, 2\]"):
        load(tmp_path)
    path.unlink()
    with pytest.raises(RecordError, match=r"held-out\.npy: missing"):
        load(tmp_path)
