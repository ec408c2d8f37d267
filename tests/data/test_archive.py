from __future__ import annotations

import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vigan.cli.parser import main
from vigan.config.datasets import CelebA, ImageFolder
from vigan.data import archive
from vigan.data.archive import Archive, Folder, images_in, left_out
from vigan.data.load_images import open_gallery
from vigan.data.prepare import prepare
from vigan.data.source import DataError
from vigan.data.store import load

Jpeg = Callable[..., bytes]
Png = Callable[[np.ndarray], bytes]
FACES = CelebA(source="celeba")
STUDY = """
study: mine
title: "Mine"
seeds: [0]
datasets:
  mine: {source: folder, path: pictures, side: 32}
experiments:
  mine:
    title: "Mine"
    dataset: mine
    iterations: 10
    protocols: [{kind: efflite0-128, samples: 16}]
    arms: {theirs: {from: {format: samples, path: theirs}}}
"""


def prepared(folder: Path, out: Path) -> dict:
    return prepare(ImageFolder.model_validate({"source": "folder", "path": str(folder), "side": 32}), out)


@pytest.fixture
def folder(tmp_path: Path, jpeg: Jpeg) -> Path:
    """A folder with one good picture."""
    made = tmp_path / "pictures"
    made.mkdir()
    (made / "a.jpg").write_bytes(jpeg())
    return made


def test_links_to_folders_are_counted_not_entered_so_that_loops_end(folder: Path, tmp_path: Path) -> None:
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "other").symlink_to(tmp_path, target_is_directory=True)
    manifest = prepared(folder, tmp_path / "out")
    assert (manifest["count"], manifest["skipped"], manifest["links"]) == (1, 2, 2)


def linked(folder: Path, count: int = 2) -> Path:
    """A folder whose class folders are links, beside a note and a hidden link."""
    folder.mkdir()
    (folder / "notes.txt").write_text("x")
    for name in (".hidden", *(f"class-{number}" for number in range(count))):
        (folder / name).symlink_to(folder.parent, target_is_directory=True)
    return folder


@pytest.mark.parametrize(("count", "told"), [
    (1, "1 link to a folder, which is not followed (class-0): put the folders themselves in their place"),
    (2, "2 links to folders, which are not followed (class-0, class-1): put the folders themselves"),
    (6, "6 links to folders, which are not followed (class-0, class-1, class-2, class-3 and 2 more): put"),
])  # fmt: skip
def test_links_to_folders_are_named_where_there_is_no_image(count: int, told: str, tmp_path: Path) -> None:
    """They were other files, and what is wrong could not be guessed."""
    folder = linked(tmp_path / "links", count)
    for what, read in (
        ("image", lambda: prepared(folder, tmp_path / "out")),
        ("image", lambda: open_gallery(folder)),
        ("jpg", lambda: prepare(FACES, tmp_path / "out", celeba=folder)),
    ):
        with pytest.raises(DataError, match=re.escape(f"links: no {what} in it, but 2 other files and {told}")):
            read()


@pytest.mark.parametrize(("others", "links", "told"), [
    (0, 0, ""),
    (1, 0, "1 file left out, which is no image"),
    (3, 0, "3 files left out, which are no images"),
    (1, 1, "1 link to a folder, which is not followed: "),
    (5, 2, "3 files left out, which are no images; 2 links to folders, which are not followed: "),
])  # fmt: skip
def test_what_is_left_out_is_counted_in_words(others: int, links: int, told: str) -> None:
    assert left_out(others, links).partition("put the folders")[0] == told


def test_links_to_folders_beside_images_are_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "other").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (folder / "notes.txt").write_text("x")
    told = "1 file left out, which is no image; 1 link to a folder, which is not followed: put the folders themselves"
    assert open_gallery(folder).take(np.array([0])).left_out.startswith(told)
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(STUDY)
    assert main(["prepare", "--config", "study.yaml", "--dataset", "mine"]) == 0
    assert f": 1 examples of shape (3, 32, 32); {told}" in capsys.readouterr().out


def test_a_link_to_a_place_that_cannot_be_looked_at_is_no_reason_to_refuse_the_images(
    folder: Path, tmp_path: Path
) -> None:
    """A folder of sound images beside it was refused with Python's words."""
    (folder / "other").symlink_to(tmp_path / ("x" * 300))
    assert len(open_gallery(folder)) == 1


