from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vigan.golden.replay import verify
from vigan.io.files import RecordError

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures" / "released-trace-mini").glob("*.npz"))
ARMS = ["bn_reg0", "bn_reg1", "nobn_reg0", "nobn_reg1"]

Change = Callable[[np.ndarray], np.ndarray]
Corrupt = Callable[..., Path]


def test_there_is_a_trace_of_every_arm() -> None:
    assert [file.stem for file in FIXTURES] == ARMS


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_the_released_graph_is_replayed_to_rounding(file: Path) -> None:
    result = verify(file)
    assert result["passed"]
    assert result["largest"] <= 1e-13
    assert {"loss", "adversarial", "penalty", "weights", "order", "sample_before", "sample_after"} <= set(
        result["errors"]
    )
    assert result["updates"] == len(np.load(file)["loss"])


@pytest.mark.parametrize("name", ARMS)
def test_the_larger_traces_are_replayed_to_rounding_too(name: str) -> None:
    data = os.environ.get("VIGAN_TEST_DATA")
    if not data:
        pytest.skip("VIGAN_TEST_DATA is not set: no larger traces")
    result = verify(Path(data) / "golden" / "released-trace" / f"{name}.npz")
    assert result["passed"]
    assert result["largest"] <= 1e-13


@pytest.fixture
def corrupt(tmp_path: Path) -> Corrupt:
    """A copy of a trace (default: BN, regularised) with one entry changed; None leaves the entry out."""

    def make(key: str, change: Change | None, name: str = "bn_reg1") -> Path:
        trace = dict(np.load(FIXTURES[ARMS.index(name)]))
        if change is None:
            del trace[key]
        else:
            trace[key] = change(trace[key].copy())
        path = tmp_path / "trace.npz"
        np.savez(path, **trace)
        return path

    return make


def scaled(index: int, factor: float) -> Change:
    def change(values: np.ndarray) -> np.ndarray:
        values.flat[index] *= factor
        return values

    return change


def swapped(values: np.ndarray) -> np.ndarray:
    return values[[1, 0, *range(2, len(values))]]


@pytest.mark.parametrize(
    ("key", "change"),
    [
        *((key, scaled(index, 1 + 1e-9)) for key, index in (("loss", 0), ("loss", 4), ("loss", -1))),
        ("adversarial", scaled(1, 1 + 1e-9)),
        ("penalty", scaled(2, 1 + 1e-9)),
        ("final/generator/Conv2d_transpose/weights", scaled(7, 1.01)),
        ("final/generator/Conv2d_transpose_3/biases", scaled(0, 1.0001)),
        ("final/discriminator/Conv_1/weights", scaled(7, 1.01)),
        ("final/discriminator/flatten_fully_connected/fully_connected/weights", scaled(100, 1.01)),
        ("final/generator/Conv2d_transpose/BatchNorm/gamma", scaled(1, 1 + 1e-8)),
        ("final/generator/Conv2d_transpose/BatchNorm/moving_mean", scaled(1, 1 + 1e-6)),
        ("final/discriminator/Conv_2/BatchNorm/moving_mean", scaled(3, 1 + 1e-4)),
        ("final/discriminator/Conv_2/BatchNorm/moving_variance", scaled(3, 1 + 1e-6)),
        ("final/discriminator/Conv_3/BatchNorm/moving_variance", lambda values: values[::-1]),
        ("init/generator/Conv2d_transpose/weights", scaled(7, 1.01)),
        ("sample_before", scaled(0, 1.001)),
        ("sample_after", scaled(0, 1.001)),
        ("kind", swapped),
        ("loss", swapped),
        ("loss", lambda values: values[:-1]),
        ("kind", lambda values: values[:-1]),
        ("seed", lambda value: value + 1),
        ("regularised", lambda value: 1 - value),
        ("g_updates_per_batch", lambda value: value - 1),
    ],
)
def test_a_trace_that_differs_anywhere_fails(key: str, change: Change, corrupt: Corrupt) -> None:
    result = verify(corrupt(key, change))
    assert not result["passed"]
    assert result["largest"] > result["tolerance"]


