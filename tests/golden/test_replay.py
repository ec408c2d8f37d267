from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vigan.cli.parser import main
from vigan.golden.recording import CHANNELS, SIDE, RecordingError, load
from vigan.golden.replay import verify
from vigan.models.build import build

FOLDER = Path(__file__).parents[1] / "fixtures"
FIXTURES = sorted((FOLDER / "released-trace-mini").glob("*.npz"))
FULL_SIZE = FOLDER / "released-full-size"
ARMS = ["bn_reg0", "bn_reg1", "nobn_reg0", "nobn_reg1"]

Change = Callable[[np.ndarray], np.ndarray]
Corrupt = Callable[..., Path]


def test_there_is_a_trace_of_every_arm() -> None:
    assert [file.stem for file in FIXTURES] == ARMS


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_the_released_graph_is_replayed_to_rounding(file: Path) -> None:
    result = verify(file)
    assert_to_rounding(result)
    assert result["updates"] == len(np.load(file)["loss"])


@pytest.mark.parametrize("name", ARMS)
def test_the_larger_traces_are_replayed_to_rounding_too(name: str) -> None:
    data = os.environ.get("VIGAN_TEST_DATA")
    if not data:
        pytest.skip("VIGAN_TEST_DATA is not set: no larger traces")
    assert_to_rounding(verify(Path(data) / "golden" / "released-trace" / f"{name}.npz"))


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.smoke
@pytest.mark.parametrize("name", ARMS)
def test_the_article_s_full_size_is_replayed_to_rounding(name: str) -> None:
    """Without VIGAN_SOAK one recording, and once: that a watcher changes nothing, the small recordings say."""
    if name != "bn_reg1" and not os.environ.get("VIGAN_SOAK"):
        pytest.skip("VIGAN_SOAK is not set: one recording of the full size only")
    lines: list[str] = []
    file, twice = FULL_SIZE / f"{name}.npz", bool(os.environ.get("VIGAN_SOAK"))
    result = verify(file, progress=lines.append, twice=twice)
    assert_to_rounding(result, twice=twice)
    assert result["updates"] == len(np.load(file)["loss"])
    assert len(lines) == (1 + twice) * np.load(file)["iterations"]


def assert_to_rounding(result: dict[str, Any], *, twice: bool = True) -> None:
    """Losses and samples to 1e-13, each variable to 1e-12 of its own largest value (a beta may be as small as 1e-3).

    The bias of D's logit moves by gradients that cancel (without BN, at the start, to 1e-9), which Adam divides by
    their own size: it agrees to 1e-11 of one step.
    """
    errors = dict(result["errors"])
    assert set(errors) == {
        "loss", "adversarial", "penalty", "order", "sample_before", "sample_after", "weights",
        *(["unwatched"] if twice else []),
    }  # fmt: skip
    cancels = result["worst_variable"] == "discriminator/flatten_fully_connected/fully_connected/biases"
    assert errors.pop("weights") <= (1e-11 if cancels else 1e-12)
    assert max(errors.values()) <= 1e-13
    assert result["passed"]


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
        ("regularised", lambda value: 1 - value),
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
    with pytest.raises(RecordingError, match=f"{path}: not a recording .* .no '{key}'"):
        verify(path)


@pytest.mark.parametrize("key", ["init/generator/Conv2d_transpose/weights", "final/discriminator/Conv/biases"])
def test_a_trace_that_lacks_a_variable_is_told_which(key: str, corrupt: Corrupt) -> None:
    with pytest.raises(RecordingError, match=f"no '{key}'"):
        verify(corrupt(key, None))


@pytest.mark.parametrize("content", [None, b"hello", b"PK\x03\x04 not a zip", b"\x80\x04."])
def test_a_file_that_is_no_archive_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "trace.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordingError, match=f"{path}: not a recording"):
        verify(path)


