"""An arm that keeps an average of G is sampled from that; G itself is a second sampler of the same run."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from studies import TINY, run_to_tables

from vigan.cli.api import train
from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.layout import Layout
from vigan.stages.sampler import Sampler

NAME = "toy-modes/n=500/ref=train"
STUDY = (
    TINY.replace("{kind: toy-modes, samples: 500}", "{kind: toy-modes, samples: 500, redraws: 1}, OTHER")
    .replace("OTHER", "{kind: toy-modes, samples: 500, redraws: 1, sampler: generator}")
    .replace("seeds: [0, 1]", "seeds: [0]")
    .replace("regularised: {lambda_sum: 1.0}", "averaged: {lambda_sum: 0.0, stabilisers: {ema: {decay: 0.9}}}")
)
CLAIM = """\
claims:
  - {id: better, statement: The average is better., place: here, test: paired-sign, arms: [plain, averaged],
     metric: high_quality, protocol: PROTOCOL, score: last, direction: higher, margin: 0.01}
"""


def test_rows_of_both_samplers_are_told_apart_and_those_of_g_are_the_plain_arm_s(tmp_path: Path) -> None:
    (file := tmp_path / "tiny.yaml").write_text(STUDY)
    run_to_tables(file)
    with contextlib.chdir(tmp_path):
        metrics = pd.read_csv("results/tiny/tables/metrics.csv")
        noise = pd.read_csv("results/tiny/tables/noise.csv")
        floors = pd.read_csv("results/tiny/tables/floors.csv")
    assert set(metrics["protocol"]) == set(noise["protocol"]) == {NAME, f"{NAME}/of=generator"}
    assert set(floors["protocol"]) >= {NAME, f"{NAME}/of=generator"}

    def numbers(arm: str, protocol: str) -> list[float]:
        rows = metrics[(metrics["arm"] == arm) & (metrics["protocol"] == protocol)]
        return list(rows.sort_values(["step", "metric"])["value"])

    assert numbers("plain", NAME) == numbers("averaged", f"{NAME}/of=generator")
    assert numbers("plain", NAME) == numbers("plain", f"{NAME}/of=generator")
    assert len(numbers("averaged", NAME)) == len(numbers("plain", NAME)) > 8
    with contextlib.chdir(tmp_path):
        runs = {run.spec.name: run for run in Layout(load_study(file)).run_files()}
        plain, averaged = (
            Sampler(runs[arm].record(), runs[arm].folder / "snapshots", torch.device("cpu"))
            for arm in ("plain", "averaged")
        )
        itself, average = averaged(60, 50, trained=True)[0], averaged(60, 50)[0]
        np.testing.assert_array_equal(itself, plain(60, 50)[0])
        np.testing.assert_array_equal(itself, plain(60, 50, trained=True)[0])
    assert not np.array_equal(itself, average)


WRAPPING = """\
from torch import nn
from torch.nn.utils import parametrize

from vigan.objectives.hooks import Stabiliser


class Wrapped(Stabiliser):
    def prepare(self, networks, seed):
        for layer in list(networks["generator"].modules()):
            if isinstance(getattr(layer, "weight", None), nn.Parameter):
                parametrize.register_parametrization(layer, "weight", nn.Tanh())
