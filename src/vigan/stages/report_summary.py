"""Summary of a study for the page: counts, warnings, provenance, failures."""

from __future__ import annotations

import pandas as pd

from vigan.analysis.tables import JOULES, NOT_TRAINED, RUN_KEYS
from vigan.config.arms import Arm
from vigan.config.datasets import CelebA, Dataset, ImageFolder
from vigan.config.experiment import Experiment
from vigan.config.study import Study
from vigan.describe.claims import describe_event
from vigan.io.run_record import SEPARATOR
from vigan.report.page import Facts
from vigan.stages import git_info

FEW_SEEDS = 5
MOST_SCHEDULES = 3
MOST_NAMED = 4
"""Most arms from elsewhere that are told one by one."""
LACKING = "snapshots without finite samples"
NOTHING_TRAINED = "nothing was trained here"
NO_FAILURE = "Every run reached its last iteration"
FINITE = ", and every snapshot’s samples were finite"
NONE_DIVERGED = "No run diverged. Nothing was trained here: that is what the files say."


def summary(study: Study, runs: pd.DataFrame) -> Facts:
    """Numbers of experiments, arms, runs and seeds."""
    return [
        ("Experiments", str(len(study.experiments))),
        ("Arms", str(runs["arm"].nunique())),
        ("Runs", str(len(runs))),
        ("Seeds used", _listed(sorted(runs["seed"].unique()))),
        ("Diverged runs", str((runs["status"] == "diverged").sum())),
    ]


def warnings(runs: pd.DataFrame) -> list[str]:
    """Warnings at the top of the page."""
    fewest = int(runs.groupby("arm")["seed"].nunique().min()) if len(runs) else 0
    few = f"Arms with {count(fewest, 'seed')} only: differences between them are illustrations, not findings."
    several = runs.loc[runs["device"].astype(str).str.contains(SEPARATOR), "arm"]
    moved = f"{count(len(several), 'run')} were trained partly on one device and partly on another: {_joined(several)}."
    return [*([few] if fewest < FEW_SEEDS else []), *([moved] if len(several) else [])]


def of_elsewhere(arms: pd.DataFrame) -> list[str]:
    """Warnings on arms that were not trained here: which they are, and what was left out of each."""
    if "trained" not in arms:
        return []
    apart = arms[arms["trained"].notna()]
    sources = ", ".join(f"{row['arm']} ({row['n']} runs, {row['from']} {row['path']})" for _, row in apart.iterrows())
    if len(apart) > MOST_NAMED:
        sources = f"{len(apart)} arms, {apart['n'].sum():g} runs (see Arms)"
    lines = [f"{row['arm']}: {row['told']}" for _, row in apart.iterrows() if pd.notna(row["told"])]
    more = len(lines) - MOST_NAMED
    rest = [f"So it is with {count(more, 'more arm')}: see the column “told” of tables/arms.csv."] if more > 0 else []
    return [f"Not trained here, but read from files: {sources}.", *lines[:MOST_NAMED], *rest]


def apart_in_words(experiment: Experiment) -> str:
    """The arms of an experiment that were made elsewhere: by name, or of many how many they are."""
    names, every = list(experiment.elsewhere), len(experiment.names)
    if len(names) <= MOST_NAMED:
        return ", ".join(names)
    return f"all {every} arms" if len(names) == every else f"{len(names)} of {every} arms"


def of_experiment(study: Study, name: str) -> Facts:
    """Settings that all arms of an experiment share, and additional seeds of some."""
    experiment, dataset = study.experiments[name], study.data_of(name)
    arms = experiment.arms.values()
    schedules = list(dict.fromkeys(_schedule(arm) for arm in arms))
    besides: dict[str, list[str]] = {}
    for arm, more in experiment.more_seeds.items():
        besides.setdefault(_listed(sorted(more)), []).append(arm)
    trained: Facts = [
        ("An iteration", "; ".join(schedules) if len(schedules) <= MOST_SCHEDULES else "differs: see Arms"),
        ("Reading", ", ".join(dict.fromkeys(arm.reading for arm in arms))),
    ]
    return [
        *([("Data set", _data_in_words(experiment.dataset, dataset))] if dataset and experiment.dataset else []),
        ("Iterations" if experiment.arms else "Steps", f"{experiment.iterations:,}"),
        *(trained if experiment.arms else []),
        *([("Not trained here", apart_in_words(experiment))] if experiment.elsewhere else []),
        ("Seeds", _listed(sorted(study.seeds_in(name)))),
        *((f"Besides, seeds {seeds}", ", ".join(named)) for seeds, named in besides.items()),
        ("Protocols", ", ".join(protocol.name for protocol in experiment.protocols)),
    ]


