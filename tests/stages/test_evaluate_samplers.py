"""An arm that keeps an average of G is sampled from that; G itself is a second sampler of the same run."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from studies import TINY, run_to_tables

from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.layout import Layout
from vigan.stages.evaluate import Sampler

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


def test_a_claim_names_the_sampler_that_it_means(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(STUDY + CLAIM.replace("PROTOCOL", f"{NAME}/of=generator"))
    experiment = load_study(file).experiments["circle"]
    protocol = experiment.protocol_of(f"{NAME}/of=generator")
    assert protocol is not None
    assert protocol.sampler == "generator"
    assert protocol.file == "toy-modes-n500-of-generator"
    file.write_text(STUDY + CLAIM.replace("PROTOCOL", "toy-modes"))
    with pytest.raises(ConfigError, match=r"'toy-modes' could be any of 2 protocols: write .*/of=generator'"):
        load_study(file)


def test_a_study_that_names_no_sampler_is_what_it_was(tmp_path: Path) -> None:
    (file := tmp_path / "tiny.yaml").write_text(TINY)
    (protocol,) = load_study(file).experiments["circle"].protocols
    assert protocol.model_dump(mode="json") == {"kind": "toy-modes", "samples": 500, "redraws": 0}
    assert (protocol.name, protocol.file) == (NAME, "toy-modes-n500")
    file.write_text(TINY.replace("samples: 500", "samples: 500, sampler: average"))
    with pytest.raises(ConfigError, match="sampler: Input should be 'generator'"):
        load_study(file)
