"""What each command of `vigan` does: find the paths, call one stage. Stages are imported when they are needed."""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
from collections.abc import Callable

from vigan.config.load import load_study
from vigan.config.study import RunKey
from vigan.layout import Layout


def preflight(options: argparse.Namespace) -> int:
    """Exit code 0 if the study can run here, 1 if not; prints why, and how long it takes."""
    from vigan.stages.preflight import preflight

    study = load_study(options.config)
    pending = [run for run in study.runs() if not (Layout(study).run(run) / "run.json").exists()]
    waiting = [data for data in study.datasets.values() if not (Layout(study).data(data) / "manifest.json").exists()]
    verdict = preflight(
        study, pending, waiting, celeba=options.celeba, download=options.download, cpu=options.cpu, cores=options.cores
    )
    print(verdict.message, file=sys.stdout if verdict.go else sys.stderr, flush=True)
    return 0 if verdict.go else 1


def prepare(options: argparse.Namespace) -> None:
    """Prepare one data set."""
    from vigan.stages.prepare import prepare

    study = load_study(options.config)
    dataset = study.dataset(options.dataset)
    folder = Layout(study).data(dataset)
    manifest = prepare(
        dataset, folder, celeba=options.celeba, download=options.download, workers=options.threads, progress=_percent()
    )
    print(f"{folder}: {manifest['count']} examples of shape {tuple(manifest['shape'])}", flush=True)


def _percent() -> Callable[[int, int], None]:
    shown = [-1]

    def show(done: int, total: int) -> None:
        tenth = 10 * done // total
        if tenth > shown[0]:
            shown[0] = tenth
            print(f"{done} of {total}", flush=True)

    return show


def reference(options: argparse.Namespace) -> None:
    """Measure real data for one protocol."""
    from vigan.stages.reference import reference
    from vigan.training.device import pick_device

    study = load_study(options.config)
    layout, dataset = Layout(study), study.dataset(options.dataset)
    protocol = study.protocol(options.protocol)
    floor = reference(
        protocol, dataset, layout.data(dataset), layout.reference(dataset, protocol), str(pick_device(options.device))
    )
    print(json.dumps({"protocol": protocol.name, "floor": floor}))


def train(options: argparse.Namespace) -> None:
    """Train one arm with one seed."""
    from vigan.config.base import digest_of
    from vigan.data.store import load
    from vigan.provenance import stage_digest
    from vigan.stages.train import Settings, train
    from vigan.training.observers import ProgressBar, TensorBoard

    study = load_study(options.config)
    spec = study.run_spec(options.arm, options.seed)
    run = RunKey(spec.name, spec.arm.reading, spec.seed)
    layout = Layout(study, options.state)
    data = layout.data(spec.dataset)
    state = layout.state(
        run, digest_of([spec.digest, stage_digest("train", spec.arm.stabiliser_names), load(data).fingerprint])
    )
    if not state.exists():
        shutil.rmtree(layout.tensorboard(run), ignore_errors=True)  # of an earlier training of this run
    watchers = [] if options.no_tensorboard else [TensorBoard(spec, layout.tensorboard(run))]
    settings = Settings(options.device, options.threads, options.save_every)
    record = train(spec, data, layout.run(run), state, settings, (ProgressBar(spec), *watchers))
    print(
        f"{layout.run(run)}: {record.status} after {record.iterations} iterations, {record.seconds:.0f} s", flush=True
    )


def evaluate(options: argparse.Namespace) -> None:
    """Measure all snapshots of one run."""
    from vigan.stages.evaluate import evaluate
    from vigan.training.device import pick_device

    study = load_study(options.config)
    layout, spec = Layout(study), study.run_spec(options.arm, options.seed)
    run = layout.run(RunKey(spec.name, spec.arm.reading, spec.seed))
    device = str(pick_device(options.device))
    table = evaluate(spec, run, layout.data(spec.dataset), layout.references(options.arm), device, options.threads)
    print(f"{run}: {len(table)} numbers", flush=True)


def analyse(options: argparse.Namespace) -> None:
    """Join all runs of a study into its tables."""
    from vigan.stages.analyse import analyse

    study = load_study(options.config)
    layout = Layout(study)
    analyse(study, layout.run_files(), layout.floors(), layout.tables)


def figure(options: argparse.Namespace) -> None:
    """Draw one figure."""
    from vigan.stages.figures import Files, draw

    study = load_study(options.config)
    layout = Layout(study)
    out = layout.figure(options.kind, options.experiment)
    draw(options.kind, study, options.experiment, Files(layout.tables, layout.run_files()), out)


def report(options: argparse.Namespace) -> None:
    """Write the report."""
    from vigan.stages.report import report

    study = load_study(options.config)
    layout = Layout(study)
    report(study, options.config, layout, options.deviations)
    print(layout.report, flush=True)


def diff(options: argparse.Namespace) -> None:
    """Print how two arms differ."""
    from vigan.config.telling import tell_difference, tell_places

    study = load_study(options.config)
    first, second = options.arms
    coordinates = math.prod(study.dataset_of(first).shape)
    print(tell_difference(first, study.arm(first), second, study.arm(second), coordinates))
    print(tell_places(study, first, second), end="")


def explain(options: argparse.Namespace) -> None:
    """Print one arm's schedule in words."""
    from vigan.config.telling import explain

    study = load_study(options.config)
    iterations = study.experiments[study.experiment_of(options.arm)].iterations
    print(explain(options.arm, study.arm(options.arm), math.prod(study.dataset_of(options.arm).shape), iterations))


def deviations(options: argparse.Namespace) -> None:
    """Print the list of deviations as Markdown."""
    from vigan.config.deviations import as_markdown, load_deviations

    print(as_markdown(load_deviations(options.file)), end="")


def verify_trace(options: argparse.Namespace) -> int:
    """Exit code 0 if a replay of a golden trace agrees; prints its errors as JSON."""
    from vigan.training.trace import verify

    result = verify(options.file)
    print(json.dumps(result, indent=2, allow_nan=False))
    return 0 if result["passed"] else 1
