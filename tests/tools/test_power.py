"""Chances of verdicts are those of the real rules, and the studies' seeds are what their files say of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import binom, multinomial
from studies import TINY

from vigan.analysis.claim_table import claim_table
from vigan.analysis.exact import share_interval
from vigan.analysis.inference import infer
from vigan.analysis.outcomes import Measurements, Occurrences
from vigan.analysis.paired_shares import paired_share_test
from vigan.config.base import ConfigError
from vigan.config.claims import PairedShares
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.tools.power import Chances, evidence_of, power, with_seeds
from vigan.tools.power_table import format_chances
from vigan.tools.truths import read_truths

CONFIG = Path(__file__).parents[2] / "config"
PAPER = load_study(CONFIG / "paper.yaml")
ARMS = ["plain", "regularised"]
METRIC = {"metric": "fair_modes", "protocol": "toy-modes"}
WIDE = {"collapse": {**METRIC, "below": 0.5}, "reach": {**METRIC, "share": 0.5}}
CLAIMS: dict[str, dict[str, Any]] = {
    "starts": {"test": "share", "arm": "plain", "event": "collapse", "direction": "more", "share": 0.4},
    "stable": {"test": "share", "arm": "regularised", "event": "bad-end", "direction": "less", "share": 0.4,
               "control": "plain"},
    "slow": {"test": "share", "arm": "plain", "event": "reach", "direction": "less", "share": 0.5, "by": 0.35},
    "fewer": {"test": "paired-shares", "arms": ARMS, "event": "collapse", "direction": "less", "margin": 0.2},
    "sooner": {"test": "paired-time", "arms": ARMS, "event": "reach", "direction": "sooner", "margin": 0.1},
    "most": {"test": "paired-sign", "arms": ARMS, **METRIC, "direction": "higher", "margin": 1.0},
    "mean": {"test": "paired-mean", "arms": ARMS, **METRIC, "direction": "higher", "margin": 1.0},
}  # fmt: skip


def study_of(*names: str, n: int, **changes: Any) -> Study:
    """The tiny study with some of `CLAIMS`, changed, and n seeds."""
    raw = yaml.safe_load(TINY)
    raw["experiments"]["circle"] |= WIDE
    claims = [{"id": name, "statement": name, "place": "here", **CLAIMS[name], **changes} for name in names]
    return with_seeds(Study.model_validate({**raw, "claims": claims}), n)


def chances(study: Study, *truths: str, simulations: int = 2000, alike: float = 0.0) -> Chances:
    return power(study, read_truths(study, truths, alike), simulations)


def agrees(share: float, simulations: int, chance: float) -> bool:
    """Whether a simulated share could come of a chance: it lies in an exact interval that errs once in 10,000."""
    found = share_interval(round(share * simulations), simulations, level=1 - 1e-4)
    return found.low <= chance <= found.high


@pytest.mark.parametrize(
    ("claim", "truths", "share", "against"),
    [("starts", "plain:collapse=0.8", 0.8, 0.4), ("slow", "slow=0.2 plain:reach=0.9", 0.8, 0.5),
     ("most", "most=0.7", 0.7, 0.5), ("sooner", "sooner=0.9", 0.9, 0.5)],
)  # fmt: skip
@pytest.mark.parametrize("n", [7, 18])
def test_the_chance_of_a_claim_alone_is_that_of_its_binomial(
    claim: str, truths: str, share: float, against: float, n: int
) -> None:
    enough = next(k for k in range(n + 1) if binom.sf(k - 1, n, against) <= 0.05)
    found = chances(study_of(claim, n=n), *truths.split()).claims[claim]["supported"]
    assert agrees(found, 2000, float(binom.sf(enough - 1, n, share)))


@pytest.mark.parametrize("alike", [0.0, 0.5])
def test_the_chance_of_a_claim_of_paired_shares_is_that_of_its_unlike_pairs(alike: float) -> None:
    n, truths = 12, ("plain:collapse=0.75", "regularised:collapse=0.25")
    fewer, more = ((1 - alike) * own + alike * same for own, same in ((0.75**2, 0.5), (0.25**2, 0.0)))
    law = multinomial(n, [fewer, more, 1 - fewer - more])
    unlike = [(i, j) for i in range(n + 1) for j in range(n + 1 - i) if paired_share_test(i, j, n, 0.2) <= 0.05]
    chance = sum(float(law.pmf([i, j, n - i - j])) for i, j in unlike)
    assert agrees(chances(study_of("fewer", n=n), *truths, alike=alike).claims["fewer"]["supported"], 2000, chance)


@pytest.mark.parametrize(("others", "pays_for"), [("=0", 4), ("=1", 1)])
def test_a_claim_pays_for_those_that_are_not_supported_themselves(others: str, pays_for: int) -> None:
    truths = ("plain:collapse=0.8", *(f"{claim}{others}" for claim in ("sooner", "most")), f"mean{others},0")
    study = study_of("starts", "sooner", "most", "mean", n=12)
    enough = next(k for k in range(13) if binom.sf(k - 1, 12, 0.4) <= 0.05 / pays_for)
    found = chances(study, *truths).claims["starts"]["supported"]
    assert agrees(found, 2000, float(binom.sf(enough - 1, 12, 0.8)))


@pytest.mark.parametrize("claim", ["slow", "sooner", "most", "mean"])
def test_at_the_edge_of_its_rule_a_claim_is_supported_or_contradicted_as_rarely_as_alpha_allows(claim: str) -> None:
    found = chances(study_of(claim, n=10), simulations=400).claims[claim]
    for verdict in ("supported", "contradicted"):
        assert share_interval(round(found[verdict] * 400), 400, 0.998).low <= 0.05
    assert found["inconclusive"] > 0.8


def test_claims_without_a_fate_in_common_are_drawn_independently() -> None:
    study, eight, seven = study_of("sooner", "most", n=8), 0.8**8, 8 * 0.8**7 * 0.2
    found = chances(study, "sooner=0.8", "most=0.8").claims["most"]["supported"]
    assert agrees(found, 2000, eight + seven * eight)  # Holm: seven of eight count where the other claim is supported


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_a_mean_far_beyond_its_boundary_is_found_and_one_that_is_nothing_is_equivalent(direction: str) -> None:
    study = study_of("mean", n=40, direction=direction)
    assert chances(study, "mean=5,1", simulations=20).claims["mean"]["supported"] == 1
    assert chances(study, "mean=0,0.1", simulations=20).claims["mean"]["equivalent"] == 1
    assert chances(study, "mean=-5,1", simulations=20).claims["mean"]["contradicted"] == 1


def test_arms_of_the_same_luck_and_the_same_shares_fare_the_same() -> None:
    study, truths = study_of("fewer", n=20), ("plain:collapse=0.4", "regularised:collapse=0.4")
    assert chances(study, *truths, simulations=100, alike=1.0).claims["fewer"]["equivalent"] == 1
    assert chances(study, *truths, simulations=100).claims["fewer"]["equivalent"] < 0.5


def test_arms_that_fare_alike_in_other_seeds_are_not_taken_for_each_other() -> None:
    claim = study_of("fewer", n=4).claims[0]
    assert isinstance(claim, PairedShares)
    first = np.array([[True, True, False, False], [True, True, False, False], [False, True, False, True]])
    second = np.array([[True, True, False, False], [False, False, True, True], [True, False, True, False]])
    same, opposite, shuffled = evidence_of(claim, Occurrences(first, second))
    assert opposite is shuffled
    assert same.contradicted < opposite.contradicted == infer(claim, Occurrences(first[1], second[1])).contradicted


CERTAIN = [
    "slow=0 sooner=1",
    "slow=1 sooner=0",
    "plain:collapse=1 slow=0 sooner=0",
    "regularised:collapse=1 slow=1 sooner=1",
    "plain:collapse=1 regularised:collapse=1 slow=1 sooner=0",
    "plain:reach=0 slow=0 sooner=1",
    "plain:reach=0 regularised:reach=0 slow=0 sooner=0",
    "plain:diverge=1 slow=0 sooner=0",
    "plain:collapse=1 regularised:diverge=1 slow=1 sooner=1",
]


@pytest.mark.parametrize("certain", CERTAIN)
@pytest.mark.parametrize("n", [2, 8, 30])
def test_what_is_certain_gets_the_verdicts_that_tables_of_such_runs_get(certain: str, n: int) -> None:
    study = study_of("starts", "stable", "slow", "fewer", "sooner", n=n)
    events = pd.DataFrame(_lives(certain, n), columns=["arm", "seed", "event", "step", "observed", "end"])
    real = claim_table(study, Measurements(pd.DataFrame(), events)).set_index("id")["verdict"]
    found = chances(study, *certain.split(), simulations=3).claims
    assert {claim: {v: share for v, share in shares.items() if share} for claim, shares in found.items()} == {
        claim: {verdict: 1.0} for claim, verdict in real.items()
    }


def _lives(certain: str, n: int) -> list[tuple[Any, ...]]:
    """Events of n runs of either arm, in 60 iterations, that all fare as is said."""
    rows: list[tuple[Any, ...]] = []
    late = 60 if "plain:reach=0" in certain else 40 if "slow=0" in certain else 12
    for arm, at in (("plain", late), ("regularised", late - 12 if "sooner=1" in certain else late)):
        collapsed, ended = f"{arm}:collapse=1" in certain, f"{arm}:" in certain
        came = [("reach", at, f"{arm}:reach=0" not in certain), ("collapse", 50, collapsed), ("bad-end", 50, ended)]
        rows += [(arm, seed, *event, 60) for seed in range(n) for event in came]
    return rows


def test_seeds_are_the_study_s_own_unless_others_are_asked_for() -> None:
    bn, nobn = PAPER.experiments.values()
    unlike = {"celeba-bn": bn.model_copy(update={"seeds": tuple(range(9))}), "celeba-nobn": nobn.model_copy(update={
        "seeds": (5, 6), "more_seeds": {"nobn-plain": (8, 9, 11)}})}  # fmt: skip
    study = PAPER.model_copy(update={"experiments": unlike})
    found = chances(study, "bn-plain:collapse=0.9", "C3=0", simulations=300)
    assert (found.seeds, found.runs) == ({"celeba-bn": (9, 9), "celeba-nobn": (2, 5)}, 2 * 9 + 2 * 2 + 3)
    assert found.claims["C3"]["inconclusive"] == 1  # five seeds, of five claims
    alone = study.model_copy(update={"claims": tuple(claim for claim in PAPER.claims if claim.id == "C3")})
    assert chances(alone, "C3=0", simulations=300).claims["C3"]["supported"] == 1
    equal = chances(with_seeds(study, 9), "bn-plain:collapse=0.9", "C3=0", simulations=300)
    assert (equal.seeds, equal.runs) == ({"celeba-bn": (9, 9), "celeba-nobn": (9, 9)}, 36)
    assert equal.claims["C3"]["supported"] == 1


def test_a_row_of_the_table_holds_the_share_of_every_verdict() -> None:
    study = study_of("starts", "fewer", n=6)
    truths = read_truths(study, ["plain:collapse=1"])
    told = format_chances(study, truths, [power(study, truths, 10)], 10).splitlines()
    (head,) = [line for line in told if line.split()[:1] == ["supported"]]
    assert head.split("  ")[-5:] == ["supported", "contradicted", "equivalent", "inconclusive", "not testable here"]
    assert "  starts      1.000         0.000       0.000         0.000              0.000" in told


@pytest.mark.parametrize("text", ["mean=1", "mean=1,-2", "mean=1,2,3", "mean=1,x"])
def test_of_a_mean_both_mean_and_spread_are_stated(text: str) -> None:
    with pytest.raises(ConfigError, match="truth 'mean'"):
        read_truths(study_of("mean", n=3), [text])


def test_arms_that_were_made_elsewhere_are_simulated_and_counted_as_others_are() -> None:
    study = load_study(CONFIG / "foreign.yaml")
    found = power(study, read_truths(study, (), 0.0), 10)
    assert found.runs == len(list(study.every_run())) > 0
    assert set(found.seeds) == set(study.experiments)
    assert f"{found.runs} runs" in format_chances(study, read_truths(study, (), 0.0), [found], 10)
