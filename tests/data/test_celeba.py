from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from misbehaving import Answer, Handler, Web, hung_up, other, page, redirect, serving, status
from PIL import Image

from vigan.config.datasets import CelebA
from vigan.data import celeba
from vigan.data.prepare import prepare
from vigan.data.resize import centre_crop, released_bicubic
from vigan.data.source import DataError
from vigan.data.store import load
from vigan.io.files import RecordError

Jpeg = Callable[..., bytes]
Build = Callable[[Mapping[str, bytes]], Path]
FACES = CelebA(source="celeba")


def members(jpeg: Jpeg, count: int = 3, prefix: str = "img_align_celeba/") -> dict[str, bytes]:
    return {f"{prefix}{number:06d}.jpg": jpeg(number) for number in range(count, 0, -1)}


def array(folder: Path) -> np.ndarray:
    return np.array(load(folder, verify=True).array)


@pytest.mark.parametrize("resize", ["antialias", "released"])
def test_each_face_is_the_middle_of_its_file_resized_and_in_the_order_of_the_names(
    archive: Build, jpeg: Jpeg, tmp_path: Path, resize: str
) -> None:
    path = archive(members(jpeg))
    prepare(CelebA.model_validate({"source": "celeba", "resize": resize}), tmp_path / "out", celeba=path)
    for number, found in enumerate(array(tmp_path / "out"), start=1):
        with zipfile.ZipFile(path) as stream, stream.open(f"img_align_celeba/{number:06d}.jpg") as file:
            crop = centre_crop(Image.open(file), 108, 108)
        expected = released_bicubic(np.asarray(crop), 64)
        if resize == "antialias":
            expected = np.asarray(crop.resize((64, 64), Image.Resampling.BICUBIC), np.float64)
        assert np.abs(np.moveaxis(found, 0, 2) - expected.clip(0, 255)).max() <= 0.5


def test_a_zip_a_flat_zip_a_nested_zip_and_both_kinds_of_folder_give_the_same_bytes(
    archive: Build, jpeg: Jpeg, tmp_path: Path
) -> None:
    digests = set()
    for prefix in ("img_align_celeba/", "", "img_align_celeba/img_align_celeba/"):
        digests.add(prepare(FACES, tmp_path / "out", celeba=archive(members(jpeg, prefix=prefix)))["sha256"])
    for prefix in ("img_align_celeba/", ""):
        folder = tmp_path / f"unpacked-{bool(prefix)}"
        for name, data in members(jpeg, prefix=prefix).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        digests.add(prepare(FACES, tmp_path / "out", celeba=folder)["sha256"])
    assert len(digests) == 1


def test_macos_leftovers_and_other_files_are_counted_not_read(archive: Build, jpeg: Jpeg, tmp_path: Path) -> None:
    extras = {"__MACOSX/img_align_celeba/._000001.jpg": b"x", "README.txt": b"x", "other/000009.jpg": b"x"}
    manifest = prepare(FACES, tmp_path / "out", celeba=archive(members(jpeg) | extras))
    assert (manifest["count"], manifest["skipped"]) == (3, 3)


def test_limit_takes_the_first_by_name_and_reads_no_further(archive: Build, jpeg: Jpeg, tmp_path: Path) -> None:
    path = archive(members(jpeg) | {"img_align_celeba/000004.jpg": b"damaged"})
    prepare(FACES.model_copy(update={"limit": 3}), tmp_path / "all", celeba=path)
    prepare(FACES.model_copy(update={"limit": 2}), tmp_path / "two", celeba=path)
    np.testing.assert_array_equal(array(tmp_path / "two"), array(tmp_path / "all")[:2])


def test_a_limit_beyond_the_files_is_an_error_not_a_smaller_set(archive: Build, jpeg: Jpeg, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"only 3 images, but the data set's `limit` is 4"):
        prepare(FACES.model_copy(update={"limit": 4}), tmp_path / "out", celeba=archive(members(jpeg)))


def test_the_manifest_says_the_licence_the_preprocessing_and_how_much_of_celeba_it_is(
    archive: Build, jpeg: Jpeg, tmp_path: Path
) -> None:
    manifest = prepare(FACES, tmp_path / "out", celeba=archive(members(jpeg)))
    assert "non-commercial" in manifest["notes"][0]
    assert manifest["notes"][1] == "3 of the official 202599 images"
    assert manifest["preprocessing"].startswith("178x218 files, centre crop 108x108, to 64x64 by Pillow's bicubic")
    assert manifest["spec"] == FACES.model_dump(mode="json")