@pytest.mark.parametrize(
    ("target", "reason"), [("b.jpg", "Too many levels of symbolic links"), ("nowhere", "No such file or directory")]
)
def test_a_link_that_leads_nowhere_or_in_a_circle_is_named(
    target: str, reason: str, folder: Path, tmp_path: Path
) -> None:
    (folder / "b.jpg").symlink_to(target)
    with pytest.raises(DataError, match=rf"b\.jpg: cannot be read \({reason}\)"):
        prepared(folder, tmp_path / "out")


def test_a_link_to_a_picture_is_a_picture(folder: Path, tmp_path: Path) -> None:
    (folder / "b.jpg").symlink_to("a.jpg")
    assert prepared(folder, tmp_path / "out")["count"] == 2


def test_a_pipe_called_like_a_picture_is_named_and_not_waited_for(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "b.jpg")
    with pytest.raises(DataError, match=r"b\.jpg: not a file \(a folder, pipe or device\)"):
        prepared(folder, tmp_path / "out")


def test_a_folder_in_it_that_cannot_be_read_is_named_not_passed_over(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def forbidden(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    (folder / "closed").mkdir()
    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(DataError, match=r"closed: cannot be read \(Permission denied\)"):
        prepared(folder, tmp_path / "out")


def test_a_file_too_large_for_an_image_is_named_not_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder / "b.jpg").open("wb") as stream:
        stream.truncate(archive.LARGEST + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    with pytest.raises(DataError, match=rf"b\.jpg: {archive.LARGEST + 1} bytes, more than an image needs"):
        Folder(folder).read("b.jpg")


@pytest.mark.parametrize("size", [(1, 1), (7, 400), (400, 7)])
def test_a_picture_of_next_to_no_pixels_is_named(size: tuple[int, int], folder: Path, png: Png, tmp_path: Path) -> None:
    (folder / "b.png").write_bytes(png(np.zeros((*size, 3), np.uint8)))
    with pytest.raises(DataError, match=rf"b\.png: {size[1]}x{size[0]} pixels, at least 8 are needed"):
        prepared(folder, tmp_path / "out")


def test_a_png_posing_as_a_jpeg_is_read_by_its_content(folder: Path, png: Png, tmp_path: Path) -> None:
    (folder / "a.jpg").write_bytes(png(np.full((32, 32, 3), (9, 90, 200), np.uint8)))
    prepared(folder, tmp_path / "out")
    np.testing.assert_array_equal(load(tmp_path / "out").array[0, :, 0, 0], [9, 90, 200])


def test_a_picture_of_twenty_thousand_pixels_a_side_is_refused_before_it_is_unpacked(
    folder: Path, tmp_path: Path
) -> None:
    stream = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(stream, "PNG")
    (folder / "b.png").write_bytes(stream.getvalue())
    with pytest.raises(DataError, match=r"b\.png: has more than \d+ pixels \(a decompression bomb\?\)"):
        prepared(folder, tmp_path / "out")


def test_colour_of_sixteen_bits_keeps_its_upper_eight(folder: Path, tmp_path: Path) -> None:
    rows = b"".join(b"\0" + struct.pack(">3H", 0x1234, 0x5678, 0x9ABC) * 32 for _ in range(32))
    (folder / "a.jpg").write_bytes(_png16(rows))
    prepared(folder, tmp_path / "out")
    np.testing.assert_array_equal(load(tmp_path / "out").array[0, :, 0, 0], [0x12, 0x56, 0x9A])


def _png16(rows: bytes) -> bytes:
    """A PNG of 32x32 pixels, 16 bits per colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def zipped(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, data in members:
            stream.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../000001.jpg",
        "/000001.jpg",
        "a/../../000001.jpg",
        "..\\000001.jpg",
        "./../000001.jpg",
        ".//000001.jpg",
        "\\000001.jpg",
    ],
)
def test_a_zip_whose_names_lead_out_of_it_is_refused_by_name(name: str, jpeg: Jpeg, tmp_path: Path) -> None:
    path = zipped(tmp_path / "faces.zip", (name, jpeg()))
    with pytest.raises(DataError, match=rf"{re.escape(name)}: a name that leads out of the zip"):
        prepare(FACES, tmp_path / "out", celeba=path)
    assert not list(tmp_path.rglob("*.jpg"))


def test_a_zip_whose_names_have_backslashes_is_told_to_be_packed_again(jpeg: Jpeg, tmp_path: Path) -> None:
    path = zipped(tmp_path / "faces.zip", (r"faces\000001.jpg", jpeg()))
    with pytest.raises(
        DataError, match=r"faces\\000001\.jpg: backslashes in its name; pack it again with forward slash"
    ):
        prepare(FACES, tmp_path / "out", celeba=path)


def test_members_below_a_dot_are_those_of_the_folder_that_they_were_packed_from(jpeg: Jpeg, tmp_path: Path) -> None:
    """As some packers write them: they were taken for hidden ones."""
    dotted = zipped(tmp_path / "dotted.zip", ("./", b""), ("./b/./000002.jpg", jpeg(2)), ("./a/000001.jpg", jpeg(1)))
    plain = zipped(tmp_path / "plain.zip", ("a/000001.jpg", jpeg(1)), ("b/000002.jpg", jpeg(2)))
    names = ["a/000001.jpg", "b/000002.jpg"]
    assert Archive(dotted).names() == images_in(Archive(dotted), names) == names
    for read in (Archive.read, Archive.head, Archive.told):
        assert [read(Archive(dotted), name) for name in names] == [read(Archive(plain), name) for name in names]
    assert open_gallery(dotted).fingerprint() == open_gallery(plain).fingerprint()


def test_hidden_members_below_a_dot_stay_hidden(jpeg: Jpeg, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("./.git/1.jpg", jpeg()), ("./._2.jpg", jpeg()), ("./3.jpg", jpeg()))
    assert images_in(Archive(path), Archive(path).names()) == ["3.jpg"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["000001.jpg", "./000001.jpg"])
def test_a_zip_with_two_members_of_one_name_is_refused(second: str, jpeg: Jpeg, tmp_path: Path) -> None:
    path = zipped(tmp_path / "faces.zip", ("000001.jpg", jpeg(1)), (second, jpeg(2)))
    with pytest.raises(DataError, match=r"000001\.jpg: there are two members of this name"):
        prepare(FACES, tmp_path / "out", celeba=path)


def test_a_face_that_stands_in_two_places_is_refused(jpeg: Jpeg, tmp_path: Path) -> None:
    path = zipped(tmp_path / "faces.zip", ("000001.jpg", jpeg(1)), ("img_align_celeba/000001.jpg", jpeg(1)))
    with pytest.raises(DataError, match=r"the same face in two places, 000001\.jpg and img_align_celeba/000001\.jpg"):
        prepare(FACES, tmp_path / "out", celeba=path)


def test_a_zip_bomb_is_refused_by_what_it_says_of_itself(tmp_path: Path) -> None:
    path = zipped(tmp_path / "faces.zip", ("000001.jpg", bytes(archive.LARGEST + 1)))
    with pytest.raises(DataError, match=r"000001\.jpg: 67108865 bytes, more than an image needs .*zip bomb"):
        prepare(FACES, tmp_path / "out", celeba=path)


def test_a_zip_bomb_that_lies_about_its_size_is_unpacked_no_further_than_it_says(tmp_path: Path) -> None:
    path = zipped(tmp_path / "faces.zip", ("000001.jpg", bytes(10**7)))
    lying = path.read_bytes().replace(struct.pack("<I", 10**7), struct.pack("<I", 1000))
    path.write_bytes(lying)
    with pytest.raises(DataError, match=r"000001\.jpg: cannot be read \(Bad CRC-32"):
        Archive(path).read("000001.jpg")


def test_members_are_whole_whatever_their_size(tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(3 * 2**20)
    path = zipped(tmp_path / "faces.zip", ("a.jpg", content), ("b.jpg", b""))
    assert Archive(path).read("a.jpg") == content
    assert Archive(path).read("b.jpg") == b""


@pytest.mark.parametrize("members", [[], ["folder/"], ["folder/", "other/"]])
def test_a_zip_without_a_file_has_no_names(members: list[str], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for name in members:
            made.writestr(name, b"")
    assert Archive(tmp_path / "a.zip").names() == []
