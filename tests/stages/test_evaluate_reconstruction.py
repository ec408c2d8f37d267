"""Real examples beside their decoded codes: from the networks of a snapshot to a row of the long table and a claim."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from studies import run_to_tables

from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.data.store import load
from vigan.evaluation.references import draw_reals
from vigan.io.files import read_json
from vigan.metrics.reconstruction import squared_error
from vigan.metrics.validate import MetricError
from vigan.models.build import build
from vigan.training.snapshots import load_snapshot

STUDY = """\
study: coded
title: Codes in seconds
seeds: [0]
datasets:
  points: {source: ring, count: 900}
  images: {source: digits}
experiments:
  points:
    title: Points
    dataset: points
    iterations: 4
    snapshots: 2
    log_every: 1
    protocols: [{kind: toy-modes, samples: 500, redraws: 1}, {kind: reconstruction, samples: 800}]
    shared: {network: {kind: mlp, width: 8}, reading: released, d_batches: 1, g_batches: 1, batch_size: 8,
             lambda_sum: 0.0}
    arms:
      points-vae: {model: {kind: vae, std: 0.2}, reading: literal, d_batches: 0}
      points-ali: {model: {kind: ali, loss: derived}}
  images:
    title: Images
    dataset: images
    iterations: 2
    snapshots: 2
    log_every: 1
    protocols: [{kind: reconstruction, samples: 300}]
    shared: {network: {kind: dcgan, dim: 2, latent: 3, batch_norm: true}, reading: literal, d_batches: 1,
             g_batches: 1, batch_size: 8, lambda_sum: 0.0}
    arms:
      images-aae: {model: {kind: aae, decoder: after}}
claims:
  - {id: C6, statement: "It decodes better.", place: here, test: paired-sign, arms: [points-vae, points-ali],
     metric: reconstruction_error, protocol: reconstruction, direction: lower, margin: 0.1}
"""
SAMPLES = {"points": 800, "images": 300}
ARMS = {"points-vae": "literal", "points-ali": "released", "images-aae": "literal"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, trained and measured."""
    made = tmp_path_factory.mktemp("coded")
    (made / "study.yaml").write_text(STUDY)
    run_to_tables(made / "study.yaml")
    return made


def run(folder: Path, arm: str) -> Path:
    return folder / "results" / "coded" / "runs" / arm / ARMS[arm] / "seed-0"


@pytest.mark.parametrize("arm", ARMS)
def test_the_long_table_holds_the_error_of_every_snapshot_s_own_networks(arm: str, folder: Path) -> None:
    study, name = load_study(folder / "study.yaml"), arm.partition("-")[0]
    spec = study.run_spec(arm, 0)
    table = pd.read_csv(run(folder, arm) / "metrics.csv")
    rows = table[table["metric"] == "reconstruction_error"].set_index("step")["value"]
    assert list(rows.index) == list(spec.snapshots)
    (data,) = (folder / "data").glob({"points": "ring-*", "images": "digits-*"}[name])
    (reals,) = draw_reals(load(data), SAMPLES[name], samples=1)
    x = torch.from_numpy(reals).float()
    x = x / 127.5 - 1 if name == "images" else x
    for step in spec.snapshots:
        networks = build(spec.arm, spec.dataset.shape, seed=3)
        load_snapshot(run(folder, arm) / "snapshots", step, networks)
        with torch.no_grad():
            codes = networks.encoder(x)[:, : 2 if name == "points" else 3]
            error = (networks.generator(codes) - x).double().square().mean().item()
        assert rows[step] == pytest.approx(error, rel=1e-5)
    assert rows.nunique() == len(rows)


def test_samples_are_measured_beside_it_as_before(folder: Path) -> None:
    table = pd.read_csv(run(folder, "points-ali") / "metrics.csv")
    assert set(table["protocol"]) == {"toy-modes/n=500/ref=train", "reconstruction/n=800/ref=train"}
    assert (table[table["metric"] == "finite"]["value"] == 1).all()
    noise = pd.read_csv(run(folder, "points-ali") / "noise.csv")
    assert set(noise["protocol"]) == {"toy-modes/n=500/ref=train"}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_floor_is_zero_as_examples_are_themselves(name: str, folder: Path) -> None:
    (file,) = (folder / "data").glob(f"*/reference/reconstruction-n{SAMPLES[name]}.json")
    assert read_json(file)["floor"] == {"reconstruction_error": 0.0}


def test_networks_that_blew_up_have_no_error_and_are_called_so(folder: Path) -> None:
    from vigan.config.experiment import Protocol
    from vigan.evaluation.references import Measurement
    from vigan.stages.evaluate import _measure

    class Blown:
        def decoded(self, step: int, reals: np.ndarray) -> tuple[np.ndarray, bool]:
            return np.full(reals.shape, np.nan), False

    protocol = Protocol(kind="reconstruction", samples=16)
    reals = np.zeros((16, 2), np.float32)
    protocols = {protocol: Measurement(lambda _: pytest.fail("measured"), reals)}
    found = list(_measure(protocols, Blown(), 3, (np.zeros((16, 2)), True)))  # type: ignore[arg-type]
    assert found == [("finite", protocol.name, 0.0)]


def test_the_error_is_a_mean_over_examples_and_coordinates() -> None:
    x, again = np.zeros((2, 1, 2, 2)), np.zeros((2, 1, 2, 2))
    again[0, 0, 0, 0], again[1, 0, 1, 1] = 2.0, -1.0
    assert squared_error(x, again) == 5 / 8
    assert squared_error(x + 7, again + 7) == squared_error(again, x) == 5 / 8
    draws = np.random.default_rng(0)
    first, second = draws.standard_normal((2, 40_000, 3))
    assert squared_error(first, second) == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize(
    ("real", "decoded", "complaint"),
    [
        (np.zeros((3, 2)), np.zeros((2, 2)), "as many"),
        (np.zeros((3, 2)), np.zeros((3, 4)), "one shape"),
        (np.zeros((0, 2)), np.zeros((0, 2)), "as many"),
        (np.zeros((3, 2)), np.full((3, 2), np.inf), "decoded"),
    ],
)
def test_what_has_no_error_is_refused(real: np.ndarray, decoded: np.ndarray, complaint: str) -> None:
    with pytest.raises(MetricError, match=complaint):
        squared_error(real, decoded)


MISTAKES = {
    "a model without an encoder": (
        "      points-ali: {model: {kind: ali, loss: derived}}",
        "      points-ali: {}",
        "arm 'points-ali': 'gan' has no encoder, so protocol 'reconstruction' cannot measure it",
    ),
    "redraws": ("samples: 300}", "samples: 300, redraws: 1}", "'reconstruction' does not measure samples alone"),
    "a metric of another protocol": ("metric: reconstruction_error", "metric: modes", "gives no metric 'modes'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_study_that_asks_for_what_there_is_not_is_refused(mistake: str, tmp_path: Path) -> None:
    old, new, complaint = MISTAKES[mistake]
    (tmp_path / "study.yaml").write_text(STUDY.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_study(tmp_path / "study.yaml")
    assert complaint in str(caught.value)