def test_what_else_is_packed_with_a_trace_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "trace.npz"
    path.write_bytes(FIXTURES[0].read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("README.txt", "of last year")
        archive.writestr("__MACOSX/._loss.npy", b"\x00\x05\x16\x07")
    assert set(load(path).arrays) == set(np.load(FIXTURES[0]))


@pytest.mark.parametrize("kept", ["norms", "moved"])
def test_a_compact_recording_is_refused_for_its_shapes_before_it_is_replayed(kept: str) -> None:
    found = load(FULL_SIZE / "nobn_reg0.npz")
    key = f"{kept}/generator/Conv2d_transpose/weights"
    networks = build(found.arm, (CHANNELS, SIDE, SIDE), seed=0).double()
    short = found._replace(arrays={**found.arrays, key: found.arrays[key][:-1]})
    with pytest.raises(RecordingError, match=rf"'{key}' has shape \(\d+,\), not"):
        short.start(networks)


def test_a_truncated_or_damaged_trace_is_named(tmp_path: Path) -> None:
    whole, path = FIXTURES[0].read_bytes(), tmp_path / "trace.npz"
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for content in (whole[: len(whole) // 2], bytes(flipped)):
        path.write_bytes(content)
        with pytest.raises(RecordingError, match=f"{path}: not a recording"):
            verify(path)


def test_a_trace_is_never_unpickled(corrupt: Corrupt) -> None:
    path = corrupt("loss", lambda values: values.astype(object))
    with pytest.raises(RecordingError, match="not a recording"):
        verify(path)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("seed", lambda value: value + 1),
        ("seed", lambda value: value.astype(float)),
        ("g_updates_per_batch", lambda value: value - 1),
        ("batch_norm", lambda value: 1 - value),
        ("dim", lambda value: value * 10**6),
        ("batch_size", lambda value: value * 10**9),
        ("iterations", lambda value: value * 10**12),
        ("iterations", lambda value: np.array([3, 3])),
        ("inner", lambda value: value * 0),
        ("loss", lambda values: values * np.nan),
        ("penalty", lambda values: values.astype("U9")),
        ("z_sample", lambda values: values[:, :-1]),
        ("z_sample", lambda values: values + 1),
        ("sample_after", lambda values: values[0]),
        ("init/generator/Conv2d_transpose/weights", lambda values: values[..., :-1]),
        ("final/discriminator/Conv_2/BatchNorm/moving_mean", lambda values: values[None]),
    ],
)
def test_a_file_that_contradicts_itself_is_no_recording(key: str, change: Change, corrupt: Corrupt) -> None:
    with pytest.raises(RecordingError, match="not a recording of the released graph"):
        verify(corrupt(key, change))


def test_a_file_that_claims_more_than_a_recording_can_hold_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    arrays: dict[str, Any] = dict.fromkeys(map(str, range(9)), np.zeros(1 << 24))
    np.savez_compressed(path, **arrays)
    with pytest.raises(RecordingError, match="GiB of arrays"):
        verify(path)


def test_the_variable_that_differs_most_is_named_on_its_own_scale(corrupt: Corrupt) -> None:
    name = "generator/Conv2d_transpose/weights"  # of a layer whose gamma is fifty times as large
    largest = np.abs(np.load(FIXTURES[1])[f"final/{name}"]).max()

    def moved(values: np.ndarray) -> np.ndarray:
        values.flat[5] += 1e-9 * largest
        return values

    result = verify(corrupt(f"final/{name}", moved))
    assert result["worst_variable"] == name
    assert result["errors"]["weights"] == pytest.approx(1e-9, rel=0.05)


def test_a_wrong_file_and_one_that_differs_end_with_codes_of_their_own(
    corrupt: Corrupt, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (wrong := tmp_path / "wrong.npz").write_bytes(b"hello")
    assert main(["verify-trace", str(wrong)]) == 2
    assert "not a recording" in capsys.readouterr().err
    assert main(["verify-trace", str(FIXTURES[0]), str(corrupt("loss", scaled(0, 1.1)))]) == 1
    printed = capsys.readouterr()
    assert '"passed": false' in printed.out
    assert "iteration 3 of 3" in printed.err
    assert main(["verify-trace", str(FIXTURES[0])]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
