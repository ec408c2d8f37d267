"""Commands of `vigan` that run a stage: find the paths, call the stage. Imports are deferred for a fast start."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vigan.config.arms import RunSpec
from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.study import RunKey, Study
from vigan.errors import say
from vigan.io.stamp import write_stamp
from vigan.layout import Layout
from vigan.runtime.gpu_slots import Work, reserve_gpu
from vigan.runtime.resources import measures_on_gpu, trains_on_gpu
from vigan.runtime.settings import cache_folder

if TYPE_CHECKING:
    from vigan.data.load_images import Fitting

Run = Callable[[argparse.Namespace], None]


def _with_gpu(work: Work, gains: Callable[[argparse.Namespace], bool]) -> Callable[[Run], Run]:
    """Commands run, unless their device is named, on the GPU of a free slot for `work`, or on the CPU if none gains."""

    def with_slot(command: Run) -> Run:
        @functools.wraps(command)
        def run(options: argparse.Namespace) -> None:
            if options.device == "auto" and not gains(options):
                options.device = "cpu"
            if options.device != "auto":
                return command(options)
            with reserve_gpu(work):
                return command(options)

        return run

    return with_slot


def _training_gains(options: argparse.Namespace) -> bool:
    return trains_on_gpu(load_study(options.config).arm(options.arm))


def _measuring_gains(options: argparse.Namespace) -> bool:
    return options.arm is None or measures_on_gpu(load_study(options.config).protocols_of(options.arm))


def _reference_gains(options: argparse.Namespace) -> bool:
    return measures_on_gpu([load_study(options.config).protocol(options.protocol)])


def _layout(study: Study, archive: Path | None = None, state: Path = Path("state")) -> Layout:
    """Paths of a study here, its data sets told by their files where these are at hand."""
    from vigan.data.identity import sources

    found = sources(study.datasets.values(), archive)
    return Layout(study, state, {digest: source.key for digest, source in found.items()})


def preflight(options: argparse.Namespace) -> int:
    """Exit code 0 if the study can run here, 1 if not; prints why, and how long it will take."""
    from vigan.tools.preflight import preflight

    study = load_study(options.config)
    layout = _layout(study, options.celeba)
    pending = [run for run in study.runs() if not (layout.run(run) / "run.json").exists()]
    waiting = [data for data in study.datasets.values() if not (layout.data(data) / "manifest.json").exists()]
    verdict = preflight(
        study, pending, waiting, celeba=options.celeba, download=options.download, cpu=options.cpu,
        cores=None if options.elsewhere else options.cores,
    )  # fmt: skip
    for line in verdict.message.splitlines():
        say(line, sys.stdout if verdict.go else sys.stderr)
    return 0 if verdict.go else 1


def prepare(options: argparse.Namespace) -> None:
    """Prepare one data set."""
    from vigan.data.identity import sources
    from vigan.stages.prepare import prepare

    study = load_study(options.config)
    found = sources(study.datasets.values(), options.celeba)
    layout = Layout(study, keys={digest: source.key for digest, source in found.items()})
    dataset = layout.dataset(options.dataset)
    folder, source = layout.data(dataset), found.get(dataset.digest)
    manifest = prepare(
        dataset, folder, celeba=options.celeba, download=options.download, workers=options.threads,
        progress=_percent(), source=source,
    )  # fmt: skip
    left_out = f"; {manifest['skipped']} files left out, which are no images" if manifest["skipped"] else ""
    say(f"{folder}: {manifest['count']} examples of shape {tuple(manifest['shape'])}{left_out}")


def _percent() -> Callable[[int, int], None]:
    shown = [-1]

    def show(done: int, total: int) -> None:
        tenth = 10 * done // total
        if tenth > shown[0]:
            shown[0] = tenth
            print(f"{done} of {total}", flush=True)

    return show


@_with_gpu("eval", _reference_gains)
def reference(options: argparse.Namespace) -> None:
    """Measure real data for one protocol."""
    from vigan.stages.reference import reference
    from vigan.training.device import pick_device

    study = load_study(options.config)
    layout = _layout(study)
    dataset, protocol = layout.dataset(options.dataset), study.protocol(options.protocol)
    floor = reference(
        protocol, dataset, layout.data(dataset), layout.reference(dataset, protocol), str(pick_device(options.device))
    )
    print(json.dumps({"protocol": protocol.name, "floor": floor}, allow_nan=False))


@_with_gpu("train", _training_gains)
def train(options: argparse.Namespace) -> None:
    """Train one arm with one seed."""
    from vigan.config.base import digest_of
    from vigan.data.store import load
    from vigan.provenance import stage_digest
    from vigan.stages.train import Settings, train
    from vigan.training.callbacks import ProgressBar, TensorBoard

    study = load_study(options.config)
    spec = _spec(study, options.arm, options.seed)
    run = RunKey(spec.name, spec.arm.reading, spec.seed)
    layout = _layout(study, state=options.state)
    data = layout.data(study.dataset_of(options.arm))
    state = layout.state(run, digest_of([spec.digest, stage_digest("train", spec.arm.modules), load(data).fingerprint]))
    if not state.exists():
        shutil.rmtree(layout.tensorboard(run), ignore_errors=True)  # left by an earlier training of this run
    callbacks = [] if options.no_tensorboard else [TensorBoard(spec, layout.tensorboard(run))]
    settings = Settings(options.device, options.threads, options.save_every, study.rules(options.arm))
    with contextlib.closing(ProgressBar(spec)) as bar:
        record = train(spec, data, layout.run(run), state, settings, (bar, *callbacks))
    print(
        f"{layout.run(run)}: {record.status} after {record.iterations} iterations, {record.seconds:.0f} s", flush=True
    )


@_with_gpu("eval", _measuring_gains)
def evaluate(options: argparse.Namespace) -> None:
    """Measure all snapshots of one run, or your own images."""
    study_run, images = (options.arm, options.seed), (options.images, options.reference)
    if all(value is not None for value in images):
        _evaluate_images(options)
    elif all(value is not None for value in study_run):
        _evaluate_run(options)
    else:
        raise ConfigError("evaluate needs --arm and --seed (a run of a study), or --images and --reference")


def _evaluate_images(options: argparse.Namespace) -> None:
    from vigan.evaluation.anybody import Request, measure_images
    from vigan.evaluation.witness import Witness
    from vigan.training.device import calculate_in_float32, pick_device

    calculate_in_float32(options.threads)
    request = Request(
        images=options.images, reference=options.reference, extractor=options.extractor, samples=options.samples,
        reals=options.reals, fitting=_fitting(options), made_with=options.made_with, made_of=options.made_of,
        infinity=options.infinity, witnesses=tuple(Witness.named(text) for text in options.witness),
        device=str(pick_device(options.device)), cache=cache_folder(),
    )  # fmt: skip
    print(json.dumps(measure_images(request), indent=2, allow_nan=False))


@_with_gpu("eval", lambda _: True)
def statistics(options: argparse.Namespace) -> None:
    """Write what a reference of anybody's images is compared by."""
    from vigan.data.load_images import open_gallery
    from vigan.evaluation.anybody import statistics_of
    from vigan.evaluation.statistics import write_statistics
    from vigan.features.extractors import make_extractor
    from vigan.training.device import calculate_in_float32, pick_device

    calculate_in_float32(options.threads)
    gallery = open_gallery(options.images, _fitting(options))
    found = statistics_of(gallery, make_extractor(options.extractor, str(pick_device(options.device))))
    write_statistics(options.out, found, with_features=options.features)
    print(json.dumps(found.made._asdict(), indent=2))