def test_the_half_size_copy_is_recognised_and_the_right_crop_named(archive: Build, jpeg: Jpeg, tmp_path: Path) -> None:
    path = archive({"000001.jpg": jpeg(1, 89, 109)})
    with pytest.raises(DataError, match=r"000001\.jpg: 89x109 pixels.*set `crop: 54`"):
        prepare(FACES, tmp_path / "out", celeba=path)


def test_a_crop_larger_than_another_image_names_its_size(archive: Build, jpeg: Jpeg, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"100x90 pixels, too small for a crop of 108; set `crop` to at most 90"):
        prepare(FACES, tmp_path / "out", celeba=archive({"000001.jpg": jpeg(1, 100, 90)}))


def test_a_face_of_another_size_than_the_first_is_named(archive: Build, jpeg: Jpeg, tmp_path: Path) -> None:
    path = archive({"000001.jpg": jpeg(1), "000002.jpg": jpeg(2, 200, 240)})
    with pytest.raises(DataError, match=r"000002\.jpg: 200x240 pixels, but the first file has 178x218"):
        prepare(FACES, tmp_path / "out", celeba=path)


def test_a_member_with_a_wrong_checksum_is_named(archive: Build, jpeg: Jpeg, tmp_path: Path) -> None:
    path = archive(members(jpeg))
    data = bytearray(path.read_bytes())
    data[data.index(b"000001.jpg") + 2000] ^= 255
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"img_align_celeba\.zip: img_align_celeba/000001\.jpg: .*fresh copy"):
        prepare(FACES, tmp_path / "out", celeba=path)


@pytest.mark.parametrize(
    ("content", "diagnosis"),
    [
        (b"  <!DOCTYPE html><html>Quota exceeded</html>", "not a zip but a web page"),
        (b"PK\x03\x04" + bytes(500), "a truncated or damaged zip"),
        (b"", "not a zip"),
    ],
)
def test_a_zip_that_is_none_is_diagnosed(tmp_path: Path, content: bytes, diagnosis: str) -> None:
    path = tmp_path / "img_align_celeba.zip"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"img_align_celeba\.zip: {diagnosis}.*fresh copy"):
        prepare(FACES, tmp_path / "out", celeba=path)


def test_a_zip_or_folder_without_images_is_named(archive: Build, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (archive({"README.txt": b"x"}), empty):
        with pytest.raises(DataError, match=rf"{path.name}: no jpg in it"):
            prepare(FACES, tmp_path / "out", celeba=path)


def test_faces_in_another_folder_are_not_denied(archive: Build, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"zip: 2 jpg elsewhere; faces lie at the top or under img_align_celeba/"):
        prepare(FACES, tmp_path / "out", celeba=archive({f"train/{number:06}.jpg": b"x" for number in (1, 2)}))


@pytest.mark.usefixtures("nowhere")
def test_without_celeba_the_error_is_the_three_ways_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        prepare(FACES, tmp_path / "out")
    assert str(caught.value) == celeba.HOW_TO_GET
    for way in ("VIGAN_CELEBA", "--config celeba=PATH", "vigan prepare --celeba PATH", "--config download=true"):
        assert way in celeba.HOW_TO_GET


@pytest.mark.usefixtures("nowhere")
def test_a_path_that_was_asked_for_and_is_missing_is_named_never_replaced_by_another(tmp_path: Path) -> None:
    missing = tmp_path / "gone.zip"
    with pytest.raises(DataError, match=r"gone\.zip: no such file or folder\n.*Three ways"):
        prepare(FACES, tmp_path / "out", celeba=missing, download=True)


@pytest.mark.usefixtures("nowhere")
def test_the_path_goes_before_the_variable_that_before_the_test_data_and_these_before_what_was_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fetched = tmp_path / "fetched" / "img_align_celeba.zip"
    assert celeba.locate(None, fetched.parent) is None
    monkeypatch.setenv("VIGAN_TEST_DATA", str(tmp_path))
    assert celeba.locate(None, fetched.parent) is None
    copy = tmp_path / "data" / "celeba-10k" / "img_align_celeba.zip"
    for file in (fetched, copy):
        file.parent.mkdir(parents=True)
        file.touch()
        assert celeba.locate(None, fetched.parent) == file
    monkeypatch.setenv("VIGAN_CELEBA", str(tmp_path / "named"))
    assert celeba.locate(None, fetched.parent) == tmp_path / "named"
    assert celeba.locate(tmp_path / "given", fetched.parent) == tmp_path / "given"


@pytest.fixture
def drive(archive: Build, jpeg: Jpeg, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Web, bytes]]:
    """A server in the place of Google Drive, and the archive that is asked of it."""
    content = archive(members(jpeg)).read_bytes()
    monkeypatch.setattr("vigan.runtime.download.time.sleep", lambda seconds: None)
    with serving() as web:
        monkeypatch.setattr(celeba, "URL", web.url)
        monkeypatch.setattr(celeba, "SIZE", len(content))
        monkeypatch.setattr(celeba, "SHA256", hashlib.sha256(content).hexdigest())
        yield web, content