def _schedule(arm: Arm) -> str:
    phase = count(arm.k, f"{arm.model.describe(arm).trained} update")
    where = "one batch" if arm.g_batches == 1 else f"each of {arm.g_batches} batches"
    return f"{count(arm.d_batches, 'D update')}, {phase} on {where}"


def rules(experiment: Experiment) -> list[str]:
    """The rules of the experiment's events, in words."""
    return [describe_event(rule) for rule in (experiment.collapse, experiment.reach) if rule is not None]


def provenance(runs: pd.DataFrame, timing: pd.DataFrame) -> Facts:
    """Commit, lock, devices, data, code, versions, and the time and energy that training took."""
    trained = runs[runs["device"] != NOT_TRAINED]
    versions = timing.drop(columns=[*RUN_KEYS, "seconds", *JOULES.values()])
    return [
        ("Commit this page was made from", git_info.commit()),
        ("Lock (SHA-256 of requirements.txt)", git_info.lock()),
        *_costs(trained, timing),
        ("Data (SHA-256)", _joined(trained["data_sha256"])),
        ("Training code (digest)", _joined(trained["code_sha256"].astype(str).str[:16])),
        ("Versions", ", ".join(f"{name} {_joined(values)}" for name, values in versions.items()) or NOTHING_TRAINED),
    ]


def _costs(runs: pd.DataFrame, timing: pd.DataFrame) -> Facts:
    """Seconds of training by device, summed over runs, and the energy counted: GPU-seconds, if no part was on a CPU."""
    timed = runs[[*RUN_KEYS, "device"]].merge(timing[[*RUN_KEYS, "seconds", *JOULES.values()]], on=RUN_KEYS)
    return [
        (f"Training on {device}", f"{part['seconds'].sum():,.0f} {unit} over all runs; energy: {_energy(part)}")
        for device, part in timed.groupby("device")
        for unit in ["seconds" if "cpu" in str(device).split(SEPARATOR) else "GPU-seconds"]
    ]


def _energy(timed: pd.DataFrame) -> str:
    """Kilowatt-hours by counter; a counter is of a whole package or GPU, including other work on it."""
    counted = [
        f"{timed[column].sum() / 3.6e6:.3g} kWh of the {of.upper()} in {timed[column].count()} of {len(timed)} runs"
        for of, column in JOULES.items()
        if timed[column].notna().any()
    ]
    return ", ".join(counted) or "no counter could be read"


def failures(runs: pd.DataFrame, metrics: pd.DataFrame | None) -> pd.DataFrame:
    """Runs that diverged, ended early or have snapshots without finite samples: last iteration, and those steps.

    Without the long table of metrics, those that diverged or ended early.
    """
    metrics = pd.DataFrame(columns=[*RUN_KEYS, "step", "metric", "value"]) if metrics is None else metrics
    lacking = metrics[(metrics["metric"] == "finite") & (metrics["value"] == 0)]
    steps = lacking.groupby(RUN_KEYS)["step"].agg(lambda values: ", ".join(map(str, sorted(set(values)))))
    steps = steps.astype(object).rename(LACKING).reset_index()
    rows = runs.merge(steps, on=RUN_KEYS, how="left")
    failed = rows[rows["status"].isin(["diverged", "unfinished"]) | rows[LACKING].notna()]
    return failed[[*RUN_KEYS, "status", "iterations", LACKING]].rename(columns={"iterations": "last iteration"})


def no_failure(*, trained: bool, looked: bool) -> str:
    """What is said where `failures` finds none; of samples only if it `looked` at the long table of metrics."""
    return f"{NO_FAILURE}{FINITE if looked else ''}." if trained else NONE_DIVERGED


def count(number: int, thing: str) -> str:
    """A number with its noun, pluralised."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _data_in_words(name: str, dataset: Dataset) -> str:
    """A data set's name and source, and what was done to its images."""
    match dataset:
        case CelebA():
            way = "TensorFlow 1's bicubic" if dataset.resize == "released" else "Pillow's bicubic"
            done = f": centre crop of {dataset.crop} pixels, to {dataset.side}x{dataset.side} by {way}"
        case ImageFolder():
            done = f": centre square, to {dataset.side}x{dataset.side} by Pillow's bicubic"
        case _:
            done = ""
    source = "" if dataset.source == name and not done else f" ({dataset.source}{done})"
    return f"{name}{source}" + (f"; {dataset.held_out:,} of them kept from training" if dataset.held_out else "")


def _listed(seeds: list[int]) -> str:
    together = len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]} to {seeds[-1]}" if together else ", ".join(map(str, seeds))


def _joined(values: pd.Series) -> str:
    return ", ".join(str(value) for value in values.unique()) or NOTHING_TRAINED
