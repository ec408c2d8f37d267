"""What D says of training examples, held-out ones and fakes: from a snapshot to rows of the long table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from studies import run_to_tables

from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.data.store import load
from vigan.evaluation.references import Measurement, measurement
from vigan.io.files import RecordError
from vigan.io.run_record import read_run
from vigan.layout import Layout
from vigan.metrics.membership import decisions
from vigan.models.build import build
from vigan.stages.evaluate import _measure
from vigan.stages.sampler import Sampler
from vigan.training.device_data import as_input
from vigan.training.latents import evaluation_latents
from vigan.training.snapshots import judge, load_discriminator, load_snapshot, sample, save_snapshot

STUDY: dict[str, Any] = {
    "study": "judged",
    "title": "What D says",
    "seeds": [0],
    "datasets": {
        "few": {"source": "digits", "held_out": 1757},
        "points": {"source": "ring", "count": 150, "held_out": 70},
        "images": {"source": "digits", "held_out": 1600},
    },
    "experiments": {
        "few": {
            "title": "Forty images", "dataset": "few", "iterations": 200, "snapshots": 2, "log_every": 100,
            "keep_discriminator": True, "protocols": [{"kind": "discriminator", "samples": 40}],
            "shared": {"network": {"kind": "dcgan", "dim": 8, "latent": 8, "batch_norm": False}, "reading": "literal",
                       "d_batches": 1, "g_batches": 1, "batch_size": 20, "lambda_mean": 0.0,
                       "optimiser": {"kind": "adam_tf1", "lr": 1e-3}},
            "arms": {"few-gan": {}},
        },
        "points": {
            "title": "Points", "dataset": "points", "iterations": 4, "snapshots": 2, "log_every": 2,
            "keep_discriminator": True, "protocols": [{"kind": "discriminator", "samples": 60}],
            "shared": {"network": {"kind": "mlp", "width": 8}, "reading": "literal", "d_batches": 1, "g_batches": 1,
                       "batch_size": 80, "lambda_sum": 0.0},
            "arms": {"points-critic": {"model": {"kind": "gan", "loss": "wasserstein"}},
                     "points-squares": {"model": {"kind": "gan", "loss": "least-squares"}}},
        },
        "images": {
            "title": "Images", "dataset": "images", "iterations": 4, "snapshots": 2, "log_every": 2,
            "keep_discriminator": True, "protocols": [{"kind": "discriminator", "samples": 60}],
            "shared": {"network": {"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": True}, "reading": "released",
                       "d_batches": 1, "g_batches": 1, "batch_size": 16, "lambda_mean": 1.0},
            "arms": {"images-bn": {}, "images-spectral": {"stabilisers": {"spectral_norm": {}}},
                     "images-average": {"stabilisers": {"ema": {"decay": 0.5}}}},
        },
    },
}  # fmt: skip
ARMS = {
    "few-gan": "literal",
    "points-critic": "literal",
    "points-squares": "literal",
    "images-bn": "released",
    "images-spectral": "released",
    "images-average": "released",
}


def study_in(folder: Path, **changes: Any) -> Path:
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY | changes))
    return folder / "study.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, trained and measured."""
    made = tmp_path_factory.mktemp("judged")
    run_to_tables(study_in(made))
    return made


def folder_of(folder: Path, arm: str) -> Path:
    """The prepared data set that an arm is trained on."""
    study = load_study(folder / "study.yaml")
    return folder / Layout(study).data(study.dataset_of(arm))


def sampler_of(folder: Path, arm: str, snapshots: Path | None = None) -> Sampler:
    run, study = run_of(folder, arm), load_study(folder / "study.yaml")
    record = read_run(run / "run.json", study.run_spec(arm, 0))
    return Sampler(record, snapshots or run / "snapshots", torch.device("cpu"))


def reals_of(folder: Path, arm: str) -> np.ndarray:
    """Training examples and held-out ones that an arm's D is tried on."""
    study = load_study(folder / "study.yaml")
    (protocol,) = study.protocols_of(arm)
    found = measurement(protocol, study.dataset_of(arm), load(folder_of(folder, arm)), "cpu", folder / "unused.npz")
    assert found.reals is not None
    return found.reals


def run_of(folder: Path, arm: str) -> Path:
    return folder / "results" / "judged" / "runs" / arm / ARMS[arm] / "seed-0"


def table(folder: Path, arm: str) -> pd.DataFrame:
    return pd.read_csv(run_of(folder, arm) / "metrics.csv").pivot(index="step", columns="metric", values="value")


