"""Commands of `vigan` that run a stage: find the paths, call the stage. Imports are deferred for a fast start."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from vigan.cli import before
from vigan.cli.images import evaluate_images
from vigan.cli.paths import layout_of
from vigan.cli.process import quick_imports
from vigan.cli.slots import with_gpu
from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.study import RunKey, Study
from vigan.errors import say
from vigan.io.stamp import write_stamp
from vigan.io.times import bring_to_now
from vigan.layout import Layout
from vigan.runtime.resources import measures_on_gpu, trains_on_gpu

OF_RUNS = ("arm", "seed")
OF_IMAGES = (
    "images", "reference", "samples", "reals", "made_with", "made_of", "witness", "infinity", "extractor", "crop",
    "resize",
)  # fmt: skip
"""Arguments of `evaluate` that say what of a run, and what of one's own images, is measured."""


def _training_gains(options: argparse.Namespace) -> bool:
    return trains_on_gpu(load_study(options.config).arm(options.arm))


def _measuring_gains(options: argparse.Namespace) -> bool:
    return not _is_of_run(options) or measures_on_gpu(load_study(options.config).protocols_of(options.arm))


def _reference_gains(options: argparse.Namespace) -> bool:
    return measures_on_gpu([load_study(options.config).protocol(options.protocol)])


def preflight(options: argparse.Namespace) -> int:
    """Exit code 0 if the study can run here, 1 if not; prints why, and how long it will take."""
    from vigan.tools.preflight import preflight, prepared_counts

    study = load_study(options.config)
    layout = layout_of(study, options.celeba)
    missing, unprepared = layout.pending()
    pending = missing if options.train is None else _planned(study, options.train)
    verdict = preflight(
        study, pending, unprepared, celeba=options.celeba, download=options.download, cpu=options.cpu,
        cores=None if options.elsewhere else options.cores, prepared=prepared_counts(layout),
    )  # fmt: skip
    for line in verdict.message.splitlines():
        say(line, sys.stdout if verdict.go else sys.stderr)
    return 0 if verdict.go else 1


def _planned(study: Study, counts: Sequence[str]) -> list[RunKey]:
    """So many runs of arms as "ARM=RUNS" say, the first ones. Raises ConfigError naming what is not."""
    found = []
    for arm, _, count in (text.partition("=") for text in counts):
        if not count.isdecimal():
            raise ConfigError(f"--train '{arm}': write ARM=RUNS, as in {arm}=8")
        study.experiment_of(arm)
        found += [run for run in study.every_run() if run.arm == arm][: int(count)]
    return found


def prepare(options: argparse.Namespace) -> None:
    """Prepare one data set."""
    with quick_imports():
        from vigan.data.archive import left_out
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
    beside = left_out(manifest["skipped"], manifest.get("links", 0))
    held_out = f"{manifest['held_out']} more are kept from training" if "held_out" in manifest else ""
    made = f"{folder}: {manifest['count']} examples of shape {tuple(manifest['shape'])}"
    say("; ".join(filter(None, (made, held_out, beside))))


def _percent() -> Callable[[int, int], None]:
    shown = [-1]

    def show(done: int, total: int) -> None:
        tenth = 10 * done // total
        if tenth > shown[0]:
            shown[0] = tenth
            print(f"{done} of {total}", flush=True)

    return show


@with_gpu("eval", _reference_gains)
def reference(options: argparse.Namespace) -> None:
    """Measure real data for one protocol."""
    with quick_imports():
        from vigan.stages.reference import reference
        from vigan.training.device import pick_device
    study = load_study(options.config)
    layout = layout_of(study)
    dataset, protocol = layout.dataset(options.dataset), study.protocol(options.protocol)
    before.check(options.config, before.data(layout, dataset))
    floor = reference(
        protocol, dataset, layout.data(dataset), layout.reference(dataset, protocol), str(pick_device(options.device))
    )
    print(json.dumps({"protocol": protocol.name, "floor": floor}, allow_nan=False))


@with_gpu("train", _training_gains)
def train(options: argparse.Namespace) -> None:
    """Train one arm with one seed."""
    with quick_imports():
        from vigan.config.base import digest_of
        from vigan.config.plugin_imports import load_watched
        from vigan.data.store import ARRAY, MANIFEST, load
        from vigan.provenance import stage_digest
        from vigan.stages.train import Settings, train
        from vigan.training.alarm import DiversityAlarm
        from vigan.training.callbacks import ProgressBar, TensorBoard
        from vigan.training.other_draws import NoOtherDraws
    study = load_study(options.config)
    spec = study.run_spec(options.arm, options.seed)
    load_watched(spec.arm.modules)
    run = RunKey(spec.name, spec.arm.reading, spec.seed)
    layout = layout_of(study, state=options.state)
    data = layout.data(study.dataset_of(options.arm))
    before.check(options.config, before.data(layout, study.dataset_of(options.arm)))
    state = layout.state(run, digest_of([spec.digest, stage_digest("train", spec.arm.modules), load(data).fingerprint]))
    logs = layout.tensorboard(run)
    settings = Settings(options.device, options.threads, options.save_every, study.rules(options.arm), logs)
    with contextlib.ExitStack() as stack:
        closed: list[Any] = [ProgressBar(spec), *([TensorBoard(spec, logs)] if _tensorboard_wanted(options) else [])]
        for callback in closed:
            stack.callback(callback.close)
        watching = (*closed, DiversityAlarm(spec), NoOtherDraws(spec.name))
        record = train(spec, data, layout.run(run), state, settings, watching)
    bring_to_now([layout.spec(options.arm), data / MANIFEST, data / ARRAY])
    print(
        f"{layout.run(run)}: {record.status} after {record.iterations} iterations, {record.seconds:.0f} s", flush=True
    )


