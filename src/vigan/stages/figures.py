"""Draw a study's figures from its tables and samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from vigan.config.datasets import Grid, Ring
from vigan.config.study import Study
from vigan.data.toy import means
from vigan.figures import curves, samples, style
from vigan.metrics.catalogue import METRICS
from vigan.schemas import FIGURES, RunFiles, read_run

Draw = Callable[[Study, str, Path, Sequence[RunFiles]], Figure]

TELEMETRY = {
    "d_loss": "D's loss (nats)",
    "d_accuracy": "D's accuracy",
    "g_adversarial": "−log D(G(z)) (nats)",
    "penalty": "Weighted penalty",
    "drift": "Drift: mean (G(z) − G_o(z))²",
    "gradient_ratio": "|∇ penalty| / |∇ adversarial|",
}


def draw(kind: str, study: Study, experiment: str, tables: Path, runs: Sequence[RunFiles], out: Path) -> None:
    """Draw figure `kind` (a key of `schemas.FIGURES`) of one experiment from the study's tables and runs, as SVG."""
    style.save(_DRAW[kind](study, experiment, tables, runs), out)


def _curves(study: Study, experiment: str, tables: Path, runs: Sequence[RunFiles]) -> Figure:
    chosen = study.experiments[experiment]
    table, floors = _of(pd.read_csv(tables / "curves.csv"), experiment), pd.read_csv(tables / "floors.csv")
    table = table[[METRICS[metric].better != "none" for metric in table["metric"]]]
    keys = list(dict.fromkeys(zip(table["metric"], table["protocol"], strict=True)))
    names = {key: f"{METRICS[key[0]].title}\n{key[1]}" for key in keys}
    floors = floors[floors["dataset"] == chosen.dataset].set_index(["metric", "protocol"])["value"]
    table = table.assign(metric=list(zip(table["metric"], table["protocol"], strict=True)))
    return curves.draw(table, names, chosen.title, {key: floors[key] for key in keys if key in floors.index})


def _telemetry(study: Study, experiment: str, tables: Path, runs: Sequence[RunFiles]) -> Figure:
    table = _of(pd.read_csv(tables / "telemetry-curves.csv"), experiment)
    return curves.draw(table, TELEMETRY, f"{study.experiments[experiment].title}: during training")


def _samples(study: Study, experiment: str, tables: Path, runs: Sequence[RunFiles]) -> Figure:
    """The first seed of the study, whatever it shows."""
    chosen = study.experiments[experiment]
    seed = (chosen.seeds or study.seeds)[0]
    strips = [strip for run in runs if (strip := _strip(run)).seed == seed and run.experiment == experiment]
    dataset = study.datasets[chosen.dataset]
    modes = means(dataset) if isinstance(dataset, Ring | Grid) else None
    return samples.draw(strips, f"{chosen.title}: samples on the same latents", modes)


def _strip(run: RunFiles) -> samples.Strip:
    spec = read_run(run.folder / "run.json").spec
    with np.load(run.folder / "samples.npz") as archive:
        return samples.Strip(spec.name, spec.seed, archive["steps"], archive["samples"])


def _of(table: pd.DataFrame, experiment: str) -> pd.DataFrame:
    return table[table["experiment"] == experiment]


_DRAW: dict[str, Draw] = {"curves": _curves, "samples": _samples, "telemetry": _telemetry}
assert _DRAW.keys() == FIGURES.keys()
