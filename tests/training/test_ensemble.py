from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from vigan.bench.ensemble import Ensemble
from vigan.bench.stacked import stacked
from vigan.config.arms import RunSpec
from vigan.models.build import build
from vigan.training.cuda_graph import CapturedEngine

CPU = torch.device("cpu")
SEEDS = [0, 3, 7]


@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("kind", ["adam_tf1", "adam"])
def test_each_member_is_its_own_run_to_rounding(
    batches: int, kind: str, spec: Callable[..., RunSpec], game: Callable[..., Any], examples: dict[str, np.ndarray]
) -> None:
    fields: dict[str, Any] = {"batches": batches, "optimiser": {"kind": kind, "lr": 1e-3}}
    ensemble = Ensemble(spec("mlp", **fields), SEEDS, examples["mlp"], CPU)
    for index in range(5):
        ensemble.engine.iterate(ensemble.batches(index))
    for position, seed in enumerate(SEEDS):
        alone = game("mlp", seed=seed, **fields)
        for index in range(5):
            alone.engine.iterate(alone.batches(index))
        for together, apart in zip(ensemble.networks.values(), alone.networks.values(), strict=True):
            for ours, theirs in zip(together.member(position), apart.parameters(), strict=True):
                torch.testing.assert_close(ours, theirs.detach(), rtol=2e-4, atol=2e-6)


def test_members_differ_and_go_on_from_their_own_weights(
    spec: Callable[..., RunSpec], examples: dict[str, np.ndarray]
) -> None:
    ensemble = Ensemble(spec("mlp"), SEEDS, examples["mlp"], CPU)
    first = build(spec("mlp").arm, (2,), seed=3).generator
    found = ensemble.networks.generator.member(1)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, first.parameters(), strict=True))
    batches = ensemble.batches(0)
    assert batches.phases["g"][0].z.shape == (3, 4, 2)
    assert not torch.equal(*batches.phases["g"][0].z[:2])


def test_an_ensemble_is_recorded_as_one_run_is(
    spec: Callable[..., RunSpec], examples: dict[str, np.ndarray], identical: Callable[..., bool]
) -> None:
    states = []
    for record in (False, True):
        ensemble = Ensemble(spec("mlp"), SEEDS, examples["mlp"], CPU)
        trainer = CapturedEngine(ensemble.engine, lambda play: play) if record else ensemble.engine
        for index in range(6):
            trainer.iterate(ensemble.batches(index))
        states.append(ensemble.networks.generator.state_dict())
    assert identical(*states)


def test_convolutional_games_cannot_be_stacked(spec: Callable[..., RunSpec]) -> None:
    member = build(spec("bn").arm, (1, 32, 32), seed=0)
    with pytest.raises(TypeError, match="only perceptrons"):
        stacked([member, member])


def test_stabilisers_that_are_written_for_one_run_are_refused(
    spec: Callable[..., RunSpec], examples: dict[str, np.ndarray]
) -> None:
    with pytest.raises(ValueError, match=r"written for one run \(r1\)"):
        Ensemble(spec("mlp", stabilisers={"r1": {"gamma": 1.0}}), SEEDS, examples["mlp"], CPU)
