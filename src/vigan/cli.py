"""`vigan STAGE`: the arguments of every command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from vigan import commands
from vigan.config.base import ConfigError
from vigan.machine import setting, switched_on
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
            told = "study file, such as config/smoke.yaml (default: VIGAN_CONFIG, or the paper study)"
            added.add_argument("--config", type=Path, default=setting("config", "config/paper.yaml"), help=told)
        return added

    preflight = stage(commands.preflight, "say whether a study can run here, and how long it will take")
    preflight.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="cores the study may use")
    preflight.add_argument(
        "--cpu", action="store_true", default=switched_on("cpu"), help="go on without a GPU, however long it takes"
    )
    _add_celeba(preflight)

    prepare = stage(commands.prepare, "turn a data set into one array and its manifest")
    prepare.add_argument("--dataset", required=True, help="name of a data set in the study")
    _add_celeba(prepare)
    prepare.add_argument("--threads", type=int, default=1)

    reference = stage(commands.reference, "measure the real data, once per protocol")
    reference.add_argument("--dataset", required=True)
    reference.add_argument("--protocol", required=True, help="protocol name, as in the tables")
    reference.add_argument("--device", default="auto")

    train = stage(commands.train, "train one arm with one seed; a run that was stopped goes on where it was")
    train.add_argument("--arm", required=True)
    train.add_argument("--seed", type=int, required=True)
    train.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    train.add_argument("--threads", type=int, default=1)
    train.add_argument("--save-every", type=float, default=60.0, help="seconds between checkpoints")
    train.add_argument(
        "--state", type=Path, default=setting("state", "state"), help="where checkpoints live while a run trains"
    )
    train.add_argument("--no-tensorboard", action="store_true")

    evaluate = stage(commands.evaluate, "measure all snapshots of one run")
    evaluate.add_argument("--arm", required=True)
    evaluate.add_argument("--seed", type=int, required=True)
    evaluate.add_argument("--device", default="auto")
    evaluate.add_argument("--threads", type=int, default=1)

    stage(commands.analyse, "join all runs of a study into its tables")
    figure = stage(commands.figure, "draw one figure")
    figure.add_argument("--kind", required=True, help="curves, samples or telemetry")
    figure.add_argument("--experiment", required=True)
    page = stage(commands.report, "write the page people read")
    page.add_argument("--deviations", type=Path, default=DEVIATIONS, help="list of deviations (YAML)")

    difference = stage(commands.diff, "print field by field how two arms differ")
    difference.add_argument("arms", nargs=2, metavar="ARM")
    stage(commands.explain, "tell one arm's schedule in words, with its ledger").add_argument("arm", metavar="ARM")
    deviations = stage(commands.deviations, "print what differs between article, released code and here", study=False)
    deviations.add_argument("--file", type=Path, default=DEVIATIONS)

    trace = stage(commands.verify_trace, "replay a golden trace; exit 0 if it agrees", study=False)
    trace.add_argument("file", type=Path, help="a trace (npz)")
    return parser


def _add_celeba(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--celeba", type=Path, help="img_align_celeba.zip or a folder (default: VIGAN_CELEBA)")
    parser.add_argument(
        "--download", action="store_true", default=switched_on("download"), help="fetch CelebA through torchvision"
    )


if __name__ == "__main__":
    sys.exit(main())
