"""Plots of records for the documentation: `python -m vigan.bench.plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from vigan.bench.tables import RULE_WORDS
from vigan.figures.style import COLOURS, save
from vigan.io.benchmark_records import newest

RECORDS, OUT = Path("bench/records"), Path("docs/pictures")
POWER_OF = "80% against 10% end badly"
POWER_RULES = ("often-40", "rare-40", "ends-margin", "ends-zero", "sign-margin", "mean-margin")
MARKERS = "osD^vP"


def power(record: Mapping[str, Any]) -> Figure:
    """Share of simulated studies that support each claim, against the number of seeds: judged once, and by bets."""
    rows = pd.DataFrame(record["details"]["power"])
    rows = rows[rows["process"] == POWER_OF].set_index(["rule", "way"])["supported"]
    numbers = record["settings"]["numbers"]
    figure, axis = plt.subplots(figsize=(7.2, 4.0))
    for rule, colour, marker in zip(POWER_RULES, COLOURS, MARKERS, strict=False):
        axis.plot(numbers, rows.loc[rule, "fixed"], color=colour, marker=marker, label=RULE_WORDS[rule])
        axis.plot(numbers, rows.loc[rule, "peeked"], color=colour, marker=marker, linestyle=":", markersize=3)
    axis.axhline(0.9, color="#555555", linestyle="--", linewidth=1, label="90%")
    axis.set(xlabel="seeds", ylabel="share of studies: supported", ylim=(0, 1.02), xticks=numbers)
    axis.set_title(f"{POWER_OF} (solid: judged once; dotted: bets, peeked at)", fontsize=10)
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def growth(record: Mapping[str, Any]) -> Figure:
    """Seconds against each setting, on double logarithmic scales, beside a line of proportional cost."""
    curves = record["details"]["seconds"]
    figure, axes = plt.subplots(1, len(curves), figsize=(2.6 * len(curves), 2.8), squeeze=False)
    for axis, (sweep, curve) in zip(axes[0], curves.items(), strict=True):
        by_setting = {float(at): seconds for at, seconds in curve.items()}
        _sweep(axis, sweep, sorted(by_setting), [by_setting[at] for at in sorted(by_setting)])
    axes[0, 0].set_ylabel("seconds")
    figure.suptitle("Cost of an iteration, and of measuring a snapshot (dashed: proportional)", x=0.01, ha="left")
    return figure


def _sweep(axis: plt.Axes, sweep: str, settings: Sequence[float], seconds: Sequence[float]) -> None:
    axis.loglog(settings, seconds, marker="o", color=COLOURS[0])
    axis.loglog(settings, [seconds[-1] * at / settings[-1] for at in settings], "--", color="#555555", linewidth=1)
    axis.set_xticks(settings, [f"{at:g}" for at in settings])
    axis.minorticks_off()
    axis.set_title(sweep)


def divergence(record: Mapping[str, Any]) -> Figure:
    """The term beside the divergence, their ratio along the training, and the law of second order for larger steps."""
    probes = pd.DataFrame([
        {"arm": arm, "seed": seed, **row}
        for arm, runs in record["details"].items()
        for seed, rows in enumerate(runs)
        for row in rows
    ])  # fmt: skip
    line = probes[probes["arm"].str.startswith("line")]
    figure, axes = plt.subplots(1, 3, figsize=(11.5, 3.6), layout="constrained")
    arms = list(line["arm"].unique())
    for arm, colour in zip(arms, COLOURS, strict=False):
        own = line[line["arm"] == arm]
        one = own[own["gap"] == 1]
        first = one[one["seed"] == 0]
        axes[0].loglog(first["drift"], first["kl"], ".", color=colour, label=arm.removeprefix("line-"))
        ratios = (one["kl"] / one["drift"]).groupby(one["iteration"]).median()
        axes[1].semilogy(ratios.index, ratios, color=colour)
        axes[2].loglog(own["drift"], own["kl"] / own["quadratic"], ",", color=colour)
    fisher = line[line["gap"] == 1].groupby("iteration")["fisher"].median()
    axes[1].semilogy(fisher.index, fisher, "--", color="#555555", label="half of Fisher's information")
    low, high = line["drift"].min(), line["drift"].max()
    axes[0].loglog([low, high], [low, high], "--", color="#555555", linewidth=1)
    axes[0].set(xlabel="E (G - G_o)$^2$", ylabel="KL(q || q_o), nats", title="one seed (dashed: equal)")
    axes[1].set(xlabel="iteration", ylabel="KL / E (G - G_o)$^2$", title="median over seeds")
    axes[2].set(xlabel="E (G - G_o)$^2$", ylabel="KL / its second order", title="steps of 1, 10, 40 iterations")
    axes[1].legend(frameon=False, fontsize=8)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=8)
    return figure


PICTURES = {
    "power": (power, "calibration"), "growth": (growth, "growth"),
}  # fmt: skip
"""How each picture of the documentation is drawn, and from whose newest record."""


def main() -> None:
    """Draw every picture from the newest records."""
    for name, (draw, of) in PICTURES.items():
        save(draw(newest(RECORDS, of)), OUT / f"{name}.svg")


if __name__ == "__main__":
    main()
