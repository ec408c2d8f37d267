"""What the studies that are the evidence promise in their files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from vigan.config.claims import Claim
from vigan.config.load import load_study
from vigan.config.schedule import computation
from vigan.config.study import Study

CONFIG = Path(__file__).parents[2] / "config"
STUDIES = {name: load_study(CONFIG / f"{name}.yaml") for name in ("toy", "ring", "digits", "paper", "celeba10k")}
LOOKED_AT = {*range(16)}
"""Seeds whose ring runs the protocol's quick look shows."""
IN_SHARES = {"C3-faces": "by", "C4-faces": "margin"}
"""Claims on experiment 2, and what of their rules is a time in shares of training."""


def _alike(study: Study, arms: list[str]) -> bool:
    size = math.prod(study.dataset_of(arms[0]).shape)
    return len({repr(computation(study.arm(arm), size)) for arm in arms}) == 1


def test_no_seed_of_the_toy_study_was_looked_at_before_its_claims_were_written() -> None:
    toy = STUDIES["toy"]
    seeds = {seed for experiment in toy.experiments.values() for seed in experiment.seeds or toy.seeds}
    assert not seeds & (LOOKED_AT | set(STUDIES["ring"].seeds))


@pytest.mark.parametrize("data", ["ring", "grid"])
def test_arms_of_one_update_are_one_computation_and_arms_of_two_are_not(data: str) -> None:
    assert _alike(STUDIES["toy"], [f"{data}-k1-l{weight}" for weight in ("0", "0p01", "0p1", "1", "5")])
    assert not _alike(STUDIES["toy"], [f"{data}-k2-l0", f"{data}-k2-l0p01"])


def test_rivals_differ_from_the_plain_arm_of_their_k_in_one_thing() -> None:
    arms = STUDIES["toy"].experiments["ring"].arms
    for name, arm in arms.items():
        if "-l" not in name or name.endswith("lr"):
            plain = arms[f"{name.rpartition('-')[0]}-l0"].model_dump()
            assert sum(value != plain[key] for key, value in arm.model_dump().items()) == 1, name


def test_read_literally_experiment_1_on_digits_has_no_regulariser_and_experiment_2_has() -> None:
    digits = STUDIES["digits"]
    assert _alike(digits, ["bn-literal-plain", "bn-literal-regularised"])
    assert not _alike(digits, ["nobn-literal-plain", "nobn-literal-regularised"])
    for reading in ("released", "proximal"):
        assert not _alike(digits, [f"bn-{reading}-plain", f"bn-{reading}-regularised"])


def test_the_10_000_faces_are_trained_as_in_the_paper_study_but_for_what_their_file_says() -> None:
    paper, faces = STUDIES["paper"], STUDIES["celeba10k"]
    for name in ("bn-plain", "bn-regularised", "nobn-plain", "nobn-regularised"):
        assert faces.arm(name) == paper.arm(name).model_copy(update={"precision": "bf16"})
    assert faces.run_spec("bn-plain", 0).iterations == paper.run_spec("bn-plain", 0).iterations


def test_the_rules_for_10_000_faces_are_those_of_the_paper_study_in_iterations() -> None:
    asked = {f"{claim.id}-faces": _rule(claim) for claim in STUDIES["paper"].claims}
    for claim in STUDIES["celeba10k"].claims:
        rule = _rule(claim)
        if claim.id in IN_SHARES:  # experiment 2 is a fifth as long here
            rule[IN_SHARES[claim.id]] /= 5
        assert rule == asked[claim.id]


def _rule(claim: Claim) -> dict[str, Any]:
    return claim.model_dump(exclude={"id", "statement", "place", "replaces"})
