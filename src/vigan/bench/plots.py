"""Plots of records for the documentation: `python -m vigan.bench.plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from vigan.bench.tables import RULE_WORDS
from vigan.figures.layout import COLUMNS, add_heading, log_scale
from vigan.figures.style import COLOURS, WIDTH, save
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
    rows = -(-len(curves) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(WIDTH, 2.5 * rows + 0.5), squeeze=False)
    for axis, (sweep, curve) in zip(axes.flat, curves.items(), strict=False):
        by_setting = {float(at): seconds for at, seconds in curve.items()}
        _sweep(axis, sweep, sorted(by_setting), [by_setting[at] for at in sorted(by_setting)])
    for axis in axes.flat[len(curves) :]:
        axis.remove()
    add_heading(figure, "How the cost of an iteration, and of measuring a snapshot, grows", "Dashed: proportional.")
    return figure


def _sweep(axis: plt.Axes, sweep: str, settings: Sequence[float], seconds: Sequence[float]) -> None:
    axis.plot(settings, seconds, marker="o", color=COLOURS[0])
    axis.plot(settings, [seconds[-1] * at / settings[-1] for at in settings], "--", color="#555555", linewidth=1)
    log_scale(axis, "x", settings[0], settings[-1])
    log_scale(axis, "y", min(seconds), max(seconds))
    axis.set_xticks(settings, [f"{at:g}" for at in settings])
    axis.minorticks_off()
    model, _, setting = sweep.partition(" ")
    words = setting.replace("_", " ")
    axis.set(title=f"{'DCGAN' if model == 'dcgan' else model}: {words}", xlabel=words)
    axis.set_ylabel(f"seconds per {'snapshot' if model == 'snapshot' else 'iteration'}")


def divergence(record: Mapping[str, Any]) -> Figure:
    """The term beside the divergence on the line; their ratio along the training; the law for larger steps."""
    probes = _probes(record)
    figure, axes = plt.subplots(2, 2, figsize=(9.5, 6.6), layout="constrained")
    ways = probes[["k", "rate"]].drop_duplicates().itertuples(index=False)
    for (k, rate), colour in zip(ways, COLOURS, strict=False):
        for weight, style, marker in ((0, "-", "o"), (5, "--", "x")):
            own = probes[(probes["k"] == k) & (probes["rate"] == rate) & (probes["weight"] == weight)]
            _along(axes, own, {"color": colour, "label": f"K = {k}, rate {rate:g}, λ = {weight}"}, style, marker)
    ends = [probes["drift"].min(), probes["drift"].max()]
    axes[0, 0].loglog(ends, ends, ":", color="#555555", linewidth=1)
    term, half = "E (G − G_old)²", "half of Fisher's information"
    axes[0, 0].set(
        xlabel=term, ylabel="KL(q ‖ q_old), nats", title="steps of a phase, one seed (×: λ = 5; dotted: equal)"
    )
    axes[0, 1].set(xlabel="iteration", ylabel=f"KL / {term}", title="their ratio, median over seeds")
    axes[1, 0].set(xlabel="iteration", ylabel=f"ratio / {half}", title=f"the ratio over {half}, median")
    axes[1, 1].set(
        xlabel=term,
        ylabel="KL / its second order",
        title="the law: steps of a phase, 10 and 40 iterations, median",
    )
    for axis in axes.flat:
        log_scale(axis, "y", *axis.get_ylim())
    named = axes[0, 1].get_legend_handles_labels()
    figure.legend(*named, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure


def _probes(record: Mapping[str, Any]) -> pd.DataFrame:
    """The probes on the line, with what their arm's name says: "line-k2-l0-r0.001"."""
    rows = [
        {"k": int(k[1:]), "weight": int(weight[1:]), "rate": float(rate[1:]), "seed": seed, **row}
        for arm, runs in record["details"].items() if arm.startswith("line-")
        for _, k, weight, rate in [arm.split("-")]
        for seed, probes in enumerate(runs) for row in probes
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(ratio=lambda probe: probe["kl"] / probe["drift"])


def _along(axes: Any, own: pd.DataFrame, look: Mapping[str, Any], style: str, marker: str) -> None:
    one = own[own["gap"] == 1]
    first = one[one["seed"] == 0]
    axes[0, 0].loglog(first["drift"], first["kl"], marker, markersize=3, **look)
    axes[0, 1].semilogy(one.groupby("iteration")["ratio"].median(), style, **look)
    axes[1, 0].semilogy((one["ratio"] / one["fisher"]).groupby(one["iteration"]).median(), style, **look)
    decades = (10.0 ** np.floor(2 * np.log10(own["drift"]))) ** 0.5
    law = (own["kl"] / own["quadratic"]).groupby(decades).agg(["median", "size"])
    axes[1, 1].loglog(law["median"][law["size"] >= 20], style, marker=marker, markersize=3, **look)


PICTURES = {
    "power": (power, "calibration"), "growth": (growth, "growth"), "divergence": (divergence, "divergence"),
}  # fmt: skip
"""How each picture of the documentation is drawn, and from whose newest record."""


def main() -> None:
    """Draw every picture from the newest records."""
    for name, (draw, of) in PICTURES.items():
        save(draw(newest(RECORDS, of)), OUT / f"{name}.svg")


if __name__ == "__main__":
    main()
