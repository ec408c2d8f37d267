from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vigan.data.load_images import load_images
from vigan.data.source import DataError

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 3, 12, 8), dtype=np.uint8)


def _save(folder: Path, pictures: np.ndarray = PICTURES) -> Path:
    folder.mkdir()
    for index, picture in enumerate(pictures):
        Image.fromarray(np.moveaxis(picture, 0, 2)).save(folder / f"{index}.png")
    return folder


def test_a_folder_gives_its_images_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = _save(tmp_path / "images")
    (folder / "notes.txt").write_text("no image")
    np.testing.assert_array_equal(load_images(folder), PICTURES)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_array_may_have_its_channels_first_or_last(tmp_path: Path, channels: int) -> None:
    wanted = PICTURES[:, :channels]
    np.save(tmp_path / "first.npy", wanted)
    np.save(tmp_path / "last.npy", np.moveaxis(wanted, 1, 3))
    np.testing.assert_array_equal(load_images(tmp_path / "first.npy"), wanted)
    np.testing.assert_array_equal(load_images(tmp_path / "last.npy"), wanted)


def test_images_of_two_sizes_are_refused_by_name(tmp_path: Path) -> None:
    folder = _save(tmp_path / "images")
    Image.new("RGB", (9, 12)).save(folder / "4.png")
    with pytest.raises(DataError, match=r"4\.png: 9x12 pixels, but 0\.png has 8x12"):
        load_images(folder)


def test_a_truncated_image_is_named(tmp_path: Path) -> None:
    folder = _save(tmp_path / "images")
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:60])
    with pytest.raises(DataError, match=r"2\.png: damaged or truncated"):
        load_images(folder)


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
    with pytest.raises(DataError, match=rf"a\.npy: .*{told}"):
        load_images(tmp_path / "a.npy")


def test_nothing_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not there"):
        load_images(tmp_path / "none")
    with pytest.raises(DataError, match="no image in it"):
        load_images(tmp_path)


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
    content, draws, read = file.read_bytes(), np.random.default_rng(1), 0
    for bit in draws.choice(8 * len(content), 100, replace=False):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << int(bit % 8)
        file.write_bytes(bytes(flipped))
        with contextlib.suppress(DataError):
            assert np.array_equal(load_images(file), np.moveaxis(images, 3, 1))
            read += 1
    assert read < 50
