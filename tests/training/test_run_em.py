"""EM through the run that trains every arm: its steps, its mixture, its telemetry, its snapshots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from vigan import provenance
from vigan.config.arms import Arm, Mixture, RunSpec
from vigan.config.base import ConfigError
from vigan.config.datasets import Ring
from vigan.config.load import load_study
from vigan.models.build import Networks, build
from vigan.objectives import em
from vigan.training.run import Run
from vigan.training.snapshots import load_snapshot, sample

COUNT, COMPONENTS, FLOOR = 60, 3, 1e-6


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """Three clouds of different shape, sixty points."""
    draws = np.random.default_rng(3)
    centres = np.repeat([[0.0, 0.0], [2.0, 0.5], [-1.0, 1.5]], COUNT // COMPONENTS, axis=0)
    return (centres + draws.standard_normal((COUNT, 2)) * [0.4, 0.2]).astype(np.float32)


def spec(iterations: int = 12, log_every: int = 1) -> RunSpec:
    arm = Arm.model_validate(
        {
            "model": {"kind": "em", "floor": FLOOR}, "network": Mixture(kind="mixture", components=COMPONENTS),
            "reading": "literal", "d_batches": 0, "g_batches": 1, "batch_size": COUNT, "lambda_sum": 0.0,
        }
    )  # fmt: skip
    return RunSpec(
        name="em", arm=arm, dataset=Ring(source="ring", count=COUNT), seed=0, iterations=iterations,
        snapshots=(0, iterations // 2, iterations), log_every=log_every,
    )  # fmt: skip


def begin(points: np.ndarray, folder: Path, made: RunSpec | None = None) -> Run:
    return Run(made or spec(), points, folder, torch.device("cpu"))


def start() -> em.Mixture:
    """The mixture that every run of seed 0 starts from."""
    mixture: Any = build(spec().arm, (2,), seed=0).generator
    return em.Mixture(mixture.weights, mixture.means, mixture.covariances)


def found(run: Run) -> em.Mixture:
    mixture: Any = run.networks.generator
    return em.Mixture(mixture.weights, mixture.means, mixture.covariances)


def test_the_joint_kl_falls_at_every_half_step(points: np.ndarray, tmp_path: Path) -> None:
    outcome = begin(points, tmp_path).train()
    assert outcome.columns == ("iteration", "p_step", "q_step")
    told = outcome.telemetry[:, 1:].ravel()
    assert len(told) == 24
    assert (np.diff(told) < 1e-13 + 2 * FLOOR).all()
    assert told[0] - told[-1] > 1


def test_what_is_told_is_the_joint_kl_after_either_step(points: np.ndarray, tmp_path: Path) -> None:
    outcome = begin(points, tmp_path, spec(iterations=2)).train()
    x, mixture, told = torch.from_numpy(points).double(), start(), []
    for _ in range(2):
        table = em.posterior(x, mixture)
        told.append(em.joint_kl(x, table, mixture).item())
        mixture = em.maximise(x, table, FLOOR)
        told.append(em.joint_kl(x, table, mixture).item())
    np.testing.assert_allclose(outcome.telemetry[:, 1:].ravel(), told, rtol=1e-12)


@pytest.mark.parametrize("iterations", [2, 12])
def test_the_mixture_is_that_of_plain_em_and_of_scikit_learn(
    iterations: int, points: np.ndarray, tmp_path: Path
) -> None:
    run = begin(points, tmp_path, spec(iterations))
    run.train()
    x, mixture = torch.from_numpy(points).double(), start()
    first = mixture
    for _ in range(iterations):
        mixture = em.maximise(x, em.posterior(x, mixture), FLOOR)
    theirs = GaussianMixture(
        COMPONENTS, tol=0.0, reg_covar=FLOOR, max_iter=iterations, weights_init=first.weights.numpy(),
        means_init=first.means.numpy(), precisions_init=np.linalg.inv(first.covariances.numpy()),
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning):
        theirs.fit(x.numpy())
    for ours, plain, other in zip(
        found(run), mixture, (theirs.weights_, theirs.means_, theirs.covariances_), strict=True
    ):
        torch.testing.assert_close(ours, plain, rtol=0, atol=1e-10)
        np.testing.assert_allclose(ours.numpy(), other, rtol=0, atol=1e-8)


def test_a_run_killed_and_resumed_is_the_run_that_went_straight_on(points: np.ndarray, tmp_path: Path) -> None:
    class Stop(BaseException):
        """Stands for a kill between two iterations."""

    def stop(done: int, row: object, networks: Networks) -> None:
        if done == 5:
            raise Stop

    straight = begin(points, tmp_path / "straight").train()
    with pytest.raises(Stop):
        begin(points, tmp_path / "cut").train((stop,), save_every=0.0)
    last = begin(points, tmp_path / "cut")
    assert last.iteration == 4
    resumed = last.train()
    assert resumed.weights_hash == straight.weights_hash
    np.testing.assert_array_equal(resumed.telemetry, straight.telemetry)


def test_how_often_it_is_logged_changes_no_mixture(points: np.ndarray, tmp_path: Path) -> None:
    hashes = {begin(points, tmp_path / str(n), spec(log_every=n)).train().weights_hash for n in (1, 5, 12)}
    assert len(hashes) == 1


def test_a_snapshot_is_the_mixture_and_is_sampled_like_any_generator(points: np.ndarray, tmp_path: Path) -> None:
    run = begin(points, tmp_path)
    run.train()
    kept = safetensors.torch.load_file(tmp_path / "snapshots" / "000000012.safetensors")
    assert kept.keys() == {"weights", "means", "covariances"}
    assert all(tensor.dtype == torch.float64 for tensor in kept.values())
    other = build(spec().arm, (2,), seed=5)
    load_snapshot(tmp_path / "snapshots", 12, other)
    z = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0))
    fakes = sample(other.generator, z)
    assert torch.equal(fakes, sample(run.networks.generator, z))
    assert fakes.dtype == torch.float32
    np.testing.assert_allclose(fakes.mean(0).numpy(), points.mean(0), atol=0.08)


@pytest.mark.parametrize("name", ["initial mixture is the seed's own", "another seed starts elsewhere"])
def test_the_first_mixture_depends_on_the_seed_alone(name: str) -> None:
    first: Any = build(spec().arm, (2,), seed=0).generator
    again: Any = build(spec().arm, (2,), seed=int(name.startswith("another"))).generator
    assert torch.equal(first.means, again.means) == name.startswith("initial")
    assert torch.equal(first.weights, again.weights)


STUDY = """\
study: mixed
title: EM
seeds: [0]
datasets:
  ring: {source: ring, count: 5000}
  digits: {source: digits}
