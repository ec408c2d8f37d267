"""What scripts and notebooks call, as `vigan.NAME`: the same calls as the commands', with arrays and tables.

Paths of results are those of the commands, in the folder one works in. Raises what the commands print as a line:
subclasses of `vigan.errors.UserError`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from vigan.analysis.claim_table import claim_table
from vigan.analysis.elsewhere import judged
from vigan.analysis.given_table import long_table, real_values
from vigan.analysis.measured import measured
from vigan.analysis.tables import read_table
from vigan.config import load
from vigan.config.base import digest_of
from vigan.config.study import RunKey, Study
from vigan.data.identity import sources
from vigan.data.store import load as load_data
from vigan.io.run_record import RunFiles, RunRecord
from vigan.layout import Layout
from vigan.provenance import stage_digest
from vigan.runtime.cores import cores
from vigan.runtime.settings import cache_folder
from vigan.stages.prepare import prepare

Images = str | Path | np.ndarray
"""Images: a folder or zip of them, a prepared data set, a file of an array; or uint8 (n, C, H, W) or (n, H, W, C)."""


def load_study(study: str | Path) -> Study:
    """The study of a YAML file, with its plug-ins in use. Raises ConfigError, a line with what to write, if it is none.

    Its arms, seeds, experiments and claims are fields: see `vigan.config.study.Study`.
    """
    return load.load_study(Path(study))


class Trained(NamedTuple):
    """A run of a study that has been trained: its record, its files and the paths of its study."""

    record: RunRecord
    files: RunFiles
    layout: Layout

    @property
    def folder(self) -> Path:
        """Where its snapshots, telemetry and record lie."""
        return self.files.folder

    @property
    def telemetry(self) -> pd.DataFrame:
        """A row for each logged iteration; columns as in `vigan.training.telemetry`, losses in nats."""
        return read_table(self.folder / "telemetry.csv")

    def evaluate(self, device: str = "auto", threads: int = 1) -> pd.DataFrame:
        """The numbers of all its snapshots, by the protocols of its experiment: one a row.

        Columns: arm, reading, seed, step (iterations), images, d_updates, g_updates, metric, protocol, value, status.
        Real data are measured first where they have not been. What it writes is what `vigan evaluate` writes.
        """
        from vigan.stages.evaluate import evaluate
        from vigan.stages.reference import reference
        from vigan.training.device import pick_device, put_back

        spec, on = self.record.spec, str(pick_device(device))
        dataset = self.layout.study.dataset_of(spec.name)
        data, references = self.layout.data(dataset), self.layout.references(spec.name)
        with put_back():
            for protocol, path in references.items():
                if not path.with_suffix(".json").exists():
                    reference(protocol, dataset, data, path, on)
            return evaluate(spec, self.folder, data, references, on, threads)


def train(study: str | Path, arm: str, seed: int, *, device: str = "auto", threads: int = 1) -> Trained:
    """Train one arm of a study file with one seed, as `vigan train` does; a run that was stopped resumes.

    The data set is prepared first where it has not been. A run that is there already, of this config, code and data, is
    not made again. Results lie in `results/STUDY/runs`, checkpoints meanwhile in `state`. `device`: auto, cpu, cuda,
    cuda:1; `threads` of the CPU. Raises ConfigError for an arm or seed that the study lacks.
    """
    from vigan.config.plugin_imports import load_watched
    from vigan.stages.train import Settings
    from vigan.stages.train import train as train_run
    from vigan.training.device import put_back
    from vigan.training.other_draws import NoOtherDraws

    read = load_study(study)
    spec, layout = read.run_spec(arm, seed), _prepared(read, arm)
    data = layout.data(read.dataset_of(arm))
    run = RunKey(spec.name, spec.arm.reading, spec.seed)
    files = RunFiles(read.experiment_of(arm), layout.run(run), spec)
    made_from = (stage_digest("train", spec.arm.modules), load_data(data).fingerprint)
    if (files.folder / "run.json").exists():
        record = files.record()
        if (record.code_sha256, record.data_sha256) == made_from:
            return Trained(record, files, layout)
    state = layout.state(run, digest_of([spec.digest, *made_from]))
    settings = Settings(device, threads, rules=read.rules(arm), logs=layout.tensorboard(run))
    load_watched(spec.arm.modules)
    with put_back():
        record = train_run(spec, data, files.folder, state, settings, (NoOtherDraws(spec.name),))
    return Trained(record, files, layout)


def _prepared(study: Study, arm: str) -> Layout:
    """Paths of a study, after an arm's data set has been prepared, if it was not."""
    dataset = study.dataset_of(arm)
    found = sources([dataset])
    layout = Layout(study, keys={digest: source.key for digest, source in found.items()})
    if not (layout.data(dataset) / "manifest.json").exists():
        prepare(dataset, layout.data(dataset), source=found.get(dataset.digest))
    return layout


