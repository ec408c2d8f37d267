"""A verdict for each claim, by the rule in the study file: supported, contradicted, inconclusive or not tested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from vigan.analysis.evidence import Evidence, Measurements, evidence
from vigan.analysis.metric_bounds import limits, modes_of
from vigan.analysis.permutation import holm
from vigan.analysis.uncertainty import Interval
from vigan.config.claims import Difference, TestedClaim, Untested, arms_of, edge_of, no_effect_of
from vigan.config.datasets import Dataset
from vigan.config.study import Study
from vigan.describe.claims import tell_rule

Verdict = Literal["supported", "contradicted", "inconclusive", "not tested"]

CLAIM_COLUMNS = [
    "id", "experiment", "arms", "quotation", "place", "rule", "verdict", "n", "estimate", "low", "high",
    "p", "p_holm", "p_against", "p_against_holm", "needed_n", "reason", "edited", "figures",
]  # fmt: skip
FIGURES = {"paired-permutation": "seeds;curves", "log-rank": "survival;curves", "binomial": "survival;curves"}
"""The figures that show what a test is about."""


class Judged(NamedTuple):
    """A claim's evidence, its p-values corrected for the number of claims, and what follows."""

    evidence: Evidence
    p_holm: float
    p_against_holm: float
    verdict: Verdict
    reason: str


def judge(claims: Sequence[TestedClaim], found: Sequence[Evidence]) -> list[Judged]:
    """The verdict on each claim. The p-values for, and those against, are each corrected over all claims (Holm).

    Supported: p for <= alpha and the estimate is at least the smallest effect that matters. Contradicted: p against
    <= alpha. Fewer seeds than `least_n` give no verdict but "inconclusive", none at all "not tested".
    """
    corrected = zip(holm([e.p_for for e in found]), holm([e.p_against for e in found]), strict=True)
    return [
        Judged(e, float(p_for), float(p_against), *_verdict(claim, e, float(p_for), float(p_against)))
        for claim, e, (p_for, p_against) in zip(claims, found, corrected, strict=True)
    ]


def _verdict(claim: TestedClaim, found: Evidence, p_for: float, p_against: float) -> tuple[Verdict, str]:
    n = found.interval.n
    if not n:
        return "not tested", "No run of these arms has been made."
    if n < claim.least_n:
        return "inconclusive", f"{n} of the {claim.least_n} seeds that the rule asks for."
    if p_for <= claim.alpha and found.reaches:
        parts = _parting(found.interval, no_effect_of(claim), "none")
        return "supported", f"As claimed, and large enough to matter; p = {p_for:.2g} after correction{parts}."
    if p_against <= claim.alpha:
        parts = _parting(found.interval, edge_of(claim), "one that matters")
        return "contradicted", f"Less than what matters, or the other way; p = {p_against:.2g} after correction{parts}."
    side = "large enough but not certain" if found.reaches else "smaller than what matters, but not certainly so"
    return "inconclusive", f"The effect seen is {side}."


def _parting(interval: Interval, value: float, words: str) -> str:
    """What to add where the test rejects a value that the interval, which is found by other means, holds."""
    if not interval.low <= value <= interval.high:
        return ""
    return f"; its two-sided interval, found by other means, leaves room for {words}"


def claim_table(study: Study, data: Measurements, edited: Sequence[str]) -> pd.DataFrame:
    """One row a claim, in the order of the study file: its rule, its evidence and the verdict.

    `edited` are the claims whose rule is not the one that was kept with their runs.
    """
    tested = [claim for claim in study.claims if not isinstance(claim, Untested)]
    homes = {claim.id: study.experiment_of(arms_of(claim)[0]) for claim in tested}
    levels = {claim.id: claim.alpha / len(tested) for claim in tested}
    found = [evidence(c, study.experiments[homes[c.id]], data, levels[c.id]) for c in tested]
    judged = dict(zip([claim.id for claim in tested], judge(tested, found), strict=True))
    rows = []
    for claim in study.claims:
        if isinstance(claim, Untested):
            rows.append(_untested(claim))
        else:
            row = _row(claim, homes[claim.id], judged[claim.id], claim.id in edited)
            widest = _widest(claim, study.datasets[study.experiments[homes[claim.id]].dataset])
            rows.append({**row, **{end: np.clip(row[end], -widest, widest) for end in ("low", "high")}})
    return pd.DataFrame(rows, columns=CLAIM_COLUMNS)


def _widest(claim: TestedClaim, dataset: Dataset) -> float:
    """The largest effect there can be: an interval ends there at the latest."""
    if not isinstance(claim, Difference):
        return 1.0
    low, high = limits(claim.metric, modes_of(dataset))
    return high - low


def _row(claim: TestedClaim, home: str, judged: Judged, edited: bool) -> dict[str, Any]:
    interval, p_for, p_against, _, needed = judged.evidence
    open_still = judged.verdict == "inconclusive" and needed is not None
    return {
        "id": claim.id, "experiment": home, "arms": ";".join(arms_of(claim)), "quotation": claim.quotation,
        "place": claim.place, "rule": tell_rule(claim), "verdict": judged.verdict, **interval._asdict(),
        "p": p_for, "p_holm": judged.p_holm, "p_against": p_against, "p_against_holm": judged.p_against_holm,
        "needed_n": max(needed or 0, claim.least_n) if open_still else np.nan,
        "reason": judged.reason, "edited": edited, "figures": FIGURES[claim.test],
    }  # fmt: skip


def _untested(claim: Untested) -> dict[str, object]:
    told = {"id": claim.id, "quotation": claim.quotation, "place": claim.place}
    return {**told, "verdict": "not tested", "n": 0, "reason": claim.reason, "edited": False}


def tell(claims: pd.DataFrame) -> str:
    """The table of claims as text: verdict, claim, evidence, rule, one paragraph each."""
    return (
        "\n\n".join(_paragraph(row) for row in claims.itertuples()) if len(claims) else "This study states no claims."
    )


def _paragraph(row) -> str:  # noqa: ANN001 - a named tuple made by pandas
    lines = [f"{row.id}: {row.verdict.upper()}", f"  claim     {row.quotation} ({row.place})"]
    if pd.notna(row.estimate):
        ends = f" [{row.low:.4g}, {row.high:.4g}]" if pd.notna(row.low) else ""
        p = f", p = {row.p:.3g} ({row.p_holm:.3g} corrected)"
        lines.append(f"  evidence  {row.arms.replace(';', ' -> ')}: {row.estimate:.4g}{ends}, n = {row.n:.0f} seeds{p}")
    if pd.notna(row.rule):
        lines.append(f"  rule      {row.rule}")
    lines.append(f"  why       {row.reason}")
    if pd.notna(row.needed_n):
        lines.append(f"  needs     about {row.needed_n:.0f} seeds, if the effect is as seen")
    if row.edited:
        lines.append("  warning   this rule is not the one kept with the runs: it was written or changed after them")
    return "\n".join(lines)
