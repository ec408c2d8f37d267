"""Commands of `vigan` that print an answer and write no file of a study. Imports are deferred for a fast start."""

from __future__ import annotations

import argparse
import importlib
import json
import shlex
import sys
from pathlib import Path

from vigan.cli import before
from vigan.config import schedule
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.errors import say
from vigan.io.files import RecordError

BENCHMARKS = (
    "bias", "calibration", "divergence", "engine", "extraction", "growth", "metrics", "prepare", "report", "rounding",
    "scaling", "witness",
)  # fmt: skip
"""Modules of `vigan.bench` that have a `measure(quick)`."""


def estimate(options: argparse.Namespace) -> None:
    """Print how long a study will take on this machine, by stage."""
    from vigan.runtime.settings import gpus, switched_on
    from vigan.tools.estimate import estimate, format_estimate

    found = estimate(load_study(options.config), options.device)
    if options.device != "cpu" and gpus() and not switched_on("cpu"):
        found.at_once = len(gpus())
    print(format_estimate(found, options.cores))


def doctor(options: argparse.Namespace) -> int:
    """Print what this machine can do; exit code 1 if something is wrong."""
    from vigan.bench.doctor import measurement, page, visit
    from vigan.bench.record import write_record

    study = load_study(options.config)
    found = visit(study, options.device, quick=options.quick)
    print(page(found, study.study))
    if options.record is not None:
        print(write_record(options.record, "doctor", measurement(found)))
    return 1 if found.problems or not all(arm.sound for arm in (found.arms or {}).values()) else 0


def metrics(options: argparse.Namespace) -> None:
    """Print metrics of features in your own files."""
    from vigan.evaluation.own_features import measure_features

    found = measure_features(options.real, options.fake, k=options.k, seed=options.seed)
    print(json.dumps(found, indent=2, allow_nan=False))


def claims(options: argparse.Namespace) -> None:
    """Print the verdict on every claim of a study."""
    from vigan.stages.freshness import check_kept
    from vigan.tools.verdicts import format_claims, read_claims, results_of

    folder = results_of(options.study, Path("results"), Path("config"))
    table, file = folder / "tables" / "claims.csv", Path("config") / f"{folder.resolve().name}.yaml"
    if line := check_kept(folder, [table], load_study(file) if file.is_file() else None):
        say(f"vigan: warning: {before.of_study(line, file)}", sys.stderr)
    for line in format_claims(read_claims(table)).splitlines():
        say(line)


def audit(options: argparse.Namespace) -> int:
    """Derive tables and verdicts again from raw numbers and compare; exit code 1 if any differ."""
    from vigan.layout import Layout
    from vigan.tools.audit import audit, write_again

    unequal = 0
    for name in options.studies:
        study = _study(name)
        if options.write:
            write_again(study, Layout(study))
        lines = audit(study, Layout(study))
        unequal += bool(lines)
        print(f"{study.study}: {'; '.join(lines) if lines else 'equal'}", flush=True)
    return 1 if unequal else 0


def join(options: argparse.Namespace) -> None:
    """Join the raw numbers of one study from several results folders."""
    from vigan.analysis.history import history
    from vigan.layout import Layout
    from vigan.tools.join import join_into

    study = _study(options.study)
    layout = Layout(study)
    if any(layout.results.glob("runs/*/*/seed-*/run.json")):
        raise RecordError(f"{layout.results}: its runs are here; `vigan merge` joins runs")
    raw = join_into(study, layout.results, options.folders)
    for claim, how in history(study, raw, layout.first_verdicts).changed.items():
        say(f"vigan: warning: {claim}: this rule was changed after the runs: {how}", sys.stderr)
    say(f"{layout.raw}: {len(raw.records)} runs; make the tables: vigan audit --write {options.study}", sys.stdout)


def power(options: argparse.Namespace) -> None:
    """Print the probability of each verdict under stated truths."""
    from vigan.tools.power import power, with_seeds
    from vigan.tools.power_table import as_json, format_chances
    from vigan.tools.truths import read_truths

    study = _study(options.study)
    truths = read_truths(study, options.truth, options.alike)
    sizes = [with_seeds(study, n) for n in options.seeds] or [study]
    found = [power(size, truths, options.simulations) for size in sizes]
    if options.json:
        print(json.dumps(as_json(study, truths, found, options.simulations), indent=2, allow_nan=False))
    else:
        print(format_chances(study, truths, found, options.simulations))


