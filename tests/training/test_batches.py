from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from vigan.config.arms import RunSpec
from vigan.io.files import RecordError
from vigan.training.batches import BatchSource
from vigan.training.device_data import as_input
from vigan.training.latents import evaluation_latents

CPU = torch.device("cpu")
Maker = Callable[..., RunSpec]


@pytest.fixture
def points() -> np.ndarray:
    """Nineteen examples that can be told apart: batches of four leave three out of each epoch."""
    return np.arange(38, dtype=np.float32).reshape(19, 2)


def shown(source: BatchSource, iterations: int) -> list[list[float]]:
    """First coordinate of every real batch, in order."""
    return [real[:, 0].tolist() for i in range(iterations) for real, _ in source.iteration(i).phases["d"]]


@pytest.mark.parametrize("d_batches", [1, 3])
def test_an_epoch_shows_no_example_twice_and_drops_its_incomplete_batch(
    d_batches: int, spec: Maker, points: np.ndarray
) -> None:
    source = BatchSource(spec("mlp", d_batches=d_batches), points, CPU)
    batches = shown(source, 12 // d_batches)
    epochs = [[x for batch in batches[start : start + 4] for x in batch] for start in (0, 4, 8)]
    for epoch in epochs:
        assert len(epoch) == 16 == len(set(epoch))
        assert set(epoch) <= set(points[:, 0].tolist())
    assert epochs[0] != epochs[1] != epochs[2]
    assert len(set(map(frozenset, epochs))) > 1


def test_any_iteration_can_be_asked_for_alone(spec: Maker, points: np.ndarray) -> None:
    made = spec("mlp", batches=3)
    straight = [BatchSource(made, points, CPU).iteration(index) for index in range(9)]
    source = BatchSource(made, points, CPU)
    for index in (7, 0, 8, 3, 3):
        asked = source.iteration(index)
        assert asked.iteration == index
        for phase in ("d", "g"):
            for (real, z), (expected_real, expected_z) in zip(
                asked.phases[phase], straight[index].phases[phase], strict=True
            ):
                assert (real is None) == (expected_real is None) == (phase == "g")
                assert real is None or torch.equal(real, expected_real)
                assert torch.equal(z, expected_z)


def test_arms_of_one_seed_see_the_same_images_and_latents(spec: Maker, points: np.ndarray) -> None:
    plain = BatchSource(spec("mlp", lambda_mean=0.0), points, CPU)
    others = [
        BatchSource(spec("mlp", **fields), points, CPU)
        for fields in (
            {"lambda_mean": 5.0},
            {"reading": "literal"},
            {"reading": "proximal", "updates_per_batch": 5},
            {"optimiser": {"kind": "adam"}},
        )
    ]
    for index in range(6):
        (real, z), *_ = plain.iteration(index).phases["d"]
        for other in others:
            found = other.iteration(index)
            assert torch.equal(found.phases["d"][0].x, real)
            assert torch.equal(found.phases["d"][0].z, z)
            assert torch.equal(found.phases["g"][0].z, plain.iteration(index).phases["g"][0].z)


def test_another_seed_sees_other_images_and_latents(spec: Maker, points: np.ndarray) -> None:
    first, second = (BatchSource(spec("mlp", seed=seed), points, CPU) for seed in (0, 1))
    assert shown(first, 4) != shown(second, 4)
    assert not torch.isclose(first.iteration(0).phases["g"][0].z, second.iteration(0).phases["g"][0].z).any()


def test_no_latent_is_used_twice(spec: Maker, points: np.ndarray) -> None:
    source = BatchSource(spec("mlp", d_batches=2, g_batches=3), points, CPU)
    draws: list[torch.Tensor] = []
    for index in range(5):
        batches = source.iteration(index)
        assert {name: len(own) for name, own in batches.phases.items()} == {"d": 2, "g": 3}
        draws += [z for own in batches.phases.values() for _, z in own]
    every = torch.cat(draws)
    assert every.shape == (5 * 5 * 4, 2)
    assert every.dtype == torch.float32
    assert len(torch.unique(every)) == every.numel()
    assert abs(every.mean().item()) < 5 / every.numel() ** 0.5


def test_too_few_examples_for_a_batch_are_refused(spec: Maker, points: np.ndarray) -> None:
    with pytest.raises(RecordError, match="3 examples cannot fill a batch of 4"):
        BatchSource(spec("mlp"), points[:3], CPU)
    assert len(BatchSource(spec("mlp"), points[:4], CPU).iteration(5).phases["d"][0].x) == 4


def test_every_grey_level_becomes_x_over_127_5_minus_one() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    found = as_input(levels, CPU)
    assert found.dtype == torch.float32
    assert found.shape == levels.shape
    np.testing.assert_allclose(found.numpy().ravel(), np.arange(256) / 127.5 - 1, atol=1.2e-7)
    assert (found.min(), found.max()) == (-1, 1)
    np.testing.assert_array_equal(levels.ravel(), np.arange(256))


def test_points_stay_as_they_are(points: np.ndarray) -> None:
    np.testing.assert_array_equal(as_input(points, CPU).numpy(), points)


def test_images_reach_d_scaled(spec: Maker, examples: dict[str, np.ndarray]) -> None:
    ((real, _),) = BatchSource(spec("bn"), examples["bn"], CPU).iteration(0).phases["d"]
    assert real.shape == (4, 1, 32, 32)
    assert -1 <= real.min() < -0.9
    assert 0.9 < real.max() <= 1


def test_evaluation_latents_are_one_list_of_which_more_is_a_longer_part() -> None:
    short, long = evaluation_latents(3, 10, 5), evaluation_latents(3, 20, 5)
    assert long.shape == (20, 5)
    assert torch.equal(short, long[:10])
    assert not torch.equal(short, evaluation_latents(4, 10, 5))
