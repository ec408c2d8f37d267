"""What the studies that are the evidence promise in their files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from vigan.config.claims import Claim, Untested, arms_of
from vigan.config.datasets import Digits
from vigan.config.load import load_study
from vigan.config.schedule import computation
from vigan.config.study import Study

CONFIG = Path(__file__).parents[2] / "config"
NAMES = ("toy", "ring", "digits", "digits-k", "digits-k-map", "paper", "celeba10k")
STUDIES = {name: load_study(CONFIG / f"{name}.yaml") for name in NAMES}
LOOKED_AT = {*range(16)}
"""Seeds whose ring runs the protocol's quick look shows."""
PILOT = 1000
"""The seed of the pilot that `digits-k` was declared from."""
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


def _digit_seeds(study: Study) -> set[int]:
    return {run.seed for run in study.runs() if isinstance(study.dataset_of(run.arm), Digits)}


@pytest.mark.parametrize("name", ["digits-k", "digits-k-map"])
def test_no_other_study_and_no_pilot_trained_digits_with_the_seeds_of(name: str) -> None:
    files = [file for file in CONFIG.glob("*.yaml") if "\nexperiments:" in file.read_text(encoding="utf-8")]
    others = [_digit_seeds(load_study(file)) for file in files if file.stem != name]
    assert not _digit_seeds(STUDIES[name]) & set.union({PILOT}, *others)


def test_digits_k_may_stop_after_any_of_its_seeds() -> None:
    study = STUDIES["digits-k"]
    assert {claim.sampling for claim in study.claims if not isinstance(claim, Untested)} == {"sequential"}
    assert {study.seeds_of(run.arm) for run in study.runs()} == {study.seeds}
    assert all(rule["seeds"] == "any" for rule in study.rules().values())


def test_every_arm_of_digits_k_carries_a_claim_and_what_is_compared_differs_in_one_thing() -> None:
    study = STUDIES["digits-k"]
    assert {arm for claim in study.claims for arm in arms_of(claim)} == {run.arm for run in study.runs()}
    for first, second in (arms_of(claim) for claim in study.claims if len(arms_of(claim)) == 2):
        one, other = (study.arm(name).model_dump() for name in (first, second))
        assert len([key for key in one if one[key] != other[key]]) == 1


def test_the_map_of_digits_has_the_arms_of_digits_k_as_they_are_and_judges_nothing() -> None:
    study, whole = STUDIES["digits-k"], STUDIES["digits-k-map"]
    for name, experiment in study.experiments.items():
        differing = {"title", "arms"}
        assert whole.experiments[name].model_dump(exclude=differing) == experiment.model_dump(exclude=differing)
        assert experiment.arms.items() <= whole.experiments[name].arms.items()
    assert not whole.claims


def _rule(claim: Claim) -> dict[str, Any]:
    return claim.model_dump(exclude={"id", "statement", "place", "replaces"})