@pytest.mark.parametrize("name", ["nobn_reg0", "nobn_reg1"])
def test_a_trace_of_several_batches_that_differs_fails(name: str, corrupt: Corrupt) -> None:
    assert not verify(corrupt("loss", scaled(-1, 1 + 1e-9), name))["passed"]
    assert not verify(corrupt("final/generator/Conv2d_transpose/weights", scaled(3, 1.01), name))["passed"]


@pytest.mark.parametrize("key", ["loss", "seed", "z_sample", "sample_after", "g_updates_per_batch"])
def test_a_file_that_lacks_an_entry_is_no_trace_and_is_told_which(key: str, corrupt: Corrupt) -> None:
    path = corrupt(key, None)
    with pytest.raises(RecordError, match=f"{path}: not a trace .no {key}"):
        verify(path)


@pytest.mark.parametrize("key", ["init/generator/Conv2d_transpose/weights", "final/discriminator/Conv/biases"])
def test_a_trace_that_lacks_a_variable_is_told_which(key: str, corrupt: Corrupt) -> None:
    with pytest.raises(RecordError, match=f"no '{key}'"):
        verify(corrupt(key, None))


@pytest.mark.parametrize("content", [None, b"hello", b"PK\x03\x04 not a zip", b"\x80\x04."])
def test_a_file_that_is_no_archive_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "trace.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordError, match=f"{path}: (cannot be read as arrays|not there)"):
        verify(path)


def test_a_truncated_or_damaged_trace_is_named(tmp_path: Path) -> None:
    whole, path = FIXTURES[0].read_bytes(), tmp_path / "trace.npz"
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for content in (whole[: len(whole) // 2], bytes(flipped)):
        path.write_bytes(content)
        with pytest.raises(RecordError, match=f"{path}: (cannot be read as arrays|not there)"):
            verify(path)


def test_a_trace_is_never_unpickled(corrupt: Corrupt) -> None:
    path = corrupt("loss", lambda values: values.astype(object))
    with pytest.raises(RecordError, match="it holds objects, which are not read"):
        verify(path)


HOSTILE = [
    np.float64(np.nan), np.array(-1), np.array(10**18), np.array(2**63, dtype="u8"), np.array("x"), np.array([]),
    np.zeros((2, 2)), np.array(1e300), np.array([1, 2]), np.array(b"x"), np.datetime64("now"), np.array(1 + 1j),
    np.array(3 * 10**6), np.broadcast_to(np.float32(0), (1, 10**4)),
]  # fmt: skip


def passes(path: Path) -> bool:
    """Whether a trace is replayed and agrees; a refusal must be one line."""
    with contextlib.suppress(RecordError):
        return verify(path)["passed"]
    with pytest.raises(RecordError, match=r"\A[^\n]*\Z"):
        verify(path)
    return False


@pytest.mark.parametrize("key", sorted(key for key in np.load(FIXTURES[0]).files if "/" not in key))
def test_a_trace_of_a_hostile_size_or_kind_is_refused_or_fails_at_once(key: str, corrupt: Corrupt) -> None:
    assert not any(passes(corrupt(key, lambda _, value=value: value)) for value in HOSTILE)


@pytest.mark.parametrize("spoil", [lambda v: v * np.nan, lambda v: v[:0], lambda v: v + 1j, lambda v: np.array("x")])
@pytest.mark.parametrize("key", ["init/generator/Conv2d_transpose/weights", "final/discriminator/Conv/biases"])
def test_weights_that_are_none_are_refused_or_fail(key: str, spoil: Change, corrupt: Corrupt) -> None:
    assert not passes(corrupt(key, spoil))


def test_a_head_that_asks_for_more_than_there_is_is_refused_before_memory_is(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(tmp_path / "trace.npz", "w") as archive:
        archive.writestr("seed.npy", head.getvalue() + bytes(64))
    with pytest.raises(RecordError, match=r"seed\.npy: .* bytes, 8000000000.* are asked for"):
        verify(tmp_path / "trace.npz")
