"""Draw a study's figures from its tables and samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from vigan.analysis.tables import read_table
from vigan.config.datasets import Grid, Ring
from vigan.config.study import Study
from vigan.data.toy import means
from vigan.figures import curves, samples, style
from vigan.layout import FIGURES
from vigan.metrics.catalogue import CHECKS, METRICS
from vigan.schemas import RunFiles


class Files(NamedTuple):
    """Where a study's tables and runs lie."""

    tables: Path
    runs: Sequence[RunFiles]


Draw = Callable[[Study, str, Files], Figure]

TELEMETRY = {
    "d_loss": "D's loss (nats)",
    "d_accuracy": "D's accuracy",
    "g_adversarial": "−log D(G(z)) (nats)",
    "penalty": "Weighted penalty, last G update",
    "drift": "Drift (G(z) − G_old(z))², last G update",
    "gradient_ratio": "|∇ penalty| / |∇ adversarial|, last",
}


def draw(kind: str, study: Study, experiment: str, files: Files, out: Path) -> None:
    """Draw figure `kind` (a key of `layout.FIGURES`) of one experiment, as SVG."""
    style.save(_DRAW[kind](study, experiment, files), out)


def _curves(study: Study, experiment: str, files: Files) -> Figure:
    chosen = study.experiments[experiment]
    curve, floor = _read(files.tables, "curves"), _read(files.tables, "floors")
    curve = _keyed(curve[curve["experiment"] == experiment])
    floor = _keyed(floor[floor["dataset"] == chosen.dataset])
    shown = [key for key in dict.fromkeys(curve["metric"]) if _split(key)[0] not in CHECKS]
    titles = {key: f"{METRICS[_split(key)[0]].title}\n{_split(key)[1]}" for key in shown}
    return curves.draw(curve, titles, chosen.title, dict(zip(floor["metric"], floor["value"], strict=True)))


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with "metric@protocol" as its metric: numbers of two protocols never share a panel."""
    return table.assign(metric=table["metric"] + "@" + table["protocol"])


def _split(key: str) -> tuple[str, str]:
    metric, _, protocol = key.partition("@")
    return metric, protocol


def _read(tables: Path, name: str) -> pd.DataFrame:
    return read_table(tables / f"{name}.csv")


def _telemetry(study: Study, experiment: str, files: Files) -> Figure:
    table = _read(files.tables, "telemetry-curves")
    table = table[table["experiment"] == experiment]
    return curves.draw(table, TELEMETRY, f"{study.experiments[experiment].title}: during training")


def _samples(study: Study, experiment: str, files: Files) -> Figure:
    """The first seed of the study, whatever it shows."""
    chosen = study.experiments[experiment]
    seed = (chosen.seeds or study.seeds)[0]
    strips = [_strip(run) for run in files.runs if run.experiment == experiment and run.spec.seed == seed]
    dataset = study.datasets[chosen.dataset]
    modes = means(dataset) if isinstance(dataset, Ring | Grid) else None
    return samples.draw(strips, f"{chosen.title}: samples on the same latents", modes)


def _strip(run: RunFiles) -> samples.Strip:
    with np.load(run.folder / "samples.npz") as archive:
        return samples.Strip(
            run.spec.name, run.spec.seed, run.spec.snapshots, archive["steps"], archive["samples"], archive["finite"]
        )


_DRAW: dict[str, Draw] = {"curves": _curves, "samples": _samples, "telemetry": _telemetry}
assert _DRAW.keys() == FIGURES.keys()
