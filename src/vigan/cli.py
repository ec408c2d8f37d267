"""`vigan STAGE`: reads the arguments, finds the paths, calls one stage."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.study import RunKey
from vigan.layout import Layout
from vigan.records import RecordError

DEVIATIONS = Path("config/deviations.yaml")

Command = Callable[[argparse.Namespace], "int | None"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code of one command: 0 done, 1 refused (one line on standard error says why), 2 wrong arguments."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options) or 0
    except (ConfigError, RecordError) as error:
        print(f"vigan: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vigan", description="Reproduce Su (2018), arXiv 1807.05936, over seeds.")
    stages = parser.add_subparsers(required=True, metavar="STAGE")

    def stage(command: Command, summary: str, *, study: bool = True) -> argparse.ArgumentParser:
        name = command.__name__.strip("_").replace("_", "-")
        added = stages.add_parser(name, help=summary, description=summary)
        added.set_defaults(command=command)
        if study:
            added.add_argument("--config", type=Path, required=True, help="study file, such as config/smoke.yaml")
        return added

    preflight = stage(_preflight, "say whether a study can run here, and how long it will take")
    preflight.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="cores the study may use")
    preflight.add_argument("--cpu", action="store_true", help="go on without a GPU, however long it takes")
    preflight.add_argument("--celeba", type=Path, help="img_align_celeba.zip, or a folder with its images")
    preflight.add_argument("--download", action="store_true", help="CelebA will be fetched through torchvision")

    prepare = stage(_prepare, "turn a data set into one array and its manifest")
    prepare.add_argument("--dataset", required=True, help="name of a data set in the study")
    prepare.add_argument("--celeba", type=Path, help="img_align_celeba.zip, or a folder with its images")
    prepare.add_argument("--download", action="store_true", help="fetch CelebA through torchvision")
    prepare.add_argument("--threads", type=int, default=1)

    reference = stage(_reference, "measure the real data, once per protocol")
    reference.add_argument("--dataset", required=True)
    reference.add_argument("--protocol", required=True, help="protocol name, as in the tables")
    reference.add_argument("--device", default="auto")

    train = stage(_train, "train one arm with one seed; a run that was stopped goes on where it was")
    train.add_argument("--arm", required=True)
    train.add_argument("--seed", type=int, required=True)
    train.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    train.add_argument("--threads", type=int, default=1)
    train.add_argument("--save-every", type=float, default=60.0, help="seconds between checkpoints")
    train.add_argument("--state", type=Path, default=Path("state"), help="where checkpoints live while a run trains")
    train.add_argument("--no-tensorboard", action="store_true")

    evaluate = stage(_evaluate, "measure all snapshots of one run")
    evaluate.add_argument("--arm", required=True)
    evaluate.add_argument("--seed", type=int, required=True)
    evaluate.add_argument("--device", default="auto")
    evaluate.add_argument("--threads", type=int, default=1)

    stage(_analyse, "join all runs of a study into its tables")
    figure = stage(_figure, "draw one figure")
    figure.add_argument("--kind", required=True, help="curves, samples or telemetry")
    figure.add_argument("--experiment", required=True)
    page = stage(_report, "write the page people read")
    page.add_argument("--deviations", type=Path, default=DEVIATIONS, help="list of deviations (YAML)")

    difference = stage(_diff, "print field by field how two arms differ")
    difference.add_argument("arms", nargs=2, metavar="ARM")
    stage(_explain, "tell one arm's schedule in words, with its ledger").add_argument("arm", metavar="ARM")
    deviations = stage(_deviations, "print what differs between article, released code and here", study=False)
    deviations.add_argument("--file", type=Path, default=DEVIATIONS)

    trace = stage(_verify_trace, "replay a golden trace of the released graph; exit 0 if it agrees", study=False)
    trace.add_argument("file", type=Path, help="a trace (npz)")
    return parser


def _preflight(options: argparse.Namespace) -> int:
    from vigan.stages.preflight import preflight

    study = load_study(options.config)
    pending = [run for run in study.runs() if not (Layout(study).run(run) / "run.json").exists()]
    waiting = [data for data in study.datasets.values() if not (Layout(study).data(data) / "manifest.json").exists()]
    verdict = preflight(
        study, pending, waiting, celeba=options.celeba, download=options.download, cpu=options.cpu, cores=options.cores
    )
    print(verdict.message, file=sys.stdout if verdict.go else sys.stderr, flush=True)
    return 0 if verdict.go else 1


def _prepare(options: argparse.Namespace) -> None:
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


def _reference(options: argparse.Namespace) -> None:
    from vigan.stages.reference import reference
    from vigan.training.run import pick_device

    study = load_study(options.config)
    layout, dataset = Layout(study), study.dataset(options.dataset)
    protocol = study.protocol(options.protocol)
    floor = reference(
        protocol, dataset, layout.data(dataset), layout.reference(dataset, protocol), str(pick_device(options.device))
    )
    print(json.dumps({"protocol": protocol.name, "floor": floor}))


def _train(options: argparse.Namespace) -> None:
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
    watchers = [] if options.no_tensorboard else [TensorBoard(spec, layout.tensorboard(run))]
    settings = Settings(options.device, options.threads, options.save_every)
    record = train(spec, data, layout.run(run), state, settings, (ProgressBar(spec), *watchers))
    print(
        f"{layout.run(run)}: {record.status} after {record.iterations} iterations, {record.seconds:.0f} s", flush=True
    )


def _evaluate(options: argparse.Namespace) -> None:
    from vigan.stages.evaluate import Place, evaluate
    from vigan.training.run import pick_device

    study = load_study(options.config)
    layout, spec = Layout(study), study.run_spec(options.arm, options.seed)
    run = layout.run(RunKey(spec.name, spec.arm.reading, spec.seed))
    place = Place(study.study, study.experiment_of(options.arm))
    device = str(pick_device(options.device))
    table = evaluate(place, run, layout.data(spec.dataset), layout.references(options.arm), device, options.threads)
    print(f"{run}: {len(table)} numbers", flush=True)


def _analyse(options: argparse.Namespace) -> None:
    from vigan.stages.analyse import analyse

    study = load_study(options.config)
    layout = Layout(study)
    analyse(study, layout.run_files(), layout.floors(), layout.tables)


def _figure(options: argparse.Namespace) -> None:
    from vigan.stages.figures import Files, draw

    study = load_study(options.config)
    layout = Layout(study)
    out = layout.figure(options.kind, options.experiment)
    draw(options.kind, study, options.experiment, Files(layout.tables, layout.run_files()), out)


def _report(options: argparse.Namespace) -> None:
    from vigan.stages.report import report

    study = load_study(options.config)
    layout = Layout(study)
    report(study, options.config, layout, options.deviations)
    print(layout.report, flush=True)


def _diff(options: argparse.Namespace) -> None:
    from vigan.config.telling import tell_difference, tell_places

    study = load_study(options.config)
    first, second = options.arms
    coordinates = math.prod(study.dataset_of(first).shape)
    print(tell_difference(first, study.arm(first), second, study.arm(second), coordinates))
    print(tell_places(study, first, second), end="")


def _explain(options: argparse.Namespace) -> None:
    from vigan.config.telling import explain

    study = load_study(options.config)
    iterations = study.experiments[study.experiment_of(options.arm)].iterations
    print(explain(options.arm, study.arm(options.arm), math.prod(study.dataset_of(options.arm).shape), iterations))


def _deviations(options: argparse.Namespace) -> None:
    from vigan.config.deviations import as_markdown, load_deviations

    print(as_markdown(load_deviations(options.file)), end="")


def _verify_trace(options: argparse.Namespace) -> int:
    from vigan.stages.verify import verify

    result = verify(options.file)
    print(json.dumps(result, indent=2, allow_nan=False))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
