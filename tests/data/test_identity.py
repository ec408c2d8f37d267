"""A data set is what its images are, wherever they lie: changed images are another, moved ones the same."""

from __future__ import annotations

import errno
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
from flips import flipped, how_many, tell
from PIL import Image

from vigan.config.arms import RunSpec
from vigan.config.datasets import CelebA, DataSource, Digits, ImageFolder, Ring, key, without_place
from vigan.data import identity
from vigan.data.archive import Folder
from vigan.data.identity import Source, find, sources
from vigan.data.prepare import prepare
from vigan.data.source import DataError, SourceData
from vigan.plugins import PluginError


def draw(folder: Path, count: int, seed: int = 0, suffix: str = "png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pictures = np.random.default_rng(seed).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{seed}-{number}.{suffix}")


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "pictures", 5)
    return tmp_path / "pictures"


def of(folder: Path | str) -> ImageFolder:
    return ImageFolder(source="folder", path=str(folder), side=32)


def found(folder: Path | str) -> Source:
    return find(of(folder), None, Path("data"))


def prepared(folder: Path | str) -> Path:
    """Where the images of a folder are prepared, which is done."""
    source = found(folder)
    prepare(of(folder), Path("data") / source.key, source=source)
    return Path("data") / source.key


def _grow(folder: Path) -> None:
    draw(folder, 1, seed=1)


def _shrink(folder: Path) -> None:
    (folder / "0-0.png").unlink()


def _swap(folder: Path) -> None:
    (folder / "0-0.png").rename(folder / "x")
    (folder / "0-1.png").rename(folder / "0-0.png")
    (folder / "x").rename(folder / "0-1.png")


def _edit_within_the_same_time(folder: Path) -> None:
    path, times = folder / "0-0.png", (folder / "0-0.png").stat()
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("change", [_grow, _shrink, _swap, _edit_within_the_same_time])
def test_other_images_are_another_data_set(pictures: Path, change: Callable[[Path], None]) -> None:
    before = prepared(pictures)
    change(pictures)
    assert Path("data") / found(pictures).key != before


def _move(folder: Path) -> Path:
    return folder.rename(folder.with_name("moved"))


def _copy(folder: Path) -> Path:
    return Path(shutil.copytree(folder, folder.with_name("copy"), copy_function=shutil.copyfile))


def _touch(folder: Path) -> Path:
    for file in folder.iterdir():
        os.utime(file)
    return folder


def _add_what_is_no_image(folder: Path) -> Path:
    (folder / "notes.txt").write_text("taken in May")
    return folder


@pytest.mark.parametrize("change", [_move, _copy, _touch, _add_what_is_no_image])
def test_the_same_images_are_the_same_data_set(pictures: Path, change: Callable[[Path], Path]) -> None:
    before = prepared(pictures)
    assert Path("data") / found(change(pictures)).key == before


