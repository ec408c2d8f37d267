"""The rules of the divergence's study, on numbers whose verdict is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vigan.bench.divergence import NOT_TESTABLE, judged, statistics, summarised
from vigan.bench.divergence_runs import EVERY, GAPS, LINE, RING, Size, run


def _rows(ratios: list[float], **more: float) -> list[dict[str, float]]:
    return [
        {"iteration": float(i), "gap": 1.0, "drift": float(i), "kl": ratio * i, **more}
        for i, ratio in enumerate(ratios, start=1)
    ]


def test_a_constant_ratio_has_no_spread_and_keeps_the_order() -> None:
    found = statistics(_rows([3.0] * 20))
    assert found == pytest.approx({"spread": 1.0, "order": 1.0, "ratio": 3.0, "next": 1.0})


def test_a_ratio_that_grows_tenfold_has_a_spread_and_one_that_turns_the_order_around_is_seen() -> None:
    assert statistics(_rows([1.0] * 10 + [10.0] * 10))["spread"] == pytest.approx(10.0)
    assert statistics(_rows([1 / i**2 for i in range(1, 21)]))["order"] == pytest.approx(-1.0)


def test_what_noise_could_make_is_left_out_and_too_few_probes_say_nothing() -> None:
    assert statistics(_rows([1.0] * 20, own=1.0))["ratio"] == pytest.approx(1.0)  # 14 probes are above 5
    assert statistics(_rows([1.0] * 20, own=3.0)) == {}


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [((1.2, 1.9), "supported"), ((2.1, 3.0), "contradicted"), ((1.9, 2.1), "inconclusive")],
)
def test_an_interval_is_within_beyond_or_neither(ends: tuple[float, float], verdict: str) -> None:
    assert judged(*ends, (0.0, 2.0)) == verdict


def test_what_follows_a_step_alone_is_told_from_what_falls_with_it() -> None:
    draw = np.random.default_rng(0)
    steps = draw.random(200) + 0.1
    own = statistics([{"gap": 1.0, "drift": step, "kl": 3 * step} for step in steps])
    assert own["order"] == pytest.approx(1.0)
    assert abs(own["next"]) < 0.25
    falling = np.linspace(5, 0, 200)
    trend = statistics([{"gap": 1.0, "drift": np.exp(step), "kl": np.exp(step)} for step in falling])
    assert trend["next"] == pytest.approx(1.0)


@pytest.mark.parametrize(("ratios", "line", "ring"), [
    ([3.0] * 20, {"spread": "supported", "order": "supported"}, {"spread": NOT_TESTABLE, "order": "supported"}),
    ([1 / i**3 for i in range(1, 21)], {"spread": "contradicted", "order": "contradicted"},
     {"spread": NOT_TESTABLE, "order": NOT_TESTABLE}),
])  # fmt: skip
def test_on_the_ring_neither_selection_nor_bias_helps_a_verdict(ratios: list[float], line: Any, ring: Any) -> None:
    for arms, expected in ((LINE, line), (RING, ring)):
        found = summarised([_rows(ratios)] * 16, arms)["1"]
        assert {name: found[name]["verdict"] for name in expected} == expected


def test_a_run_without_enough_probes_makes_its_arm_untestable() -> None:
    whole, poor = _rows([3.0] * 20), _rows([3.0] * 5)
    assert summarised([whole] * 16, LINE)["1"]["spread"]["verdict"] == "supported"
    assert summarised([*[whole] * 15, poor], LINE)["1"]["spread"]["verdict"] == "not testable here"


@pytest.mark.parametrize("arm", [next(iter(LINE)), next(iter(RING))])
def test_a_run_is_the_same_again_and_has_every_gap(arm: str) -> None:
    size = Size(1, 2 * EVERY, 200)
    rows = run(arm, 1, size)
    assert rows == run(arm, 1, size)
    assert [(row["iteration"], row["gap"]) for row in rows] == [(at, gap) for at in (EVERY, 2 * EVERY) for gap in GAPS]
    assert rows != run(arm, 2, size)


def test_the_regularised_arm_makes_smaller_steps() -> None:
    drifts = {
        arm: sum(row["drift"] for row in run(arm, 1, Size(1, 2 * EVERY, 200)) if row["gap"] == 1)
        for arm in ("ring-k5-l0", "ring-k5-l1")
    }
    assert drifts["ring-k5-l1"] < 0.1 * drifts["ring-k5-l0"]