"""
"""A stabiliser that wraps every weight of G."""


def test_a_generator_that_a_stabiliser_wraps_is_sampled_and_so_is_its_average(tmp_path: Path) -> None:
    """It trained to the end, and then nothing could read its snapshots."""
    (tmp_path / "wrapped.py").write_text(WRAPPING)
    (file := tmp_path / "tiny.yaml").write_text(
        TINY.replace("seeds: [0, 1]", "seeds: [0]\nplugins: [wrapped.py]")
        .replace("plain:       {lambda_sum: 0.0}", "plain: {lambda_sum: 0.0, stabilisers: {wrapped: {}}}")
        .replace("{lambda_sum: 1.0}", "{lambda_sum: 0.0, stabilisers: {ema: {decay: 0.9}, wrapped: {}}}")
    )
    made = {}
    with contextlib.chdir(tmp_path):
        for arm in ("plain", "regularised"):
            trained = train(file, arm, 0, device="cpu")
            sampler = Sampler(trained.record, trained.folder / "snapshots", torch.device("cpu"))
            made |= {(arm, itself): sampler(60, 50, trained=itself)[0] for itself in (True, False)}
        assert trained.evaluate("cpu")["value"].notna().all()
    np.testing.assert_array_equal(made["regularised", True], made["plain", True])
    np.testing.assert_array_equal(made["plain", False], made["plain", True])
    assert not np.array_equal(made["regularised", False], made["regularised", True])


def test_a_claim_names_the_sampler_that_it_means(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(STUDY + CLAIM.replace("PROTOCOL", f"{NAME}/of=generator"))
    experiment = load_study(file).experiments["circle"]
    protocol = experiment.protocol_of(f"{NAME}/of=generator")
    assert protocol is not None
    assert protocol.sampler == "generator"
    assert protocol.file == "toy-modes-n500-of-generator"
    file.write_text(STUDY + CLAIM.replace("PROTOCOL", "toy-modes"))
    usual = load_study(file).experiments["circle"].protocol_of("toy-modes")
    assert usual is not None
    assert usual.name == NAME


def test_a_study_that_names_no_sampler_is_what_it_was(tmp_path: Path) -> None:
    (file := tmp_path / "tiny.yaml").write_text(TINY)
    (protocol,) = load_study(file).experiments["circle"].protocols
    assert protocol.model_dump(mode="json") == {"kind": "toy-modes", "samples": 500, "redraws": 0}
    assert (protocol.name, protocol.file) == (NAME, "toy-modes-n500")
    file.write_text(TINY.replace("samples: 500", "samples: 500, sampler: both"))
    with pytest.raises(ConfigError, match="sampler: Input should be 'generator' or 'average'"):
        load_study(file)


AVERAGED = TINY.replace("{lambda_sum: 1.0}", "{lambda_sum: 0.0, stabilisers: {ema: {decay: 0.9}}}")


def test_where_an_arm_keeps_an_average_every_protocol_measures_g_beside_it(tmp_path: Path) -> None:
    (file := tmp_path / "tiny.yaml").write_text(AVERAGED)
    names = [protocol.name for protocol in load_study(file).experiments["circle"].protocols]
    assert names == [NAME, f"{NAME}/of=generator"]
    for both in (STUDY, STUDY.replace("redraws: 1, sampler", "sampler")):  # which name both
        file.write_text(both)
        assert [protocol.name for protocol in load_study(file).experiments["circle"].protocols] == names


def test_one_word_asks_for_the_average_alone_and_the_record_is_as_before_there_was_one(tmp_path: Path) -> None:
    (file := tmp_path / "tiny.yaml").write_text(AVERAGED.replace("samples: 500", "samples: 500, sampler: average"))
    study = load_study(file)
    assert study.model_dump(mode="json")["experiments"]["circle"]["protocols"] == [
        {"kind": "toy-modes", "samples": 500, "redraws": 0}
    ]


def test_what_is_no_list_of_protocols_or_arms_is_told_as_without_an_average(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    for old, new, words in (
        ("[{kind: toy-modes, samples: 500}]", "5", "protocols: write a list: .5."),
        ("[{kind: toy-modes, samples: 500}]", "[5]", "protocols.0: "),
        ("kind: toy-modes", "kind: [1]", "protocols.0.kind"),
        ("{ema: {decay: 0.9}}", "{ema: 3}", "stabiliser 'ema'"),
    ):
        file.write_text(AVERAGED.replace(old, new))
        with pytest.raises(ConfigError, match=words):
            load_study(file)


def test_without_an_average_g_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vigan.stages import evaluate

    (file := tmp_path / "tiny.yaml").write_text(STUDY)
    asked: list[str] = []
    measurement = evaluate.measurement

    def counted(protocol, *rest):
        made = measurement(protocol, *rest)
        return made._replace(measure=lambda samples: asked.append(protocol.name) or made.measure(samples))

    monkeypatch.setattr(evaluate, "measurement", counted)
    run_to_tables(file)
    of_g = sum(name.endswith("/of=generator") for name in asked)
    assert of_g == 4 + 1  # of the averaged arm alone: its snapshots, and its last one drawn again
    assert len(asked) - of_g == 2 * (4 + 1)