def _tensorboard_wanted(options: argparse.Namespace) -> bool:
    """Whether event files are to be written; what they need is an extra of the package."""
    if options.no_tensorboard:
        return False
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        say("TensorBoard gets no event files of this run: it is not installed (the extra vigan[tensorboard])")
        return False
    return True


@with_gpu("eval", _measuring_gains)
def evaluate(options: argparse.Namespace) -> None:
    """Measure all snapshots of one run, or your own images."""
    if _is_of_run(options):
        _evaluate_run(options)
    else:
        evaluate_images(options)


def _is_of_run(options: argparse.Namespace) -> bool:
    """Whether a run is to be measured, not images. Raises ConfigError where options of both are given, or too few."""
    values = {name: vars(options).get(name) for name in (*OF_RUNS, *OF_IMAGES)}
    given = {name for name, value in values.items() if value is not None and value is not False and value != []}
    of_run, own = given & {*OF_RUNS}, given & {*OF_IMAGES}
    if of_run and own:
        raise ConfigError(f"evaluate measures a run or images: {_listed(of_run)} do not go with {_listed(own)}")
    if of_run != {*OF_RUNS} and not own >= {"images", "reference"}:
        raise ConfigError("evaluate needs --arm and --seed (a run of a study), or --images and --reference")
    return bool(of_run)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in sorted(names))


def _evaluate_run(options: argparse.Namespace) -> None:
    with quick_imports():
        from vigan.stages.evaluate import evaluate
        from vigan.training.device import pick_device
    study = load_study(options.config)
    layout, spec = layout_of(study), study.run_spec(options.arm, options.seed)
    run = layout.run(RunKey(spec.name, spec.arm.reading, spec.seed))
    files = [one for one in layout.run_files() if one.folder == run]
    before.check(options.config, [*before.trained(files), *before.references(layout, options.arm)])
    device, data = str(pick_device(options.device)), layout.data(study.dataset_of(options.arm))
    table = evaluate(spec, run, data, layout.references(options.arm), device, options.threads)
    bring_to_now([run / "run.json", run / "snapshots", *layout.references(options.arm).values()])
    print(f"{run}: {len(table)} numbers", flush=True)


def _sampled(options: argparse.Namespace) -> bool:
    from vigan.config.elsewhere import Samples

    study = load_study(options.config)
    arm = study.elsewhere_arm(options.arm)
    return isinstance(arm.origin, Samples) and measures_on_gpu(study.protocols_of(options.arm))


@with_gpu("eval", _sampled)
def import_(options: argparse.Namespace) -> None:
    """Read one arm whose runs were made elsewhere."""
    with quick_imports():
        from vigan.config.elsewhere import Samples
        from vigan.elsewhere.files import place_of
        from vigan.io.files import RecordError
        from vigan.io.run_record import MEASURED
        from vigan.stages.made_from import NOTHING, of_import
    study = load_study(options.config)
    study.elsewhere_arm(options.arm)
    layout = layout_of(study)
    arm = next(one for one in layout.elsewhere_files() if one.name == options.arm)
    made_from = of_import(layout, arm)
    if not place_of(arm.arm).exists():
        raise RecordError(f"{place_of(arm.arm)}: not there; mend the path of arm '{arm.name}'")
    if isinstance(arm.arm.origin, Samples):
        from vigan.stages.elsewhere_samples import take_samples
        from vigan.training.device import pick_device

        before.check(options.config, before.references(layout, arm.name))
        data, references = layout.data(study.dataset_of(arm.name)), layout.references(arm.name)
        record = take_samples(study, arm, made_from["files"], data, references, str(pick_device(options.device)))
    else:
        from vigan.stages.elsewhere import take_numbers

        record = take_numbers(study, arm, made_from["files"])
    if of_import(layout, arm)["files"] != made_from["files"] or made_from["files"] == NOTHING:
        raise RecordError(f"{place_of(arm.arm)}: changed while it was read; run the same command again")
    write_stamp(arm.folder / MEASURED, made_from, arm.written)
    for line in record.told:
        say(f"{arm.name}: {line}")
    say(f"{arm.folder}: {len(record.runs)} run{'s' * (len(record.runs) != 1)}, not trained here")


def analyse(options: argparse.Namespace) -> None:
    """Join all runs of a study into its tables."""
    with quick_imports():
        from vigan.stages.analyse import analyse
        from vigan.stages.freshness import check_elsewhere, check_runs
        from vigan.stages.kept_study import left_out
        from vigan.stages.made_from import of_tables
    study = load_study(options.config)
    layout = layout_of(study)
    runs = layout.run_files()
    needs = [*before.references(layout), *before.imported(layout.elsewhere_files()), *before.measured(runs)]
    before.check(options.config, needs)
    check_elsewhere(layout)
    made_from = of_tables(layout)
    for line in (*check_runs(layout, runs), *left_out(layout)):
        print(f"warning: {before.of_study(line, options.config)}", flush=True)
    analyse(study, runs, layout.floors(), layout.results, layout.elsewhere_files())
    write_stamp(layout.stamp("tables"), made_from, [*layout.all_tables().values(), *layout.raw_files()])


def merge(options: argparse.Namespace) -> None:
    """Join the results of one study from several machines."""
    from vigan.tools.merge import merge

    if options.config is not None:
        load_study(options.config)  # its plug-ins are in use from here on
    for source, count in merge(options.sources, options.out).items():
        say(f"{source}: {count} runs")