def _study(name: str) -> Study:
    """A study by its name, or by its file."""
    return load_study(Path(name) if name.endswith((".yaml", ".yml")) else Path("config") / f"{name}.yaml")


def diff(options: argparse.Namespace) -> None:
    """Print how two arms differ."""
    from vigan.describe.arms import describe_difference, describe_experiments

    study = load_study(options.config)
    first, second = options.arms
    coordinates = schedule.coordinates(study.arm(first), study.dataset_of(first).shape)
    print(describe_difference(first, study.arm(first), second, study.arm(second), coordinates))
    print(describe_experiments(study, first, second), end="")


def explain(options: argparse.Namespace) -> None:
    """Print one arm's schedule in words."""
    from vigan.describe.arms import explain

    study = load_study(options.config)
    iterations = study.experiments[study.experiment_of(options.arm)].iterations
    arm = study.arm(options.arm)
    print(explain(options.arm, arm, schedule.coordinates(arm, study.dataset_of(options.arm).shape), iterations))


def init(options: argparse.Namespace) -> None:
    """Make a folder in which studies can be run, and say what to type there."""
    from vigan.runtime.project import create

    create(options.folder)
    print(f"{options.folder}: made. The paper study, the smoke study and others lie in its config/. Now:")
    print(f"  cd {shlex.quote(str(options.folder))}")
    print("  snakemake all --cores 2 --configfile config/smoke.yaml    # minutes; then open results/smoke/report.html")


def new(options: argparse.Namespace) -> None:
    """Write a study file for runs that lie in a folder, and say what was found."""
    from vigan.io.files import RecordError, write_text
    from vigan.tools.new_study import new_study
    from vigan.tools.study_text import slug

    folder: Path = options.from_
    name = slug(options.study or folder.resolve().stem)
    out: Path = options.out or Path("config") / f"{name}.yaml"
    if out.exists():
        raise RecordError(f"{out}: there already; name another file with -o, or another --study")
    text, arms = new_study(folder, name)
    write_text(out, text)
    for arm in arms:
        say(f"{arm.name}: {arm.row['format']} {arm.row['path']}, {len(arm.seeds)} runs")
    say(f"{out}: written. State your claims in it, then: snakemake --cores 2 all --configfile {shlex.quote(str(out))}")


def tune(options: argparse.Namespace) -> None:
    """Write the study in which the winners of random settings meet."""
    from vigan.io.files import RecordError, write_text
    from vigan.tools.tune import tune

    template: Path = options.template
    out: Path = options.out or template.with_suffix("")
    if out == template or out.suffix not in (".yaml", ".yml"):
        raise RecordError(f"{template}: name a template such as config/ring-tuned.yaml.j2, or with -o a .yaml to write")
    text = tune(template, options.configs, options.results)
    if out.exists() and out.read_text(encoding="utf-8") != text:
        raise RecordError(f"{out}: there already, with other settings; remove it, or name another file with -o")
    write_text(out, text)
    say(f"{out}: written. Commit it, then: snakemake --cores 2 all --configfile {shlex.quote(str(out))}")


def schema(options: argparse.Namespace) -> None:
    """Write or print the JSON schema of study files."""
    from vigan.config.schema import study_schema
    from vigan.io.files import write_json

    if options.config is not None:
        load_study(options.config)  # its plug-ins are in use from here on
    if options.out is not None:
        write_json(options.out, study_schema())
    else:
        print(json.dumps(study_schema(), indent=2))


def deviations(options: argparse.Namespace) -> None:
    """Print the list of deviations as Markdown."""
    from vigan.config.deviations import as_markdown, load_deviations

    print(as_markdown(load_deviations(options.file)), end="")


def verify_trace(options: argparse.Namespace) -> int:
    """Exit code 0 if replays of all recordings agree, 1 if one does not; prints the errors of each as JSON."""
    from vigan.golden.replay import verify

    passed = True
    for file in options.files:
        result = verify(file, progress=lambda line: print(line, file=sys.stderr))
        print(json.dumps(result, indent=2, allow_nan=False), flush=True)
        passed &= result["passed"]
    return 0 if passed else 1


def bench(options: argparse.Namespace) -> None:
    """Measure speeds; the last line printed is JSON."""
    from vigan.bench.record import write_record

    found = importlib.import_module(f"vigan.bench.{options.name}").measure(options.quick)
    if options.record is not None:
        print(write_record(options.record, options.name, found))
    print(json.dumps(found.summary, allow_nan=False), flush=True)
