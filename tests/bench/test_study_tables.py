"""Tables of studies that are benchmarks: what they count, and what follows by the declared rule."""

from __future__ import annotations

from typing import Any

import pytest

from vigan.bench.study_tables import divergence, rounding, steps


def _found(**verdicts: str) -> dict[str, Any]:
    numbers = {
        name: {"median": at / 10, "interval": [at / 10 - 1, at / 10 + 1], "verdict": verdict}
        for at, (name, verdict) in enumerate(verdicts.items())
    }
    every = set(verdicts.values())
    whole = "equivalent" if every == {"equivalent"} else "moved" if "moved" in every else "open"
    return {**numbers, "verdict": whole}


SAME, OPEN, MOVED = _found(a="equivalent", b="equivalent"), _found(a="equivalent", b="open"), _found(a="moved")


def _record(**precisions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"summary": precisions}


def test_numbers_are_counted_by_verdict_and_the_largest_difference_is_named() -> None:
    row = rounding(_record(digits={"tf32": OPEN, "bf16": MOVED, "3 bits": MOVED})).splitlines()[2]
    assert row == "| digits | tf32 | 1 | 1 | 0 | +0.10 [-0.90, +1.10] (b) | open |"


@pytest.mark.parametrize(
    ("faces", "said"),
    [
        ({"tf32": SAME, "bf16": SAME}, "that in `bf16`"),
        ({"tf32": SAME, "bf16": OPEN}, "that in `tf32`"),
        ({"tf32": OPEN, "bf16": SAME}, "that in `bf16`"),
        ({"tf32": MOVED, "bf16": OPEN}, "no coarser precision"),
    ],
)
def test_the_fast_study_is_the_coarsest_that_is_equivalent_on_all_data(faces: dict[str, Any], said: str) -> None:
    digits = {"tf32": SAME, "bf16": SAME, "3 bits": SAME, "1 bit": MOVED}
    assert said in rounding(_record(digits=digits, faces={**faces, "1 bit": MOVED}))


NONE, BLIND = "No control was run on faces", "On faces the controls that were run (1 bit) move no number"


@pytest.mark.parametrize(("faces", "why"), [({}, NONE), ({"1 bit": SAME}, BLIND), ({"1 bit": OPEN}, BLIND)])
def test_nothing_follows_where_no_control_moves_a_number(faces: dict[str, Any], why: str) -> None:
    digits = {"tf32": SAME, "bf16": SAME, "3 bits": MOVED}
    found = rounding(_record(digits=digits, faces={"tf32": SAME, "bf16": SAME, **faces}))
    assert found.endswith(f"{why}. By the rule nothing follows, and float32 stays.")


def test_an_arm_s_row_has_its_verdicts_and_a_dash_for_what_is_not_measured() -> None:
    told = {"median": 3.0, "interval": [2.5, 3.5], "runs": 16}
    law = {"median": 1.01, "interval": [1.0, 1.02], "runs": 16}
    gaps = {"1": {"spread": {**told, "verdict": "contradicted"}, "ratio": told, "law": law}, "10": {}}
    record = {"summary": {"ring-k2": gaps}, "settings": {"gaps": [1, 10]}}
    row = divergence(record).splitlines()[2]
    assert row == "| ring-k2 | - | 3 [2.5, 3.5]: contradicted | - | - | 3 [2.5, 3.5] | - |"
    nothing = {"summary": {"ring-k5": {"1": {}}}}
    assert divergence(nothing).splitlines()[2] == f"| ring-k5 {'| not testable here ' * 3}| - | - | - |"
    assert steps(record).splitlines()[2] == "| ring-k2 | 1.01 | - | 3 | - |"