def evaluate(
    images: Images,
    reference: Images,
    *,
    extractor: str = "efflite0-128",
    samples: int | None = None,
    reals: int | Literal["all", "equal"] = "all",
    device: str = "auto",
    threads: int | None = None,
) -> dict[str, Any]:
    """Metrics of generated images against real ones, as `vigan evaluate --images` prints them.

    Images are uint8, (n, C, H, W) or (n, H, W, C), of 1 or 3 channels and any side; or paths: see `Images`. `reference`
    may be a file of statistics, too. `samples` of the images are drawn (default: all); `reals` of the reference: "all",
    "equal" (as many), or a number. `threads` of the CPU: its cores, unless told. Keys: `protocol`, `distance` (what the
    Fréchet distance is called), `fakes` and `reals` (numbers of images), `values` by metric (precision, recall and
    coverage are shares, 0 to 1; Fréchet distance and KID in squared units of the features), `floor` (the same of real
    data), `input`.
    """
    from vigan.evaluation.anybody import measure_images
    from vigan.evaluation.request import Request
    from vigan.training.device import calculate_in_float32, pick_device, put_back

    with _as_path(images, "images") as fakes, _as_path(reference, "reference") as real, put_back():
        calculate_in_float32(threads or cores())
        asked = Request(
            images=fakes, reference=real, extractor=extractor, samples=samples, reals=reals,
            device=str(pick_device(device)), cache=cache_folder(),
        )  # fmt: skip
        return measure_images(asked)


@contextmanager
def _as_path(images: Images, name: str) -> Iterator[Path]:
    """A path of images, for as long as they are measured."""
    if not isinstance(images, np.ndarray):
        yield Path(images)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.npy"
        np.save(path, images)
        yield path


def judge(frame: pd.DataFrame, rules: str | Path, floors: pd.DataFrame | None = None) -> pd.DataFrame:
    """The verdict on every claim of a study file (`rules`), by the numbers in a table: one row a claim.

    `frame` has a number a row: the columns arm, seed, step (iterations), metric, value; protocol (its name, or its
    kind), unless the arm's experiment has one only; and status ("completed" or "diverged"), unless all runs were
    completed. Arms may be trained or made elsewhere (`from`); files that the study names are not read. Rows of arms
    that the study lacks, of unknown metrics and of steps after the last are left out; an infinite value is a
    divergence, and an empty one (NaN, None) was not measured, unless the status of its run says that it diverged;
    numbers that end before the experiment does are not judged. `floors` (dataset, protocol, metric, value) are the
    numbers of real data, which rules that are relative to these need. Columns of the result:
    `vigan.analysis.claim_table.CLAIM_COLUMNS`, among them id, verdict, reason, n (seeds), estimate with low and high
    (its 95% interval) in `unit`. Raises ConfigError for a column that is missing and for rows that cannot be.
    """
    study = load_study(rules)
    table = long_table(study, frame)
    return claim_table(study, measured(table, real_values(study, judged(table), floors), study.experiments))
