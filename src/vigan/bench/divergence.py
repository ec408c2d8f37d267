"""Does lambda E |G(z) - G_o(z)|^2 estimate KL(q || q_o)? On the line, where the divergence is exact, and on the ring.

The declaration is in docs/divergence.md. Every run is kept as it ends, so that the same command resumes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from vigan.analysis.exact import median_interval
from vigan.bench.divergence_runs import CENTRES, DEVIATION, EVERY, GAPS, LINE, RING, Rows, Size, run
from vigan.bench.record import Measurement, processor
from vigan.io.files import read_json, write_json
from vigan.runtime.settings import setting
from vigan.training.device import calculate_in_float32

SPREAD, EXPONENT, ORDER = 2.0, 0.1, 0.9
"""Margins: of the 90th over the 10th percentile of KL / drift; around 2; of Spearman's correlation."""
ALPHA = 0.05
FIRST_SEED = 2
"""Those before it were looked at while this was written."""
SIGNAL = 5.0
"""On the ring, a divergence counts from so many times what q's from itself is (root mean square)."""
NOT_TESTABLE = "not testable here"
ON_THE_RING = {"spread": {"supported", "contradicted", "inconclusive"}, "order": {"contradicted"}}
"""Verdicts that a rule cannot give there: probes are selected by their divergence, which narrows both, and the estimate
falls behind as divergences grow, which spreads the ratio."""


def measure(quick: bool) -> Measurement:
    """By arm: medians over seeds with intervals, and verdicts of the rules; details hold every probe of every run."""
    calculate_in_float32(1)
    if quick:
        with tempfile.TemporaryDirectory() as folder:
            return _measured(Size(2, 80, 500), Path(folder))
    return _measured(Size(), Path(setting("state", "state")) / "divergence")


def _measured(size: Size, folder: Path) -> Measurement:
    found: dict[str, list[Rows]] = {arm: [] for arm in (*LINE, *RING)}
    for seed in range(FIRST_SEED, FIRST_SEED + size.seeds):  # one by one, so that a part of them is a smaller study
        for arm, runs in found.items():
            kept = folder / arm / f"seed-{seed}.json"
            if not kept.exists():
                write_json(kept, run(arm, seed, size))
                print(f"{arm} seed {seed}: done", flush=True)
            runs.append(read_json(kept))
    settings = {
        **size._asdict(), "every": EVERY, "gaps": GAPS, "spread": SPREAD, "exponent": EXPONENT, "order": ORDER,
        "alpha": ALPHA, "centres": CENTRES, "deviation": DEVIATION, "signal": SIGNAL, "arms": LINE | RING,
    }  # fmt: skip
    summary = {arm: summarised(runs, LINE if arm in LINE else RING) for arm, runs in found.items()}
    return Measurement(processor(), settings, summary, dict(found))


def summarised(runs: Sequence[Rows], arms: Collection[str]) -> dict[str, Any]:
    """Of the runs of one of the `arms` that are judged together: of each gap, every statistic and its verdict."""
    found: dict[str, Any] = {}
    for gap in GAPS:
        by_run = [statistics([row for row in rows if row["gap"] == gap]) for rows in runs]
        names = sorted({name for run in by_run for name in run})
        columns = {name: [run[name] for run in by_run if name in run] for name in names}
        found[str(gap)] = {
            name: _judged(name, values, len(runs), ALPHA / len(arms)) for name, values in columns.items()
        }
        if arms is RING:
            _restrict(found[str(gap)])
    return found


def _restrict(found: Mapping[str, dict[str, Any]]) -> None:
    for name, impossible in ON_THE_RING.items():
        if found.get(name, {}).get("verdict") in impossible:
            found[name]["verdict"] = NOT_TESTABLE


def statistics(rows: Rows) -> dict[str, float]:
    """What the probes of one run say; nothing of fewer than ten that differ from 0.

    `spread`: 90th over 10th percentile of KL / drift. `order`: Spearman's correlation of KL and drift; `next`: of KL
    and the drift of the next probe. `ratio`: median of KL / drift. On the line also `exponent`: median of
    log2 KL(G_o + D) / KL(G_o + D / 2); `law`: median of KL over its second-order form; `fisher`: median of KL / drift
    over half the Fisher information of q_o.
    """
    if not rows:
        return {}
    least = SIGNAL * float(np.sqrt(np.mean([row.get("own", 0.0) ** 2 for row in rows])))
    usable = [row for row in rows if row["kl"] > least and row["drift"] > 0]
    if len(usable) < 10:
        return {}
    kl, drift = (np.array([row[name] for row in usable]) for name in ("kl", "drift"))
    low, middle, high = np.quantile(kl / drift, [0.1, 0.5, 0.9])
    found = {"spread": high / low, "order": spearmanr(kl, drift)[0], "ratio": middle}
    found["next"] = spearmanr(kl[:-1], drift[1:])[0]
    if "half" in usable[0]:
        half, quadratic, fisher = (np.array([row[name] for row in usable]) for name in ("half", "quadratic", "fisher"))
        found |= {
            "exponent": np.median(np.log2(kl / half)),
            "law": np.median(kl / quadratic),
            "fisher": np.median(kl / drift / fisher),
        }
    return {name: float(value) for name, value in found.items()}


def _judged(name: str, values: Sequence[float], runs: int, alpha: float) -> dict[str, Any]:
    middle, low, high, n = median_interval(values, 1 - alpha)
    rule = {
        "spread": (0.0, SPREAD), "order": (ORDER, 1.0), "exponent": (2 - EXPONENT, 2 + EXPONENT)
    }.get(name)  # fmt: skip
    found: dict[str, Any] = {"median": middle, "interval": [low, high] if low == low else None, "runs": n}
    return found | ({"verdict": judged(low, high, rule) if n == runs else NOT_TESTABLE} if rule else {})


def judged(low: float, high: float, within: tuple[float, float]) -> str:
    """Verdict on an interval: it lies within, or beyond, or neither."""
    if within[0] <= low and high <= within[1]:
        return "supported"
    return "contradicted" if low > within[1] or high < within[0] else "inconclusive"
