"""What the statistics are worth: coverage of intervals, error rates of tests, false and found verdicts, simulated."""

from __future__ import annotations

import pandas as pd

from vigan.bench.calibration_statistics import ALPHA, LEVEL, intervals, tests
from vigan.bench.calibration_verdicts import TRUTHS, verdicts
from vigan.bench.record import Measurement, processor

SEED = 0
POWER = ("effect",)
SIZES = {"errors": (5, 8, 16), "power": (3, 5, 8, 12, 16, 32)}


def measure(quick: bool) -> Measurement:
    """Rows of every simulation; the summary holds the worst of each kind."""
    simulations = 50 if quick else 1000
    errors = [truth for truth in TRUTHS if truth not in POWER]
    parts = {
        "intervals": intervals(simulations, SEED),
        "tests": tests(simulations, SEED),
        "verdicts": list(verdicts(simulations, SEED, SIZES["errors"], errors)),
        "power": list(verdicts(simulations // 5, SEED, SIZES["power"], POWER)),
    }
    for name, rows in parts.items():
        print(f"{name}\n{pd.DataFrame(rows).to_string(index=False)}\n", flush=True)
    settings = {"simulations": simulations, "seed": SEED, "level": LEVEL, "alpha": ALPHA, **SIZES}
    return Measurement(processor(), settings, _summary(parts), parts)


def _summary(parts: dict[str, list[dict[str, object]]]) -> dict[str, object]:
    verdict = pd.DataFrame(parts["verdicts"])
    covered = pd.DataFrame(parts["intervals"]).query("n >= 5").groupby("statistic")["covered"]
    null = pd.DataFrame(parts["tests"]).query("effect == 'none' and n >= 5").groupby("test")["rejected"]
    power = pd.DataFrame(parts["power"]).pivot(index="claim", columns="n", values="supported")
    return {
        "coverage_lowest": covered.min().to_dict(),
        "false_rejections_highest": null.max().to_dict(),
        "false_studies_highest": verdict.groupby("truth", sort=False)["false_studies"].max().to_dict(),
        "power": {claim: {str(n): share for n, share in row.items()} for claim, row in power.iterrows()},
    }