def _fitting(options: argparse.Namespace) -> Fitting:
    from vigan.data.load_images import Fitting

    return Fitting(options.crop, options.resize)


def _evaluate_run(options: argparse.Namespace) -> None:
    from vigan.stages.evaluate import evaluate
    from vigan.training.device import pick_device

    study = load_study(options.config)
    layout, spec = _layout(study), _spec(study, options.arm, options.seed)
    run = layout.run(RunKey(spec.name, spec.arm.reading, spec.seed))
    device, data = str(pick_device(options.device)), layout.data(study.dataset_of(options.arm))
    table = evaluate(spec, run, data, layout.references(options.arm), device, options.threads)
    print(f"{run}: {len(table)} numbers", flush=True)


def _spec(study: Study, arm: str, seed: int) -> RunSpec:
    """A run of the study. Raises ConfigError for one that it does not have."""
    if seed not in (known := study.seeds_of(arm)):
        raise ConfigError(f"arm '{arm}' has no seed {seed} in this study; known: {', '.join(map(str, known))}")
    return study.run_spec(arm, seed)


def analyse(options: argparse.Namespace) -> None:
    """Join all runs of a study into its tables."""
    from vigan.stages.analyse import analyse
    from vigan.stages.freshness import check_runs
    from vigan.stages.made_from import of_tables

    study = load_study(options.config)
    layout = _layout(study)
    made_from, runs = of_tables(layout), layout.run_files()
    for line in check_runs(layout, runs):
        print(f"warning: {line}", flush=True)
    analyse(study, runs, layout.floors(), layout.results)
    write_stamp(layout.stamp("tables"), made_from, [*layout.all_tables().values(), *layout.raw_files()])


