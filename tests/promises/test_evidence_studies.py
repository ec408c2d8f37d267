"""What the studies that are the evidence promise in their files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from vigan.config.claims import Claim, Untested, arms_of
from vigan.config.datasets import Digits, Ring
from vigan.config.load import load_study
from vigan.config.schedule import computation
from vigan.config.study import Study
from vigan.tools.tune import tune

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


def _seeds_on(kind: type, study: Study) -> set[int]:
    return {run.seed for run in study.runs() if isinstance(study.dataset_of(run.arm), kind)}


def _other_studies(*names: str) -> list[Study]:
    files = [file for file in CONFIG.glob("*.yaml") if "\nexperiments:" in file.read_text(encoding="utf-8")]
    return [study for study in map(load_study, files) if study.study not in names]


@pytest.mark.parametrize("name", ["digits-k", "digits-k-map"])
def test_no_other_study_and_no_pilot_trained_digits_with_the_seeds_of(name: str) -> None:
    others = [_seeds_on(Digits, study) for study in _other_studies(name)]
    assert not _seeds_on(Digits, STUDIES[name]) & set.union({PILOT}, *others)


def test_digits_k_may_stop_after_any_of_its_seeds() -> None:
    study = STUDIES["digits-k"]
    assert {claim.sampling for claim in study.claims if not isinstance(claim, Untested)} == {"sequential"}
    assert {arm for arm in {run.arm for run in study.runs()} if study.seeds_of(arm) != study.seeds} == {"fast-k20-l0p0"}
    assert study.seeds_of("fast-k20-l0p0") == (*study.seeds, *range(2016, 2064))
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
        differing = {"title", "arms", "more_seeds"}
        assert whole.experiments[name].model_dump(exclude=differing) == experiment.model_dump(exclude=differing)
        assert experiment.arms.items() <= whole.experiments[name].arms.items()
    assert not whole.claims


MODES = "fair_modes", "toy-modes/n=2500/ref=train"
CODES = "reconstruction_error", "reconstruction/n=2500/ref=train"
TUNED = {"ring": {"tuned": MODES}, "ali": {"codes": CODES, "modes": MODES}}
"""Studies that tune: how their templates call the winners, and what they choose them by."""


@pytest.fixture(scope="module", params=TUNED)
def tuned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Study]:
    """A study that tunes, and the one that its template becomes where scores are made up: the last number wins.

    By modes; by codes the one before.
    """
    name, folder = request.param, tmp_path_factory.mktemp("tuned")
    tuning = load_study(CONFIG / f"{name}-tuning.yaml")
    table = folder / f"{name}-tuning" / "tables" / "scores.csv"
    table.parent.mkdir(parents=True)
    scores = {MODES: lambda number: number / 20, CODES: lambda number: abs(number - 18) / 20}
    rows = [
        f"ring,{run.arm},{run.reading},{run.seed},{metric},{protocol},{score},{score},{score}"
        for metric, protocol in TUNED[name].values()
        for run in tuning.runs()
        for score in [scores[metric, protocol](int(run.arm[-2:]))]
    ]
    table.write_text("\n".join(["experiment,arm,reading,seed,metric,protocol,last,best,area", *rows]) + "\n")
    (folder / "tuned.yaml").write_text(tune(CONFIG / f"{name}-tuned.yaml.j2", CONFIG, folder))
    return tuning, load_study(folder / "tuned.yaml")


def test_winners_meet_as_they_were_tuned_in_all_but_their_seeds(tuned: tuple[Study, Study]) -> None:
    tuning, study = tuned
    arms = study.experiments["ring"].arms
    assert arms == {
        f"{called}-{name[:-3]}": arm
        for called, by in TUNED[tuning.study.removesuffix("-tuning")].items()
        for name, arm in tuning.experiments["ring"].arms.items()
        if name[-2:] == {MODES: "19", CODES: "18"}[by]
    }
    assert study.datasets == tuning.datasets
    for field in ("iterations", "snapshots", "log_every"):
        assert getattr(study.experiments["ring"], field) == getattr(tuning.experiments["ring"], field)
    assert {arm for claim in study.claims for arm in arms_of(claim)} == set(arms)


def test_no_other_study_trained_a_ring_with_the_seeds_of_those_that_tune(tuned: tuple[Study, Study]) -> None:
    others = _other_studies(*(study.study for study in tuned))
    assert not set.union(LOOKED_AT, *(_seeds_on(Ring, study) for study in others)) & {*tuned[0].seeds, *tuned[1].seeds}
    assert not set(tuned[0].seeds) & set(tuned[1].seeds)


def test_ways_of_training_have_the_same_draws_of_what_all_of_them_draw(tuned: tuple[Study, Study]) -> None:
    drawn: dict[str, set[tuple[float, float]]] = {}
    for name, arm in tuned[0].experiments["ring"].arms.items():
        lr = arm.optimiser.lr * (10 if name.startswith("rate") else 1)
        drawn.setdefault(name[-2:], set()).add((float(f"{lr:.3g}"), arm.optimiser.beta1))
    assert {len(of_a_number) for of_a_number in drawn.values()} == {1}


def test_ways_of_training_have_the_same_budget_of_settings(tuned: tuple[Study, Study]) -> None:
    ways = [name[:-3] for name in tuned[0].experiments["ring"].arms]
    assert {ways.count(way) for way in ways} == {20}
    assert not tuned[0].claims


def test_what_is_tuned_is_the_plain_arm_of_the_toy_study_but_for_what_is_drawn() -> None:
    tuning, plain = load_study(CONFIG / "ring-tuning.yaml"), STUDIES["toy"].arm("ring-k5-l0")
    assert tuning.experiments["ring"].iterations == STUDIES["toy"].experiments["ring"].iterations
    assert tuning.datasets["ring"] == STUDIES["toy"].datasets["ring"]
    own = {"term": "lambda_sum", "five-d": "d_batches", "two-rates": "d_optimiser", "plain": "", "rate": ""}
    for name, arm in tuning.experiments["ring"].arms.items():
        drawn = {"lr": arm.optimiser.lr, "beta1": arm.optimiser.beta1}
        like = plain.model_copy(update={"optimiser": plain.optimiser.model_copy(update=drawn)})
        field = own.get(name[:-3], "stabilisers")
        assert arm.model_dump(exclude={field}) == like.model_dump(exclude={field})
        assert not field or getattr(arm, field) != getattr(like, field)


def _rule(claim: Claim) -> dict[str, Any]:
    return claim.model_dump(exclude={"id", "statement", "place", "replaces"})
