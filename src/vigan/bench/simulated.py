"""A finished study of the paper's size without training: synthetic runs, real stages after them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vigan.config.arms import Ledger
from vigan.config.experiment import Protocol
from vigan.config.load import load_study
from vigan.config.study import RunKey, Study
from vigan.evaluation.origin import of_measurement, reference_identity
from vigan.io.files import write_json
from vigan.io.run_record import MEASURED, RunRecord
from vigan.io.run_tables import METRIC_COLUMNS, NOISE_COLUMNS
from vigan.io.stamp import sealed, write_stamp
from vigan.layout import Layout
from vigan.protocols.registry import KINDS
from vigan.provenance import versions
from vigan.rng import generator
from vigan.stages.analyse import analyse
from vigan.stages.figures import Files, draw
from vigan.stages.frames import write_frames
from vigan.stages.report import Lists, report
from vigan.training.telemetry import COLUMNS

ROOT = Path(__file__).parents[3]
SHOWN = 64
NUMBERS = ("metrics.csv", "noise.csv", "samples.npz")

RunStage = Callable[[str, Callable[[], object]], None]


def simulate(quick: bool, run_stage: RunStage) -> Path:
    """Path of the report of a simulated study in the working directory; `run_stage` is called with each stage."""
    study = _study(quick)
    layout, rules = Layout(study), study.rules()
    for run in study.runs():
        write_made_up(study, layout.run(run), run, rules, pictures=True)
    write_floors(layout)
    runs = layout.run_files()
    files = Files(layout.tables, runs)
    run_stage("analyse", lambda: analyse(study, runs, layout.floors(), layout.results))
    for (kind, name), path in layout.all_figures().items():
        run_stage("figures", lambda kind=kind, name=name, path=path: draw(kind, study, name, files, path))
    for name, path in layout.all_frames().items():
        own = [run for run in runs if run.experiment == name]
        run_stage("frames", lambda name=name, path=path, own=own: write_frames(study, name, own, path, layout.data))
    lists = [ROOT / "config" / f"{name}.yaml" for name in ("deviations", "published")]
    run_stage("report", lambda: report(study, Path("config/paper.yaml"), layout, Lists(*lists)))
    return layout.report


def _study(quick: bool) -> Study:
    """The paper study at three seeds; quick: one seed and ten snapshots."""
    paper = load_study(ROOT / "config" / "paper.yaml")
    snapshots, seeds = (10, (0,)) if quick else (50, (0, 1, 2))
    experiments = {
        name: experiment.model_copy(update={"snapshots": snapshots, "seeds": None})
        for name, experiment in paper.experiments.items()
    }
    return paper.model_copy(update={"experiments": experiments, "seeds": seeds})


def write_made_up(study: Study, folder: Path, run: RunKey, rules: Mapping[str, Any], *, pictures: bool = False) -> None:
    """Write all that the analysis reads of a run into its folder, with made-up numbers; and samples, if wanted.

    Written as fast as can be: nothing here is to survive a power cut.
    """
    spec = study.run_spec(run.arm, run.seed)
    record = RunRecord(
        spec=spec, status="completed", iterations=spec.iterations, ledger=Ledger.of(spec.arm, spec.iterations),
        weights_sha256="f" * 64, snapshots_sha256={}, data_sha256="f" * 64, code_sha256="f" * 64,
        device="simulated", threads=1,
        versions=versions(), seconds=1.0, rules=dict(rules),
    )  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(record.model_dump_json())
    draws = generator(run.seed, "metric", run.arm)
    logged = np.arange(spec.log_every, spec.iterations + 1, spec.log_every)
    telemetry = pd.DataFrame(draws.random((len(logged), len(COLUMNS))), columns=list(COLUMNS))
    telemetry.assign(iteration=logged).to_csv(folder / "telemetry.csv", index=False)
    pd.DataFrame(columns=list(NOISE_COLUMNS)).to_csv(folder / "noise.csv", index=False)
    _made_up_metrics(study, run, draws).to_csv(folder / "metrics.csv", index=False)
    if pictures:
        _write_samples(folder / "samples.npz", spec.snapshots, draws)
    _write_measured(study, folder, record)


def _write_samples(path: Path, steps: Sequence[int], draws: np.random.Generator) -> None:
    samples = np.stack([_images(draws) for _ in steps])
    np.savez(path, steps=np.array(steps), samples=samples, finite=np.ones(len(steps), bool))


def write_floors(layout: Layout) -> None:
    """Write a value of real data by every protocol of a study."""
    for (_, protocol), (_, path) in zip(layout.study.measured(), layout.floors(), strict=True):
        values = dict.fromkeys(KINDS[protocol.kind].metrics, 0.9)
        write_json(path, sealed({**_real(protocol), "floor": values}))


def _write_measured(study: Study, folder: Path, record: RunRecord) -> None:
    """Write what the made-up numbers in a run's folder would have been measured from."""
    protocols = study.protocols_of(record.spec.name)
    references = {protocol.name: reference_identity(_real(protocol)) for protocol in protocols}
    files = [path for name in NUMBERS if (path := folder / name).exists()]
    write_stamp(folder / MEASURED, of_measurement(record, protocols, references, "f" * 64), files)


def _real(protocol: Protocol) -> dict[str, str]:
    return {"protocol": protocol.name, "data_sha256": "f" * 64, "code_sha256": "f" * 64}


def _made_up_metrics(study: Study, run: RunKey, draws: np.random.Generator) -> pd.DataFrame:
    """Rows of metrics.csv of a run that completed, with numbers from a generator."""
    spec = study.run_spec(run.arm, run.seed)
    rows = []
    for step in spec.snapshots:
        ledger = Ledger.of(spec.arm, step)
        counts = (ledger.real_images, ledger.d_updates, ledger.g_updates)
        for protocol in study.protocols_of(run.arm):
            values = {"finite": 1.0} | {name: float(draws.random()) for name in KINDS[protocol.kind].metrics}
            rows += [(*run, step, *counts, name, protocol.name, v, "completed") for name, v in values.items()]
    return pd.DataFrame(rows, columns=list(METRIC_COLUMNS))


def _images(draws: np.random.Generator) -> np.ndarray:
    """Images (SHOWN, 3, 64, 64), uint8: coloured blobs with noise, about as compressible as generated faces."""
    coarse = draws.normal(size=(SHOWN, 3, 16, 16)).repeat(4, axis=2).repeat(4, axis=3)
    return np.clip(128 + 40 * coarse + 3 * draws.normal(size=coarse.shape), 0, 255).astype(np.uint8)
