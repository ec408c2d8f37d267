"""Images of anybody's files, as they are asked for."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from flips import flipped, how_many, tell
from PIL import Image

from vigan.data.image_folder import Picture
from vigan.data.load_images import Fitting, open_gallery
from vigan.io.files import RecordError

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 3, 12, 8), dtype=np.uint8)


def _save(folder: Path, pictures: np.ndarray = PICTURES) -> Path:
    folder.mkdir()
    for index, picture in enumerate(pictures):
        Image.fromarray(np.moveaxis(picture, 0, 2)).save(folder / f"{index}.png")
    return folder


def _all(path: Path) -> np.ndarray:
    return np.stack(list(open_gallery(path)[:]))


def test_a_folder_gives_its_images_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = _save(tmp_path / "images")
    (folder / "notes.txt").write_text("no image")
    np.testing.assert_array_equal(_all(folder), PICTURES)
    chosen = open_gallery(folder).take(np.array([3, 0]))
    assert len(chosen) == 2
    np.testing.assert_array_equal(np.stack(list(chosen[0:2])), PICTURES[[3, 0]])


def test_a_zip_as_stylegan_has_them_gives_its_images(tmp_path: Path) -> None:
    folder = _save(tmp_path / "images")
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for index in range(5):
            archive.write(folder / f"{index}.png", f"00000/img0000000{index}.png")
        archive.writestr("dataset.json", json.dumps({"labels": None}))
    np.testing.assert_array_equal(_all(tmp_path / "images.zip"), PICTURES)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_array_may_have_its_channels_first_or_last(tmp_path: Path, channels: int) -> None:
    wanted = PICTURES[:, :channels]
    np.save(tmp_path / "first.npy", wanted)
    np.save(tmp_path / "last.npy", np.moveaxis(wanted, 1, 3))
    np.savez(tmp_path / "adm.npz", np.moveaxis(wanted, 1, 3), np.zeros(5))
    for name in ("first.npy", "last.npy", "adm.npz"):
        np.testing.assert_array_equal(_all(tmp_path / name), wanted)


def test_images_of_two_sizes_are_given_as_they_are(tmp_path: Path) -> None:
    folder = _save(tmp_path / "images")
    Image.new("RGB", (9, 12)).save(folder / "4.png")
    assert {picture.shape for picture in open_gallery(folder)[:]} == {(3, 12, 8), (3, 12, 9)}


def test_resized_images_are_those_of_the_source_folder(tmp_path: Path) -> None:
    folder = _save(tmp_path / "images")
    (one,) = open_gallery(folder, Fitting(resize=32))[2:3]
    np.testing.assert_array_equal(one, Picture(32, 3)("2.png", (folder / "2.png").read_bytes()))
    (cut,) = open_gallery(folder, Fitting(crop=6))[2:3]
    np.testing.assert_array_equal(cut, PICTURES[2, :, 3:9, 1:7])
    with pytest.raises(RecordError, match=r"0\.png: 8x12 pixels, too small for a crop of 9"):
        open_gallery(folder, Fitting(crop=9))[:1]


def test_arrays_are_never_resized(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", PICTURES)
    np.savez(tmp_path / "a.npz", PICTURES)
    for name in ("a.npy", "a.npz"):
        np.testing.assert_array_equal(_all(tmp_path / name), PICTURES)
        with pytest.raises(RecordError, match="only image files are cropped or resized"):
            open_gallery(tmp_path / name, Fitting(resize=32))


@pytest.mark.parametrize("fitting", [Fitting(), Fitting(crop=6), Fitting(resize=32)], ids=["", "crop", "resize"])
@pytest.mark.parametrize(("name", "told"), [
    ("nowhere", "not there; name a folder"),
    ("half.zip", r"a truncated or damaged zip \(File is not a zip file\); replace it"),
    ("half.npz", r"a truncated or damaged zip \(File is not a zip file\); replace it"),
    ("2.png", "a single image; name a folder"),
    ("2.bmp", "a single image; name a folder"),
    ("empty.zip", "no image in it"),
    ("page.zip", "not a zip but a web page"),
    ("notes.txt", "cannot be read as an array .*; name a folder"),
])  # fmt: skip
def test_what_holds_no_images_is_told_as_that_whatever_is_to_be_done_to_them(
    name: str, told: str, fitting: Fitting, tmp_path: Path
) -> None:
    """It was told that arrays are not cropped, or that no array begins so."""
    folder = _save(tmp_path / "images")
    (folder / "notes.txt").write_text("no image")
    (folder / "page.zip").write_text("<html>")
    Image.fromarray(PICTURES[0].transpose(1, 2, 0)).save(folder / "2.bmp")
    zipfile.ZipFile(folder / "empty.zip", "w").close()
    np.savez(tmp_path / "whole", PICTURES)
    for half in ("half.zip", "half.npz"):
        (folder / half).write_bytes((tmp_path / "whole.npz").read_bytes()[:200])
    with pytest.raises(RecordError, match=rf"{name}: {told}"):
        open_gallery(folder / name, fitting)


def test_a_fingerprint_changes_with_every_pixel_and_with_the_fitting(tmp_path: Path) -> None:
    folder = _save(tmp_path / "images")
    first = open_gallery(folder).fingerprint()
    assert open_gallery(folder).fingerprint() == first
    assert open_gallery(folder, Fitting(crop=8)).fingerprint() != first
    changed = PICTURES.copy()
    changed[4, 2, 11, 7] ^= 1
    assert open_gallery(_save(tmp_path / "changed", changed)).fingerprint() != first
    np.save(tmp_path / "a.npy", PICTURES)
    np.save(tmp_path / "b.npy", changed)
    assert open_gallery(tmp_path / "a.npy").fingerprint() != open_gallery(tmp_path / "b.npy").fingerprint()


def test_a_fingerprint_is_the_same_in_every_locale(tmp_path: Path) -> None:
    """In one that is not UTF-8 a zip with such names had none, but an error; what it was elsewhere it stays."""
    folder = _save(tmp_path / "bilder")
    (folder / "0.png").rename(folder / "läufer-é.png")
    with zipfile.ZipFile(tmp_path / "bilder.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    names, total = sorted(os.fsencode(file.name) for file in folder.iterdir()), hashlib.sha256(b"(None, None)")
    for name in names:
        content = (folder / os.fsdecode(name)).read_bytes()
        total.update(name + b"\n" + hashlib.sha256(content).digest())
    asked = "import sys; from pathlib import Path; from vigan.data.load_images import open_gallery\n"
    asked += "print(sys.getfilesystemencoding(), *(open_gallery(Path(name)).fingerprint() for name in sys.argv[1:]))"
    for encoding, locale in (
        ("ascii", {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}),
        ("utf-8", {"PYTHONUTF8": "1"}),
    ):
        told = subprocess.run(
            [sys.executable, "-c", asked, "bilder.zip", "bilder"],
            env=os.environ | locale, cwd=tmp_path, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        assert told.split() == [encoding, total.hexdigest(), total.hexdigest()]


def test_a_truncated_image_is_named(tmp_path: Path) -> None:
    folder = _save(tmp_path / "images")
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:60])
    with pytest.raises(RecordError, match=r"2\.png: damaged or truncated"):
        open_gallery(folder)[:]


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (PICTURES / 255, "float64 of shape"),
        (PICTURES[0], "four axes"),
        (PICTURES[:0], "shape"),
        (PICTURES.reshape(5, 2, 12, 12), "no axis of 1 or 3 channels"),
        (np.array([{}]), "cannot be read"),
    ],
    ids=["floats", "one image", "none", "two channels", "objects"],
)
def test_arrays_that_are_no_images_are_refused(tmp_path: Path, array: np.ndarray, told: str) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(RecordError, match=rf"a\.npy: .*{told}"):
        open_gallery(tmp_path / "a.npy")


def test_nothing_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="not there"):
        open_gallery(tmp_path / "none")
    with pytest.raises(RecordError, match="no image in it"):
        open_gallery(tmp_path)


@pytest.mark.parametrize("kind", ["zip", "npz", "npz, packed"])
def test_a_flipped_bit_is_refused_or_changes_no_image(kind: str, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 12, 12, 3), dtype=np.uint8)
    file = tmp_path / f"images.{kind[:3]}"
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            for number, image in enumerate(images):
                Image.fromarray(image).save(tmp_path / "one.png")
                archive.write(tmp_path / "one.png", f"folder/{number}.png")
    else:
        (np.savez_compressed if "packed" in kind else np.savez)(file, images)
    times, read = how_many(100), 0
    for content in flipped(file.read_bytes(), times, kind):
        file.write_bytes(content)
        with contextlib.suppress(RecordError):
            assert np.array_equal(_all(file), np.moveaxis(images, 3, 1))
            read += 1
    tell(f"{kind} of images", {"refused": times - read, "the same images": read})
    assert read < times / 2
