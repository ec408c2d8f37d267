"""`vigan STAGE`: the arguments of every command."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from vigan.cli import before, completion, inspect, pipeline, plugins, present
from vigan.cli.arguments import add_celeba, add_device
from vigan.cli.examples import TRUTHS, epilog
from vigan.cli.measuring import add_measuring
from vigan.cli.options import ends_in, folder, from_one, seconds, seeds, share, simulations, threads, whole
from vigan.cli.process import open_standard_streams
from vigan.contents import FIGURES
from vigan.errors import UserError, describe_os_error, shown
from vigan.plugins import blame
from vigan.runtime.cores import cores
from vigan.runtime.project import shipped
from vigan.runtime.settings import enter_root, setting, switched_on

DEVIATIONS, PUBLISHED = "deviations.yaml", "published.yaml"
FINDINGS = [Path("docs/findings.md.j2"), Path("docs/evidence.md.j2")]

EXPERIMENT = "name of an experiment of the study"

Command = Callable[[argparse.Namespace], "int | None"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code of one command: 0 done, 1 refused (one line on standard error says why), 2 wrong arguments or files.

    130 after Ctrl-C, 141 where the reader of its output has gone, as in `vigan deviations | head`.
    """
    open_standard_streams()
    with contextlib.suppress(AttributeError):
        sys.stdout.reconfigure(errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]
    config: Path | None = None
    try:
        options = parser().parse_args(arguments)
        config = getattr(options, "config", None)
        enter_root()
        before.check_code()
        code = options.command(options) or 0
        sys.stdout.flush()
    except UserError as error:
        return _print_error(before.of_study(error.text, config) if config else error.text, error.code)
    except KeyboardInterrupt:
        return _print_error("interrupted; run the same command to resume", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if (line := describe_os_error(error)) is None:
            raise
        return _print_error(shown(line), 1)
    except MemoryError as error:
        return _print_error(f"not enough memory ({shown(str(error)) or 'Python'}); free memory, or ask for less", 1)
    except Exception as error:
        if _is_want_of_memory(error):
            return _print_error(
                f"not enough memory ({shown(str(error).splitlines()[0])}); let fewer runs share it, or make batches or "
                "networks smaller",
                1,
            )
        if (line := blame(error)) is None:
            raise
        return _print_error(shown(line), 1)
    return code


def _is_want_of_memory(error: Exception) -> bool:
    """Whether torch had too little memory, of a GPU or of its own allocator on a CPU; no class of torch's is needed."""
    text = str(error)
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def _listed(name: str) -> Path:
    """A list beside the studies of the folder one works in or, where it has none, the package's own."""
    here = Path("config", name)
    return here if here.exists() else shipped() / here


def _print_error(line: str, code: int) -> int:
    print(f"vigan: {line}", file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    """A parser that refuses in one line, as all of vigan does."""

    def error(self, message: str) -> NoReturn:
        """Refuse; exit code 2."""
        self.exit(2, f"{self.prog}: {shown(message)}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    ending = "vigan COMMAND --help says more, with examples; source <(vigan completion) completes words in bash and zsh"
    commands = _Parser(prog="vigan", description="Reproduce Su (2018), arXiv 1807.05936, over seeds.", epilog=ending)
    commands.add_argument("--version", action="version", version=f"vigan {version('vigan')}")
    stages = commands.add_subparsers(required=True, metavar="COMMAND")

    def stage(command: Command, summary: str, *, study: bool = True) -> argparse.ArgumentParser:
        name = command.__name__.strip("_").replace("_", "-")
        added = stages.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=epilog(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(command=command)
        if study:
            text = "study file, such as config/smoke.yaml (default: VIGAN_CONFIG, or the paper study)"
            added.add_argument("--config", type=Path, default=setting("config", "config/paper.yaml"), help=text)
        return added

    preflight = stage(pipeline.preflight, "say whether a study can run here, and how long it will take")
    preflight.add_argument("--cores", type=from_one, default=cores(), help="cores the study may use")
    preflight.add_argument(
        "--cpu", action="store_true", default=switched_on("cpu"), help="run without a GPU, however long it takes"
    )
    preflight.add_argument(
        "--train", nargs="*", metavar="ARM=RUNS", help="how many runs of which arms to train; else those not there yet"
    )
    preflight.add_argument(
        "--elsewhere", action="store_true", help="runs are trained on other machines: do not time this one"
    )
    add_celeba(preflight)

    estimate = stage(inspect.estimate, "say how long a study will take here, by stage")
    estimate.add_argument("--cores", type=from_one, default=cores(), help="jobs at once")
    add_device(estimate)

    doctor = stage(inspect.doctor, "say what this machine can do, what is wrong with it and what to type: 3 minutes")
    add_device(doctor)
    doctor.add_argument("--quick", action="store_true", help="small networks instead of the article's")
    doctor.add_argument("--record", type=Path, metavar="FOLDER", help="keep what was found as JSON in this folder")

    prepare = stage(pipeline.prepare, "turn a data set into one array and its manifest")
    prepare.add_argument("--dataset", required=True, help="name of a data set in the study")
    add_celeba(prepare)
    prepare.add_argument("--threads", type=threads, default=1, help="processes that decode images (default: 1)")

    reference = stage(pipeline.reference, "measure the real data, once per protocol")
    reference.add_argument("--dataset", required=True, help="name of a data set in the study")
    reference.add_argument("--protocol", required=True, help="protocol name, as in the tables")
    add_device(reference)

    train = stage(pipeline.train, "train one arm with one seed; a stopped run resumes from its last checkpoint")
    train.add_argument("--arm", required=True, help="an arm of the study")
    train.add_argument("--seed", type=whole, required=True, help="one of the arm's seeds")
    add_device(train)
    train.add_argument("--threads", type=threads, default=1, help="threads of a CPU (default: 1)")
    train.add_argument(
        "--save-every", type=seconds, default=setting("save_every", "60"), help="seconds between checkpoints"
    )
    train.add_argument(
        "--state", type=folder, default=setting("state", "state"), help="folder of checkpoints while a run trains"
    )
    train.add_argument("--no-tensorboard", action="store_true", help="no event files below logs/tensorboard")

    add_measuring(stage)

    imported = stage(pipeline.import_, "read one arm whose runs were made elsewhere: numbers, or samples to measure")
    imported.add_argument("--arm", required=True, help="an arm with `from` in the study")
    add_device(imported)

    metrics = stage(inspect.metrics, "measure your own features (prints JSON)", study=False)
    metrics.add_argument("--real", type=Path, required=True, help=".npy file of real features (n x d)")
    metrics.add_argument("--fake", type=Path, required=True, help=".npy file of generated features (m x d)")
    metrics.add_argument("--k", type=from_one, help="k of all four nearest-neighbour metrics (default: 3 and 5)")
    metrics.add_argument("--seed", type=whole, default=0, help="seed of KID's subsets")

    stage(pipeline.analyse, "join all runs of a study into its tables")
    merge = stage(pipeline.merge, "join the results of one study from several machines", study=False)
    merge.add_argument("sources", nargs="+", type=Path, metavar="FOLDER", help="results/STUDY, one from each machine")
    merge.add_argument("-o", "--out", type=Path, required=True, help="new folder, such as results/STUDY")
    merge.add_argument("--config", type=Path, help="the study file, where its runs were made with plug-ins beside it")
    figure = stage(present.figure, "draw one figure")
    figure.add_argument("--kind", required=True, choices=FIGURES, metavar="KIND", help=", ".join(FIGURES))
    figure.add_argument("--experiment", required=True, help=EXPERIMENT)
    figure.add_argument("--kept", action="store_true", help="draw kept tables, whatever code made them (not samples)")
    _add_pictures(stage)
    page = stage(present.report, "write the report page")
    page.add_argument(
        "--small", action="store_true", help="leave out the slider and link the figures, for keeping in a repository"
    )
    page.add_argument("--deviations", type=Path, default=_listed(DEVIATIONS), help="list of deviations (YAML)")
    page.add_argument("--published", type=Path, default=_listed(PUBLISHED), help="numbers from other papers (YAML)")

    claims = stage(inspect.claims, "print the verdict on every claim of a study", study=False)
    claims.add_argument("study", metavar="STUDY", help="name of a study, such as smoke, or its results folder")

    summary = "derive tables and verdicts again from the raw numbers: equal, or what differs"
    audit = stage(inspect.audit, summary, study=False)
    audit.add_argument("studies", nargs="+", metavar="STUDY", help="name of a study, such as ring, or its study file")
    audit.add_argument("--write", action="store_true", help="write the tables that follow from the raw numbers")

    summary = "join kept raw numbers of one study, such as of seeds that were run later"
    joined = stage(inspect.join, summary, study=False)
    joined.add_argument("study", metavar="STUDY", help="name of a study, such as digits-k, or its study file")
    joined.add_argument("folders", nargs="+", type=folder, metavar="FOLDER", help="its results elsewhere, with raw/")

    _add_power(stage)

    difference = stage(inspect.diff, "print field by field how two arms differ")
    difference.add_argument("arms", nargs=2, metavar="ARM", help="two arms of the study")
    explained = stage(inspect.explain, "describe one arm's schedule in words, with its ledger")
    explained.add_argument("arm", metavar="ARM", help="an arm of the study")
    started = stage(inspect.init, "make a folder in which studies can be run", study=False)
    started.add_argument("folder", type=Path, metavar="FOLDER", help="a new folder, such as my-study")
    new = stage(inspect.new, "write a study file for runs that were made elsewhere", study=False)
    text = "folder of runs, or a table: docs/foreign-runs.md says what is read"
    new.add_argument("--from", dest="from_", type=folder, required=True, metavar="FOLDER", help=text)
    new.add_argument("-o", "--out", type=ends_in(".yaml", ".yml"), metavar="FILE", help="default: config/STUDY.yaml")
    new.add_argument("--study", metavar="NAME", help="its name (default: the folder's)")
    tuned = stage(inspect.tune, "write the study in which the winners of random settings meet", study=False)
    tuned.add_argument("template", type=Path, metavar="TEMPLATE", help="a study with places for winners (.yaml.j2)")
    tuned.add_argument("--configs", type=Path, default=Path("config"), help="folder with the studies' files")
    tuned.add_argument("--results", type=Path, default=Path("results"), help="folder with STUDY/tables")
    tuned.add_argument("-o", "--out", type=Path, metavar="FILE", help="default: the template's name without .j2")
    listed = stage(plugins.plugins, "list what plug-ins add: installed packages, and files beside a study", study=False)
    listed.add_argument(
        "--config", type=Path, default=setting("config") or None, help="the study whose plug-ins to list"
    )
    checked = stage(plugins.check, "hold a plug-in to what vigan's own parts are held to", study=False)
    checked.add_argument(
        "plugin", metavar="PLUGIN", help="a file, such as my_penalty.py, or the name of an installed one"
    )
    schema = stage(inspect.schema, "print the JSON schema of study files, for editors", study=False)
    schema.add_argument("--config", type=Path, help="a study file, whose plug-ins the schema is to know")
    schema.add_argument(
        "-o", "--out", type=ends_in(".json"), metavar="FILE", help="write it there, such as config/study.schema.json"
    )
    deviations = stage(inspect.deviations, "print what differs between article, released code and here", study=False)
    deviations.add_argument("--file", type=Path, default=_listed(DEVIATIONS), help="list of deviations (YAML)")

    index = stage(present.index, "write a page of all studies with their verdicts, claim by claim", study=False)
    index.add_argument("--results", type=Path, default=Path("results"), help="folder with STUDY/tables")
    index.add_argument("--configs", type=Path, default=Path("config"), help="folder with the studies' files")
    index.add_argument("--out", type=ends_in(".html"), help="default: index.html in the folder of results")

    findings = stage(
        present.findings, "write docs/findings.md and docs/evidence.md from the kept tables of all studies", study=False
    )
    text = "prose of pages, written to PAGE"
    findings.add_argument("--templates", type=ends_in(".j2"), nargs="+", default=FINDINGS, metavar="PAGE.j2", help=text)
    findings.add_argument("--readme", type=Path, default=Path("README.md"), help="page with a table of verdicts")
    findings.add_argument("--results", type=Path, default=Path("results"), help="folder with STUDY/tables")
    findings.add_argument("--records", type=Path, default=Path("bench/records"), help="folder of benchmarks' records")
    findings.add_argument("--paper", type=Path, default=Path("config/paper.yaml"), help="study that states the claims")
    findings.add_argument("--published", type=Path, default=_listed(PUBLISHED), help="numbers from other papers (YAML)")

    summary = "replay recordings of the author's graph; exit 0 if all agree, 1 if one does not, 2 if a file is none"
    trace = stage(inspect.verify_trace, summary, study=False)
    trace.add_argument("files", type=Path, nargs="+", metavar="FILE", help="a recording (npz), whole or compact")

    bench = stage(inspect.bench, "measure speed against a plain implementation", study=False)
    bench.add_argument("name", choices=inspect.BENCHMARKS, help="what to measure")
    bench.add_argument("--quick", action="store_true", help="a minute or two: fewer rounds, smaller settings")
    bench.add_argument("--record", type=Path, metavar="FOLDER", help="write the record as JSON into this folder")
    stage(_completion, "print a script that completes commands and options in bash and zsh", study=False)
    return commands


def _completion(_: argparse.Namespace) -> None:
    print(completion.script(parser()), end="")


def _add_power(stage: Callable[..., argparse.ArgumentParser]) -> None:
    summary = "before runs are made: the probability of each verdict under truths that you state"
    power = stage(inspect.power, summary, study=False)
    power.epilog = TRUTHS + str(power.epilog)
    power.add_argument("study", metavar="STUDY", help="name of a study, such as paper, or its study file")
    power.add_argument("--truth", nargs="+", action="extend", default=[], help="what is true of arms and claims: below")
    power.add_argument("--seeds", type=seeds, nargs="+", default=[], metavar="N", help="default: the study's own")
    text = "share of seeds in which all arms of an experiment share their luck (default: 0)"
    power.add_argument("--alike", type=share, default=0.0, metavar="SHARE", help=text)
    power.add_argument("--simulations", type=simulations, default=2000, metavar="N", help="default: 2000")
    power.add_argument("--json", action="store_true", help="print JSON")


def _add_pictures(stage: Callable[[Command, str], argparse.ArgumentParser]) -> None:
    frames = stage(present.frames, "make the pictures behind the report's slider")
    frames.add_argument("--experiment", required=True, help=EXPERIMENT)
    movie = stage(present.movie, "show the training of two arms side by side, as a GIF")
    movie.add_argument("arms", nargs=2, metavar="ARM", help="two arms of one experiment")
    movie.add_argument("--seed", type=whole, help="default: the experiment's first")
    movie.add_argument("--out", type=ends_in(".gif"), help="default: figures/STUDY/movie-ARM_vs_ARM.gif")
    contact = stage(present.contact, "put every run of an experiment on a contact sheet, as PDF")
    contact.add_argument("--experiment", required=True, help=EXPERIMENT)