@pytest.mark.parametrize("arm", ARMS)
def test_every_snapshot_has_shares_and_a_membership(arm: str, folder: Path) -> None:
    found = table(folder, arm)
    assert len(found) == 3
    assert set(found) == {"finite", "real_training", "real_held_out", "real_fakes", "membership"}
    assert found.to_numpy().min() >= 0
    assert found.to_numpy().max() <= 1


def test_a_d_that_has_learned_calls_digits_real_whoever_has_seen_them_and_noise_less_so(folder: Path) -> None:
    found = table(folder, "few-gan")
    assert found["membership"].iloc[0] == pytest.approx(0.5, abs=0.15)
    last = found.iloc[-1]
    assert min(last["real_training"], last["real_held_out"]) > 0.9
    prepared = load(folder_of(folder, "few-gan"))
    noise = np.random.default_rng(0).integers(0, 256, prepared.array.shape, dtype=np.uint8)
    logits, _ = sampler_of(folder, "few-gan").judged(200, np.stack([prepared.array, noise]))
    assert decisions(logits)["membership"] > 0.8


def test_training_examples_come_first_and_then_held_out_ones_in_another_order_than_on_disk(folder: Path) -> None:
    prepared, reals = load(folder_of(folder, "images-bn"), verify=True), reals_of(folder, "images-bn")
    assert prepared.held_out is not None
    for some, whole in zip(reals, (prepared.array, prepared.held_out), strict=True):
        places = {x.tobytes(): place for place, x in enumerate(whole)}
        found = [places[x.tobytes()] for x in some]
        assert len(set(found)) == len(found) == 60
        assert found != sorted(found)


def test_a_d_that_knows_its_training_examples_by_heart_is_found_out(folder: Path, tmp_path: Path) -> None:
    """A D that was fitted to tell them from the held-out ones, in the place of a snapshot's."""
    sampler, reals = sampler_of(folder, "few-gan"), reals_of(folder, "few-gan")
    networks = build(sampler.spec.arm, sampler.spec.dataset.shape, seed=0)
    x = torch.cat([as_input(some, torch.device("cpu")) for some in reals])
    known = torch.repeat_interleave(torch.tensor([1.0, 0.0]), len(reals[0]))
    optimiser = torch.optim.Adam(networks.discriminator.parameters(), 1e-3)
    for _ in range(60):
        optimiser.zero_grad()
        logits = networks.discriminator(x).reshape(-1)
        torch.nn.functional.binary_cross_entropy_with_logits(logits, known).backward()
        optimiser.step()
    save_snapshot(tmp_path, 200, networks, discriminator=True)
    logits, _ = sampler_of(folder, "few-gan", tmp_path).judged(200, reals)
    found = decisions(logits)
    assert found["membership"] > 0.95
    assert found["real_training"] > found["real_held_out"] + 0.5


def test_fakes_are_those_of_the_generator_that_was_trained(folder: Path) -> None:
    sampler = sampler_of(folder, "images-average")
    logits, _ = sampler.judged(4, reals_of(folder, "images-average")[:, :16])
    latents = evaluation_latents(0, 16, sampler.spec.arm.network.latent)
    found = {}
    for trained in (True, False):
        networks = build(sampler.spec.arm, sampler.spec.dataset.shape, seed=0)
        load_snapshot(sampler.folder, 4, networks, trained=trained)
        load_discriminator(sampler.folder, 4, networks)
        found[trained] = judge(networks.discriminator, [sample(networks.generator, latents)]).numpy()
    np.testing.assert_allclose(logits[2], found[True], rtol=1e-5)
    assert np.abs(found[True] - found[False]).max() > 1e-4


def test_logits_that_are_not_finite_leave_no_number(folder: Path, tmp_path: Path) -> None:
    sampler, reals = sampler_of(folder, "images-bn"), reals_of(folder, "images-bn")
    networks = build(sampler.spec.arm, sampler.spec.dataset.shape, seed=0)
    next(iter(networks.discriminator.parameters())).data.fill_(float("nan"))
    save_snapshot(tmp_path, 4, networks, discriminator=True)
    broken = sampler_of(folder, "images-bn", tmp_path)
    assert not broken.judged(4, reals)[1]
    (protocol,) = load_study(folder / "study.yaml").protocols_of("images-bn")
    unmeasured = Measurement(lambda logits: pytest.fail(str(logits)), reals)
    rows = list(_measure(dict.fromkeys([protocol], unmeasured), broken, 4, (reals[0], True)))
    assert rows == [("finite", protocol.name, 0.0)]


