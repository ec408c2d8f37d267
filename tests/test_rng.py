from __future__ import annotations

import itertools
import random
import sys

import numpy as np
import pytest
import torch

from vigan.rng import Stream, generator, global_draws

STREAMS: tuple[Stream, ...] = ("init", "data", "latent", "eval", "prepare", "metric")


def test_the_same_key_gives_the_same_numbers() -> None:
    first, second = (generator(3, "latent", 7).standard_normal(1000) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_draw_does_not_depend_on_other_draws() -> None:
    alone = generator(0, "data", 5).permutation(100)
    generator(0, "data", 4).standard_normal(10)
    other = generator(0, "latent", 5)
    other.standard_normal(10)
    np.testing.assert_array_equal(generator(0, "data", 5).permutation(100), alone)


def test_seeds_streams_and_blocks_give_numbers_of_their_own() -> None:
    keys = list(itertools.product(range(4), STREAMS, (0, 1, 2, 10, 11, "generator.linear.weight", "linear.weight")))
    draws = np.stack([generator(*key).standard_normal(500) for key in keys])
    correlations = np.corrcoef(draws) - np.eye(len(keys))
    assert np.abs(correlations).max() < 5.5 / np.sqrt(500)
    assert len(np.unique(draws[:, 0])) == len(keys)


def test_neighbouring_numbers_in_a_key_are_not_run_together() -> None:
    assert generator(1, "data", 11).integers(2**60) != generator(11, "data", 1).integers(2**60)


def test_draws_are_standard_normal() -> None:
    draws = np.concatenate([generator(0, "latent", block).standard_normal(1000) for block in range(100)])
    assert abs(draws.mean()) < 5 / np.sqrt(len(draws))
    assert abs(draws.var() - 1) < 5 * np.sqrt(2 / len(draws))


def test_global_generators_are_left_alone() -> None:
    before = (np.random.get_state()[1].copy(), random.getstate(), torch.get_rng_state())  # type: ignore[union-attr]
    generator(0, "init", "x").standard_normal(100)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # type: ignore[index]
    assert random.getstate() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])


@pytest.mark.parametrize(
    ("seed", "stream", "block", "expected"),
    [
        (0, "init", "generator.linear.weight", [0.21463244331624975, 0.48654953176765936, 0.25893371232587303]),
        (1, "latent", 12, [0.6020631194114685, -0.9984831809997559, -0.18333151936531067]),
    ],
)
def test_numbers_of_earlier_studies_can_be_drawn_again(
    seed: int, stream: Stream, block: int | str, expected: list[float]
) -> None:
    dtype = np.float32 if stream == "latent" else np.float64
    assert generator(seed, stream, block).standard_normal(3, dtype=dtype).tolist() == expected


def test_permutations_and_integers_of_earlier_studies_can_be_drawn_again() -> None:
    assert generator(3, "data", 7).permutation(8).tolist() == [0, 2, 7, 6, 3, 4, 5, 1]
    assert generator(2**40, "eval").integers(0, 2**32, 3).tolist() == [573892639, 3082294404, 90383204]


@pytest.mark.parametrize(
    ("draw", "whose"),
    [
        (lambda: None, []),
        (lambda: np.random.default_rng(0).random(), []),
        (random.random, []),
        (lambda: np.random.rand(), ["numpy"]),
        (lambda: np.random.seed(3), ["numpy"]),
        (lambda: torch.rand(1), ["torch"]),
        (lambda: torch.nn.Linear(2, 2), ["torch"]),
    ],
)
@pytest.mark.parametrize("imported", ["before", "within"])
def test_draws_from_global_generators_are_told(
    draw, whose: list[str], imported: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(5)  # as in a process that has drawn nothing of torch's
    if imported == "within":
        monkeypatch.delitem(sys.modules, "torch")
    with global_draws() as drawn:
        monkeypatch.setitem(sys.modules, "torch", torch)
        draw()
    assert drawn == whose
