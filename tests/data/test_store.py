from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from studies import forge

from vigan.config.datasets import Ring
from vigan.data.prepare import prepare
from vigan.data.store import LABELS, load
from vigan.io.files import RecordError, sha256_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepare(Ring(source="ring", count=50), tmp_path / "ring")
    return tmp_path / "ring"


def rewrite(folder: Path, **changes: Any) -> None:
    forge(folder / "manifest.json", **changes)


def test_what_was_prepared_is_loaded_with_the_array_files_digest_as_fingerprint(folder: Path) -> None:
    prepared = load(folder, verify=True)
    assert prepared.array.shape == (50, 2)
    assert prepared.labels is not None
    assert prepared.labels.shape == (50,)
    assert prepared.fingerprint == sha256_file(folder / "array.npy")


def test_the_array_is_mapped_not_read_and_cannot_be_written(folder: Path) -> None:
    prepared = load(folder)
    assert isinstance(prepared.array, np.memmap)
    assert prepared.labels is not None
    assert not prepared.labels.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        prepared.array[0] = 0


@pytest.mark.parametrize("name", ["array.npy", "labels.npy", "manifest.json"])
def test_a_missing_file_is_named_with_the_command_to_run(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(RecordError, match=rf"{name}: missing.*vigan prepare"):
        load(folder)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"dtype": "uint8"}, "array.npy: dtype is float32, but .* uint8"),
        ({"shape": [3]}, r"array.npy: shape is \[50, 2\], but .* \[50, 3\]"),
        ({"count": 49}, r"array.npy: shape is \[50, 2\], but .* \[49, 2\]"),
        ({"bytes": 1}, "array.npy: bytes is 528, but .* 1;"),
    ],
)
def test_an_array_that_is_not_the_manifests_is_refused(folder: Path, changes: dict[str, Any], found: str) -> None:
    rewrite(folder, **changes)
    with pytest.raises(RecordError, match=found):
        load(folder)


@pytest.mark.parametrize("labels", [np.zeros(49, np.int64), np.zeros(50, np.int32)])
def test_labels_of_another_count_or_type_are_refused(folder: Path, labels: np.ndarray) -> None:
    np.save(folder / "labels.npy", labels)
    with pytest.raises(RecordError, match=r"labels.npy: (shape|dtype) is"):
        load(folder)


def test_what_no_storage_carries_is_lacking_there_and_stops_nobody(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / LABELS).unlink()
    monkeypatch.setenv("VIGAN_ROOT", str(folder))
    assert load(folder, verify=True).labels is None
    monkeypatch.delenv("VIGAN_ROOT")
    with pytest.raises(RecordError, match=r"labels\.npy: missing"):
        load(folder)


@pytest.mark.parametrize("name", ["array.npy", "labels.npy"])
def test_one_flipped_byte_is_found_when_asked_to_verify_and_only_then(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    load(folder)
    with pytest.raises(RecordError, match=f"{name}: sha256 is"):
        load(folder, verify=True)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"<html>"])
def test_an_array_file_that_is_none_is_named(folder: Path, content: bytes) -> None:
    (folder / "array.npy").write_bytes(content)
    with pytest.raises(RecordError, match=r"array.npy: cannot be read as an array"):
        load(folder)


def test_a_truncated_array_file_is_refused(folder: Path) -> None:
    data = (folder / "array.npy").read_bytes()
    (folder / "array.npy").write_bytes(data[:-8])
    with pytest.raises(RecordError, match=r"array.npy: "):
        load(folder)


@pytest.mark.parametrize("content", ["[]", "{}", "{", '{"bytes": "many"}'])
def test_a_foreign_manifest_is_named(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    with pytest.raises(RecordError, match=r"manifest.json: "):
        load(folder)


def test_reading_a_prepared_set_needs_neither_torch_nor_pillow() -> None:
    code = "import sys, vigan.data.store; print(sorted({'torch', 'PIL', 'sklearn', 'torchvision'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