@pytest.mark.parametrize("arm", ["images-bn", "images-average", "images-spectral"])
def test_logits_are_those_of_the_snapshot_s_own_d_on_batches_of_one_kind(arm: str, folder: Path) -> None:
    sampler = sampler_of(folder, arm)
    draw = np.random.default_rng(0)
    reals = draw.integers(0, 256, (2, 32, 1, 32, 32), dtype=np.uint8)
    before = {name: tensor.clone() for name, tensor in sampler.judging.state_dict().items()}
    logits, finite = sampler.judged(2, reals)
    assert finite
    assert logits.shape == (3, 32)
    again, _ = sampler.judged(2, np.stack([reals[0], reals[0]]))
    np.testing.assert_array_equal(again[0], logits[0])  # whatever stands beside it
    np.testing.assert_array_equal(again[1], logits[0])
    np.testing.assert_array_equal(again[2], logits[2])
    halves, _ = sampler.judged(2, reals[:, :16])
    np.testing.assert_allclose(halves[0], logits[0, :16], rtol=1e-5)  # a batch is 16 examples
    assert all(torch.equal(tensor, before[name]) for name, tensor in sampler.judging.state_dict().items())


def test_least_squares_have_a_threshold_of_a_half(folder: Path) -> None:
    sampler = sampler_of(folder, "points-squares")
    reals = reals_of(folder, "points-squares")
    networks = build(sampler.spec.arm, (2,), seed=0)
    load_discriminator(sampler.folder, 4, networks)
    raw = judge(networks.discriminator, [torch.from_numpy(reals[0])]).numpy()
    np.testing.assert_allclose(sampler.judged(4, reals)[0][0], raw - 0.5, rtol=1e-5, atol=1e-6)


def test_a_critic_s_logits_are_told_from_their_mean_on_training_examples_and_fakes(folder: Path) -> None:
    sampler = sampler_of(folder, "points-critic")
    logits, _ = sampler.judged(4, np.random.default_rng(0).normal(size=(2, 50, 2)).astype(np.float32))
    assert logits[[0, 2]].mean() == pytest.approx(0, abs=1e-6)


def test_a_data_set_prepared_without_them_is_refused(folder: Path) -> None:
    study = load_study(folder / "study.yaml")
    prepared = load(folder_of(folder, "images-bn"))
    bare = type(prepared)(prepared.array, prepared.labels, prepared.manifest)
    (protocol,) = study.protocols_of("images-bn")
    with pytest.raises(RecordError, match=r"takes 60 held-out examples, and 0 are there.*vigan prepare"):
        measurement(protocol, study.dataset_of("images-bn"), bare, "cpu", folder / "unused.npz")


@pytest.mark.parametrize(
    ("where", "change", "told"),
    [
        ("experiments", {"keep_discriminator": False}, "needs `keep_discriminator: true`"),
        ("datasets", {"held_out": 59}, "takes 60 examples that are kept from training, and 'images' has 59"),
        ("datasets", {"held_out": None}, "'images' has 0: set its `held_out`"),
        ("datasets", {"held_out": 1797}, "'images': `held_out` keeps all of its examples from training; lower it"),
        (
            "experiments",
            {"collapse": {"metric": "membership", "protocol": "discriminator", "below": 0.5, "relative_to": "real"}},
            "its rule needs the value of real data, and",
        ),
        ("arms", {"model": {"kind": "ali", "loss": "derived"}}, "'ali' has no discriminator of examples alone"),
        ("arms", {"model": {"kind": "vae", "std": 0.2}, "d_batches": 0}, "'vae' has no discriminator of examples"),
    ],
)
def test_a_study_in_which_nobody_could_be_judged_is_refused(
    where: str, change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    experiment = STUDY["experiments"]["images"]
    if where == "arms":
        arm = {"images-bn": {**change, "lambda_mean": 0.0, "reading": "literal"}}
        experiment = experiment | {"arms": arm}
    if where == "experiments":
        experiment = experiment | change
    images = STUDY["datasets"]["images"] | (change if where == "datasets" else {})
    images = {name: value for name, value in images.items() if value is not None}
    changed = study_in(tmp_path, datasets={"images": images}, experiments={"images": experiment})
    with pytest.raises(ConfigError, match=told):
        load_study(changed)