def sends(content: bytes, **headers: object) -> Answer:
    def answer(handler: Handler) -> None:
        handler.begin(**headers)
        handler.wfile.write(content)

    return answer


@pytest.mark.usefixtures("nowhere")
def test_a_download_that_is_cut_short_or_redirected_arrives_once_and_is_read_packed(
    drive: tuple[Web, bytes], tmp_path: Path
) -> None:
    web, content = drive
    cut = sends(content[:1000], Content_Length=len(content))
    web.answers = [cut, status(503), hung_up, redirect("/elsewhere"), sends(content)]
    for _ in range(2):
        assert prepare(FACES, tmp_path / "prepared" / "celeba", download=True)["count"] == 3
    assert prepare(FACES, tmp_path / "prepared" / "another")["count"] == 3  # found where it was fetched to
    assert web.requests == 5
    assert [file.name for file in (tmp_path / "prepared" / "download").iterdir()] == ["img_align_celeba.zip"]


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("answer", "reason"),
    [(page, "a web page instead of the file"), (status(404), "answered 404"), (other, "bytes, expected|SHA-256")],
    ids=["quota", "gone", "another file"],
)
def test_a_download_that_fails_says_why_and_the_other_ways_and_leaves_nothing(
    answer: Answer, reason: str, drive: tuple[Web, bytes], tmp_path: Path
) -> None:
    drive[0].answers = [answer]
    with pytest.raises(
        DataError, match=rf"img_align_celeba\.zip: cannot be fetched from .*({reason})(.|\n)*Three ways"
    ):
        prepare(FACES, tmp_path / "prepared" / "celeba", download=True)
    assert not list((tmp_path / "prepared" / "download").iterdir())


def test_the_file_asked_for_is_the_one_torchvision_asks_for() -> None:
    torchvision = pytest.importorskip("torchvision.datasets").CelebA
    asked = next(row for row in torchvision.file_list if row[2] == celeba.ARCHIVE)
    assert asked[:2] == (celeba.FILE_ID, "00d2c5bc6d35e252742224ab0c1e8fcb")
    assert f"id={celeba.FILE_ID}&" in celeba.URL


def test_real_faces_are_prepared_as_faces_whatever_the_number_of_workers(test_data: Path, tmp_path: Path) -> None:
    path = test_data / "data" / "celeba-10k" / "img_align_celeba.zip"
    spec = CelebA(source="celeba", crop=54, limit=500)
    manifests = [prepare(spec, tmp_path / str(workers), celeba=path, workers=workers) for workers in (1, 2)]
    assert manifests[0] == manifests[1]
    faces = array(tmp_path / "2").astype(np.float64)
    assert faces.shape == (500, 3, 64, 64)
    np.testing.assert_allclose(manifests[0]["mean"], faces.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(manifests[0]["mean"], [145, 110, 93], atol=6)
    assert 60 < faces.std() < 76
    face = faces.mean(axis=(0, 1))
    assert np.corrcoef(face.ravel(), face[:, ::-1].ravel())[0, 1] > 0.95
    assert np.corrcoef(faces[:, :, :, 1:].ravel(), faces[:, :, :, :-1].ravel())[0, 1] > 0.95