def test_what_was_seen_is_told_at_a_glance_and_read_once_where_it_was_not(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(pictures)
    read: list[str] = []
    monkeypatch.setattr(Folder, "read", lambda files, name: read.append(name) or (files.path / name).read_bytes())
    found(pictures)
    assert read == []
    moved = _move(pictures)
    found(moved)
    assert len(read) == 5
    found(moved)
    assert len(read) == 5


def test_images_that_are_not_at_hand_are_those_that_were_prepared_last(pictures: Path) -> None:
    first = prepared(pictures)
    _grow(pictures)
    second = prepared(pictures)
    os.utime(first / identity.RECORD, (1, 1))
    shutil.rmtree(pictures)
    assert Path("data") / found(pictures).key == second


def _empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def _leave_links_to_nowhere(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
        file.symlink_to(folder.parent / "not-mounted" / file.name)


@pytest.mark.parametrize("lose", [_empty, _leave_links_to_nowhere])
def test_a_folder_without_its_images_is_one_that_is_not_at_hand(pictures: Path, lose: Callable[[Path], None]) -> None:
    """Where a drive was not mounted, all was planned anew, and finished results were refused."""
    before = prepared(pictures)
    lose(pictures)
    assert Path("data") / found(pictures).key == before
    assert not identity.is_prepared_of_others(of(pictures), before)


def test_a_folder_that_cannot_be_listed_is_not_at_hand_and_an_image_that_cannot_be_read_is_another(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = prepared(pictures)
    _grow(pictures)

    def refused(files: Folder, *name: str) -> bytes:
        raise DataError(f"{files.path}: cannot be read")

    with monkeypatch.context() as only:
        only.setattr(Folder, "read", refused)
        assert found(pictures).key == key(of(pictures))
    with monkeypatch.context() as only:
        only.setattr(Folder, "names", refused)
        assert Path("data") / found(pictures).key == before


def test_a_link_to_nowhere_that_is_no_image_changes_nothing(pictures: Path) -> None:
    """All images were prepared again, for an hour, and then thrown away."""
    before = prepared(pictures)
    (pictures / ".#notes.txt").symlink_to("me@host.1234:5678")
    source = found(pictures)
    assert Path("data") / source.key == before
    prepare(of(pictures), before, source=source)


def test_which_was_prepared_last_is_not_told_by_times_that_a_copy_has(pictures: Path) -> None:
    """Everything was trained again, on the older images."""
    first = prepared(pictures)
    _grow(pictures)
    second = prepared(pictures)
    os.utime(second / identity.RECORD, (1, 1))
    _shrink(pictures)
    prepared(pictures)
    draw(pictures, 1, seed=0)
    assert Path("data") / found(pictures).key in (first, second)
    shutil.rmtree(pictures)
    assert Path("data") / found(pictures).key not in (first, second)


def test_other_images_than_those_that_were_prepared_are_known_as_such(pictures: Path) -> None:
    first = prepared(pictures)
    assert not identity.is_prepared_of_others(of(pictures), first)
    _grow(pictures)
    assert identity.is_prepared_of_others(of(pictures), Path("data") / found(pictures).key)


def test_images_of_another_folder_are_no_others_of_this_one(pictures: Path, tmp_path: Path) -> None:
    """Copied results of one were refused where another of the same settings had been prepared."""
    draw(dogs := tmp_path / "dogs", 3, seed=7)
    prepared(dogs)
    assert not identity.is_prepared_of_others(of(pictures), Path("data") / found(pictures).key)


class Packed(DataSource):
    """A source of a plug-in that reads a file."""

    source: Literal["packed"]
    place: str

    @property
    def shape(self) -> tuple[int, ...]:
        return (1, 32, 32)

    def source_data(self) -> None: ...

    def source_files(self) -> list[Path]:
        return [Path(self.place)]


def test_the_files_of_a_plug_in_s_source_are_known_by_their_content(tmp_path: Path) -> None:
    """A file that was replaced was trained and reported as what had been in it."""
    packed = Packed(source="packed", place=str(tmp_path / "images.tar"))
    absent = find(packed, None, tmp_path / "data").key
    (tmp_path / "images.tar").write_bytes(b"one")
    one = find(packed, None, tmp_path / "data").key
    (tmp_path / "images.tar").write_bytes(b"two")
    assert len({absent, one, find(packed, None, tmp_path / "data").key}) == 3
    (tmp_path / "images.tar").write_bytes(b"one")
    assert find(packed, None, tmp_path / "data").key == one
    assert packed.digest in sources([packed], None, tmp_path / "data")


class Shards(DataSource):
    """A source of a plug-in that reads all files of a folder."""

    source: Literal["shards"]
    folder: str
    places: ClassVar[tuple[str, ...]] = ("folder",)

    @property
    def shape(self) -> tuple[int, ...]:
        return (1, 32, 32)

    def source_data(self) -> SourceData:
        blocks = (np.zeros((1, 1, 32, 32), np.uint8) for _ in range(3))
        return SourceData(3, self.shape, np.dtype(np.uint8), blocks, "none")

    def source_files(self) -> list[str]:
        return list(map(str, Path(self.folder).iterdir()))


@pytest.fixture
def shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shards").mkdir()
    for name in "abc":
        (tmp_path / "shards" / f"{name}.tar").write_text(name)
    return tmp_path / "shards"


def in_folder(folder: Path | str) -> Shards:
    return Shards(source="shards", folder=str(folder))


def test_a_plug_in_s_files_are_the_same_wherever_they_lie(shards: Path) -> None:
    """Moved, they were another data set, on which all was trained again."""
    source = find(in_folder("shards"), None, Path("data"))
    prepare(in_folder("shards"), Path("data") / source.key, source=source)
    moved = shards.rename(shards.with_name("moved"))
    assert find(in_folder("moved"), None, Path("data")).key == source.key
    assert without_place(in_folder("moved")) == without_place(in_folder("shards"))
    shutil.rmtree(moved)
    assert find(in_folder("moved"), None, Path("data")).key == source.key
    assert find(in_folder("elsewhere"), None, Path("data")).key == key(in_folder("elsewhere"))


def test_the_order_in_which_a_plug_in_lists_its_files_tells_nothing(
    shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of a folder is another after a copy."""
    found = find(in_folder(shards), None, Path("data")).key
    listed = sorted(map(str, shards.iterdir()), key=lambda name: (name.endswith("b.tar"), name))
    for order in (listed, listed[::-1]):
        monkeypatch.setattr(Shards, "source_files", lambda _, order=order: order)
        assert find(in_folder(shards), None, Path("data")).key == found
    (shards / "b.tar").write_text("other")
    assert find(in_folder(shards), None, Path("data")).key != found


@pytest.mark.parametrize("returned", [5, [5]])
def test_a_plug_in_that_names_no_files_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, returned: object) -> None:
    """Every command ended in a traceback."""
    monkeypatch.setattr(Shards, "source_files", lambda _: returned)
    with pytest.raises(PluginError, match="source 'shards': source_files\\(\\) is to name files: "):
        find(in_folder("shards"), None, Path("data"))


def test_a_source_whose_place_counts_for_nothing_says_which_files_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shards, "source_files", DataSource.source_files)
    with pytest.raises(ValueError, match=r"'shards' leaves 'folder' out of records: it needs source_files\(\)"):
        in_folder("shards")


def test_a_note_that_cannot_be_written_stops_nobody(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = prepared(pictures)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(identity, "write_json", full)
    assert Path("data") / found(_move(pictures)).key == before


def test_images_that_are_not_at_hand_are_not_those_of_another_folder(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt path took the set that was prepared last, of whatever images."""
    draw(tmp_path / "dogs", 3, seed=5)
    cats, dogs = prepared("pictures"), prepared(tmp_path / "dogs")
    shutil.rmtree(pictures)
    assert found("pictures").key == found(pictures).key == found("./pictures").key == cats.name
    for typo in ("picture", tmp_path / "birds", "other/pictures", "../pictures/x", Path("/pictures")):
        assert found(typo).key == key(of(typo))
    shutil.copytree("data", tmp_path / "elsewhere" / "data")
    monkeypatch.chdir(tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "dogs")
    assert (found("pictures").key, found("dogs").key) == (cats.name, dogs.name)


def test_faces_that_were_named_and_are_not_there_are_not_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIGAN_TEST_DATA", raising=False)
    monkeypatch.delenv("VIGAN_CELEBA", raising=False)
    monkeypatch.chdir(tmp_path)
    faces, data = CelebA(source="celeba", crop=16), Path("data")
    draw(tmp_path / "faces", 4, suffix="jpg")
    source = find(faces, tmp_path / "faces", data)
    identity.confirm(faces, source, tmp_path / "faces", data / source.key)
    assert find(faces, tmp_path / "TYPO.zip", data).key == key(faces)
    shutil.rmtree(tmp_path / "faces")
    assert find(faces, tmp_path / "faces", data).key == find(faces, None, data).key == source.key


def test_without_images_or_anything_prepared_the_description_alone_tells(tmp_path: Path) -> None:
    assert found(tmp_path / "nowhere").key == key(of(tmp_path / "nowhere"))


def test_images_that_change_while_they_are_read_are_refused(pictures: Path) -> None:
    source = found(pictures)
    _grow(pictures)
    with pytest.raises(DataError, match=r"pictures: changed while it was read; run the same command again"):
        prepare(of(pictures), Path("data") / source.key, source=source)
    assert not (Path("data") / source.key / "manifest.json").exists()


def test_a_damaged_record_of_what_was_seen_costs_a_look_and_nothing_else(pictures: Path) -> None:
    folder = prepared(pictures)
    record = folder / identity.RECORD
    for content in (b"", b"{}", record.read_bytes().replace(b'"content": "', b'"content": "0')):
        record.write_bytes(content)
        assert Path("data") / found(pictures).key == folder


def test_a_flipped_bit_in_that_record_changes_no_identity(pictures: Path) -> None:
    folder = prepared(pictures)
    record, times = folder / identity.RECORD, how_many(20)
    for content in flipped(record.read_bytes(), times, "source.json"):
        record.write_bytes(content)
        assert Path("data") / found(pictures).key == folder
    tell("source.json", {"the same data set": times})


def test_faces_are_the_same_in_a_zip_and_in_a_folder_and_others_in_another_zip(tmp_path: Path) -> None:
    def told(path: Path) -> str:
        return find(CelebA(source="celeba", crop=16), path, tmp_path / "data").key

    for seed in (0, 1):
        draw(tmp_path / f"faces{seed}", 4, seed=0 if seed == 0 else 1, suffix="jpg")
        with zipfile.ZipFile(tmp_path / f"{seed}.zip", "w") as archive:
            for file in (tmp_path / f"faces{seed}").iterdir():
                archive.write(file, f"img_align_celeba/{file.name}")
    assert told(tmp_path / "0.zip") == told(tmp_path / "faces0") != told(tmp_path / "1.zip")


def test_what_needs_no_files_keeps_the_folder_of_its_description(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sources([Ring(source="ring"), Digits(source="digits")]) == {}


def test_the_jobs_of_a_study_take_what_its_plan_found(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = sources([of(pictures)])
    monkeypatch.setenv(identity.PASSED_ON, "{}")  # put back at the end of this test
    identity.export(planned)
    shutil.rmtree(pictures)
    assert sources([of(pictures)]) == planned


def test_where_images_lie_is_in_no_run_s_config() -> None:
    from vigan.config.load import load_study

    text = Path(__file__).parents[2].joinpath("config", "smoke.yaml")
    run = load_study(text).run_spec("bn-plain", 0)
    first, second = (RunSpec.model_validate({**run.model_dump(), "dataset": of(place)}) for place in ("here", "there"))
    assert first == second
    assert first.digest == second.digest
    assert RunSpec.model_validate_json(first.model_dump_json()) == second


@pytest.mark.parametrize("lost", [("of",), ("content",), ("seen",), ("of", "content", "seen")])
def test_a_record_of_another_make_counts_for_nothing(pictures: Path, lost: tuple[str, ...]) -> None:
    record = prepared(pictures) / identity.RECORD
    content = json.loads(record.read_text())
    record.write_text(json.dumps({name: value for name, value in content.items() if name not in (*lost, "seal")}))
    assert Path("data") / found(pictures).key == record.parent
    record.write_text("1")
    assert Path("data") / found(pictures).key == record.parent