def merge(options: argparse.Namespace) -> None:
    """Join the results of one study from several machines."""
    from vigan.tools.merge import merge

    for source, count in merge(options.sources, options.out).items():
        say(f"{source}: {count} runs")


def figure(options: argparse.Namespace) -> None:
    """Draw one figure."""
    from vigan.stages.figures import Files, draw
    from vigan.stages.freshness import check_samples, check_stamped_tables
    from vigan.stages.made_from import of_figure

    study = load_study(options.config)
    layout = _layout(study)
    out = layout.figure(options.kind, options.experiment)
    check_stamped_tables(layout)
    if options.kind == "samples":
        check_samples(layout, options.experiment)
    made_from = of_figure(layout)
    draw(options.kind, study, options.experiment, Files(layout.tables, layout.run_files()), out)
    write_stamp(layout.stamp(out.name), made_from, [out])


def frames(options: argparse.Namespace) -> None:
    """Make the pictures behind the report's slider."""
    from vigan.stages.frames import write_frames
    from vigan.stages.made_from import of_pictures, runs_of

    layout = Layout(load_study(options.config))
    out = layout.frames(options.experiment)
    made_from = of_pictures(layout, runs_of(layout, options.experiment))
    write_frames(layout.study, options.experiment, layout.run_files(), out)
    write_stamp(layout.stamp(out.name), made_from, [out])


def movie(options: argparse.Namespace) -> None:
    """Show the training of two arms side by side."""
    from vigan.stages.frames import write_movie
    from vigan.stages.made_from import first_runs, of_pictures

    layout = Layout(load_study(options.config))
    out = options.out or layout.movie(*options.arms)
    made_from = of_pictures(layout, first_runs(layout, options.arms, options.seed))
    write_movie(layout.study, options.arms, options.seed, layout.run_files(), out)
    if options.out is None:
        write_stamp(layout.stamp(out.name), made_from, [out])
    say(str(out))


def contact(options: argparse.Namespace) -> None:
    """Put every run of an experiment on one sheet."""
    from vigan.stages.frames import write_contact
    from vigan.stages.made_from import of_pictures, runs_of

    layout = Layout(load_study(options.config))
    out = layout.contact(options.experiment)
    made_from = of_pictures(layout, runs_of(layout, options.experiment))
    write_contact(layout.study, options.experiment, layout.run_files(), out)
    write_stamp(layout.stamp(out.name), made_from, [out])


def report(options: argparse.Namespace) -> None:
    """Write the report."""
    from vigan.report.render import TEMPLATES
    from vigan.stages.freshness import check_figures, check_frames, check_stamped_tables
    from vigan.stages.made_from import of_page
    from vigan.stages.report import Lists, report, small_report

    study = load_study(options.config)
    layout = _layout(study)
    check_stamped_tables(layout, kept=options.small)
    check_figures(layout, kept=options.small)
    lists = Lists(options.deviations, options.published)
    if options.small:
        print(small_report(study, options.config, layout, lists), flush=True)
        return
    check_frames(layout)
    made_from = of_page(layout, lists, sorted(TEMPLATES.iterdir()))
    out = report(study, options.config, layout, lists)
    write_stamp(layout.stamp(out.name), made_from, [out, *layout.all_table_pages().values()])
    print(out, flush=True)


def findings(options: argparse.Namespace) -> None:
    """Write the page of findings, and the README's table of verdicts, from the tables in the repository."""
    from vigan.io.files import write_text
    from vigan.tools.findings import Sources, findings, with_verdicts

    write_text(options.out, findings(options.template, Sources(options.results, options.paper, options.published)))
    if options.readme.exists():
        write_text(options.readme, with_verdicts(options.readme.read_text(encoding="utf-8"), options.results))
    say(str(options.out))
