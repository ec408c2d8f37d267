from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vigan.golden.full_size import fingerprint, initial, norms, projections
from vigan.golden.recording import RecordingError, load
from vigan.golden.replay import Replay

FILE = Path(__file__).parents[1] / "fixtures" / "released-full-size" / "bn_reg1.npz"
SHAPES = {"discriminator/Conv/weights": (5, 5, 3, 4), "generator/Conv2d_transpose/BatchNorm/gamma": (4,),
          "generator/Conv2d_transpose/weights": (5, 5, 4, 8), "discriminator/Conv/biases": (4,)}  # fmt: skip


def test_start_values_are_normal_cut_off_for_d_s_convolutions_and_do_not_depend_on_the_order_of_names() -> None:
    start = initial(3, SHAPES)
    again = initial(3, dict(reversed(SHAPES.items())))
    assert all(np.array_equal(start[name], again[name]) for name in SHAPES)
    assert fingerprint(start) == fingerprint(again) != fingerprint(initial(4, SHAPES))
    assert (
        np.abs(start["discriminator/Conv/weights"]).max()
        <= 0.04
        < np.abs(start["generator/Conv2d_transpose/weights"]).max()
    )
    assert (start["generator/Conv2d_transpose/BatchNorm/gamma"] == 1).all()
    assert (start["discriminator/Conv/biases"] == 0).all()


def test_one_weight_of_a_million_that_moves_shows_in_the_projections() -> None:
    value = np.random.default_rng(0).normal(size=(1000, 1000)) * 0.02
    moved = value.copy()
    moved[17, 400] += 1e-9
    size = norms(value, value)[0]
    assert np.abs(projections("a", moved) - projections("a", value)).max() / size > 1e-11


@pytest.mark.parametrize("key", ["init_seed", "init_crc32"])
def test_a_start_that_its_seed_does_not_give_is_refused(key: str, tmp_path: Path) -> None:
    arrays = dict(np.load(FILE))
    arrays[key] = arrays[key] + 1
    np.savez(path := tmp_path / "x.npz", **arrays)
    with pytest.raises(RecordingError, match="start weights"):
        Replay(load(path))


@pytest.mark.parametrize("key", ["norms/generator/Conv2d_transpose/weights", "moved/discriminator/Conv_1/weights"])
def test_a_compact_recording_without_a_variable_s_end_is_refused(key: str, tmp_path: Path) -> None:
    arrays = dict(np.load(FILE))
    del arrays[key]
    np.savez(path := tmp_path / "x.npz", **arrays)
    with pytest.raises(RecordingError, match=f"no '{key}'"):
        Replay(load(path))