experiments:
  one:
    title: EM
    dataset: ring
    iterations: 2
    snapshots: 1
    protocols: [{kind: toy-modes, samples: 100}]
    shared: {reading: literal, d_batches: 0, g_batches: 1, batch_size: 5000, lambda_sum: 0.0}
    arms:
      mixture: {model: {kind: em}, network: {kind: mixture, components: 8}}
"""
MISTAKES = {
    "part of the data": ("batch_size: 5000", "batch_size: 500", "batch_size 5000, its count, not 1 and 500"),
    "several batches": ("g_batches: 1", "g_batches: 2", "write g_batches 1"),
    "images": ("dataset: ring", "dataset: digits", "network 'mixture' does not fit dataset 'digits'"),
    "a perceptron": ("kind: mixture, components: 8", "kind: mlp", "model 'em' is made of network mixture, not 'mlp'"),
    "a mixture for a GAN": ("model: {kind: em}, ", "", "model 'gan' is made of network mlp or dcgan, not 'mixture'"),
    "a network for images": (
        "{model: {kind: em}, network: {kind: mixture, components: 8}}",
        "{model: {kind: vae, std: 0.1}, network: {kind: dcgan, batch_norm: false}}",
        "network 'dcgan' does not fit dataset 'ring'",
    ),
    "a precision": ("g_batches: 1", "g_batches: 1, precision: bf16", "EM calculates in float64"),
    "a D": ("d_batches: 0", "d_batches: 1", "'em' has no D"),
    "an optimiser of D": ("g_batches: 1", "g_batches: 1, d_optimiser: {lr: 0.1}", "'em' has no D: leave out"),
    "a regulariser": ("lambda_sum: 0.0", "lambda_sum: 1.0", "'em' has no D"),
    "no encoder": ("kind: toy-modes", "kind: reconstruction", "'em' has no encoder"),
}


def load(text: str, folder: Path) -> None:
    (folder / "mixed.yaml").write_text(text)
    load_study(folder / "mixed.yaml")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_study_in_which_em_would_not_be_em_is_refused(mistake: str, tmp_path: Path) -> None:
    old, new, complaint = MISTAKES[mistake]
    assert old in STUDY
    load(STUDY, tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(STUDY.replace(old, new), tmp_path)
    assert complaint in str(caught.value)


def test_iterations_come_with_the_whole_data_set_each(points: np.ndarray, tmp_path: Path) -> None:
    run: Run = begin(points, tmp_path)
    taken: Callable[[int], Any] = run.source.iteration
    for index in range(3):
        ((x, _),) = taken(index).phases["p_step"]
        assert sorted(map(tuple, x.tolist())) == sorted(map(tuple, points.tolist()))


def test_its_code_has_a_digest_as_every_stage_asks_for() -> None:
    assert len(provenance.stage_digest("train", spec().arm.modules)) == 64
