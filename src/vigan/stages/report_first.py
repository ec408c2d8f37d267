"""The first screen: what was run, each experiment in one sentence, and samples of each arm beside real data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from vigan.analysis.tables import NOT_TRAINED, RUN_KEYS
from vigan.config.arms import Ledger
from vigan.config.claims import (
    Claim,
    Measured,
    OneShare,
    PairedMean,
    PairedShares,
    PairedSign,
    PairedTime,
    Untested,
    arms_of,
)
from vigan.config.counts import most_examples
from vigan.config.datasets import Dataset
from vigan.config.study import Study
from vigan.describe.claims import describe_window
from vigan.figures.frames import LARGEST
from vigan.protocols.registry import METRICS
from vigan.report import units
from vigan.report.claims import counts
from vigan.report.effects import sentence
from vigan.report.frames import Frames, RunPictures
from vigan.report.page import Headline, SampleRow, Samples, Shot, Verdict
from vigan.stages.real_examples import FREE

NOT_FREE = "real examples are not shown: pictures of this data set may not be passed on"
NOT_HERE = "real examples are not on this page: their data were not at hand"
GIVEN = " Of arms that were not trained here: some of those that were given, on latents of their own."
EVENT_OF_RUNS = {"collapse": "that collapsed", "bad-end": "with a bad end", "reach": "that got on track"}
MOST_ROWS, MOST_SHOTS, COLUMNS, FEWER_COLUMNS, MANY = 6, 12, 4, 2, 30


def lead(study: Study, runs: pd.DataFrame, timing: pd.DataFrame) -> str:
    """What was run on what, for how long."""
    arms, seeds = runs["arm"].nunique(), runs.groupby("arm")["seed"].nunique()
    each = _span(int(seeds.min()), int(seeds.max()))
    devices = ", ".join(dict.fromkeys(device for device in runs["device"].astype(str) if device != NOT_TRAINED))
    timed = runs[RUN_KEYS].merge(timing[[*RUN_KEYS, "seconds"]], on=RUN_KEYS)["seconds"].sum()
    data = ", ".join(_described(name, dataset) for name, dataset in study.datasets.items())
    trained = f"Trained on {devices}: {duration(timed)} in all." if devices else "None was trained here."
    where = f", on {data}" if data else ""
    return (
        f"{len(runs):,} runs of {arms} arm{'s' * (arms != 1)}, {each} seed{'s' * (each != '1')} each{where}. {trained}"
    )


def _described(name: str, dataset: Dataset) -> str:
    count = most_examples(dataset)
    apart = f", {dataset.held_out:,} more held out" if dataset.held_out else ""
    return f"{name} ({count:,} examples{apart})" if count else name


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def duration(seconds: float) -> str:
    """A time as a reader would say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60:,} h {minutes % 60:02d} min"


def main_metric(study: Study, name: str, summary: pd.DataFrame) -> tuple[str, str]:
    """(metric, protocol) that an experiment is told by.

    That of its first claim, or, where this is about an event, of its rule for being on track; else the first with a
    direction.
    """
    experiment = study.experiments[name]
    tested = [claim for claim in study.claims if not isinstance(claim, Untested)]
    own = [claim for claim in tested if study.experiment_of(arms_of(claim)[0]) == name]
    first = [claim for claim in own[:1] if isinstance(claim, Measured)]
    for rule in (*first, experiment.reach, *(claim for claim in own if isinstance(claim, Measured))):
        if rule is not None and (protocol := experiment.protocol_of(rule.protocol)):
            return rule.metric, protocol.name
    found = dict.fromkeys(zip(summary["metric"], summary["protocol"], strict=True))
    order = list(METRICS)
    known = sorted((key for key in found if not METRICS[key[0]].check), key=lambda key: order.index(key[0]))
    return next((key for key in known if METRICS[key[0]].sign), known[0] if known else ("", ""))


def headlines(study: Study, tables: Mapping[str, pd.DataFrame], claims: Sequence[Verdict]) -> list[Headline]:
    """One sentence an experiment, of the last values of its main metric; of several each with its own verdicts."""
    several = len(study.experiments) > 1
    return [
        Headline(
            f"experiment-{name}",
            experiment.title,
            _sentence(study, name, tables),
            counts([claim for claim in claims if several and claim.experiment == name]),
        )
        for name, experiment in study.experiments.items()
    ]


def _sentence(study: Study, name: str, tables: Mapping[str, pd.DataFrame]) -> str:
    pairs, summary = (table[table["experiment"] == name] for table in (tables["pair-summary"], tables["summary"]))
    metric, protocol = main_metric(study, name, summary)
    if not metric:
        return "Nothing was measured."
    pairs, summary = (
        table[(table["metric"] == metric) & (table["protocol"] == protocol)] for table in (pairs, summary)
    )
    return sentence(pairs, summary[summary["score"] == "last"], metric)


def units_of_claims(study: Study) -> dict[str, units.Unit]:
    """The unit of the differences, or the event of the runs, that each claim is about."""
    return {claim.id: _unit_of(claim) for claim in study.claims}


def _unit_of(claim: Claim) -> units.Unit:
    match claim:
        case PairedTime():
            return units.TRAINING
        case OneShare() | PairedShares():
            return units.Unit(runs=EVENT_OF_RUNS[claim.event] + describe_window(claim))
        case PairedSign() | PairedMean():
            return units.of_metric(claim.metric)
        case _:
            return units.PLAIN


def strip(study: Study, experiments: Sequence[Frames]) -> list[Shot]:
    """Of each experiment, real data and each arm's last samples of the first seed; of many arms, those of claims."""
    few = sum(len(study.experiments[frames.experiment].pictured) for frames in experiments) <= MOST_SHOTS
    shots = []
    for frames in experiments:
        runs = _first_seed(frames)
        chosen = runs if few else _claimed(study, runs)[: max(2, MOST_SHOTS // len(experiments))]
        shots += [_real(study, frames), *(_shot(run, len(frames.steps) - 1, frames) for run in chosen)]
    return shots


def samples(study: Study, frames: Frames, number: int, anchor: str) -> Samples:
    """An experiment's samples across training: real data first, then the arms of claims, then the others, folded."""
    experiment = study.experiments[frames.experiment]
    runs = _first_seed(frames)
    first = runs if len(runs) <= MOST_ROWS else _claimed(study, runs)[:MOST_ROWS]
    rest = [run for run in runs if run not in first]
    columns = _columns(frames.steps, COLUMNS if len(runs) <= MANY else FEWER_COLUMNS)
    real = _real(study, frames)
    what = f"{frames.shown:,} points" if frames.kind == "points" else f"{frames.shown} images"
    return Samples(
        anchor=anchor,
        number=number,
        title=experiment.title,
        note=f"{what} an arm and step, of seed {frames.seeds[0]}, uncurated: the first that were drawn, on the same "
        f"latents down the page.{_reduced(study, frames)}{GIVEN if any(run.elsewhere for run in runs) else ''}",
        steps=[_step(study, frames, frames.steps[at]) for at in columns],
        rows=[SampleRow("real data", [real]), *(_row(run, columns, frames) for run in first)],
        more=[_row(run, columns, frames) for run in rest],
        pixelated=frames.kind == "images" and frames.width < 300,
        points=frames.kind == "points",
    )


def _reduced(study: Study, frames: Frames) -> str:
    """That images are smaller here than they are, where they are."""
    dataset = study.data_of(frames.experiment)
    large = frames.kind == "images" and dataset is not None and dataset.shape[-1] > LARGEST
    return f" Each is reduced to {LARGEST} pixels." if large else ""


def _step(study: Study, frames: Frames, step: int) -> str:
    """A step in iterations and, where all arms agree on them, epochs."""
    experiment = study.experiments[frames.experiment]
    count = most_examples(study.dataset(experiment.dataset or ""))
    shown = {Ledger.of(arm, step).real_images for arm in experiment.arms.values()}
    epochs = f"epoch {min(shown) / count:.3g}, " if count and len(shown) == 1 else ""
    return f"{epochs}iteration {step:,}"


def _row(run: RunPictures, columns: Sequence[int], frames: Frames) -> SampleRow:
    return SampleRow(run.arm, [_shot(run, at, frames) for at in columns], NOT_TRAINED if run.elsewhere else "")


def _shot(run: RunPictures, at: int, frames: Frames) -> Shot:
    alt = f"Samples of arm {run.arm} of {frames.experiment}, seed {run.seed}, iteration {frames.steps[at]:,}"
    caption = f"{run.arm}, {NOT_TRAINED}" if run.elsewhere else run.arm
    return Shot(run.pictures[at] or "", caption, alt, run.missing[at])


def _real(study: Study, frames: Frames) -> Shot:
    dataset = study.dataset(study.experiments[frames.experiment].dataset or "")
    missing = "" if frames.real else NOT_HERE if isinstance(dataset, FREE) else NOT_FREE
    return Shot(frames.real or "", "real data", f"Real examples of the data of {frames.experiment}", missing)


def _first_seed(frames: Frames) -> list[RunPictures]:
    return [run for run in frames.runs if run.seed == frames.seeds[0]]


def _claimed(study: Study, runs: Sequence[RunPictures]) -> list[RunPictures]:
    """The runs whose arms claims are about, in the order of the claims, then the others."""
    named = list(dict.fromkeys(arm for claim in study.claims for arm in arms_of(claim)))
    return sorted(runs, key=lambda run: named.index(run.arm) if run.arm in named else len(named))


def _columns(steps: Sequence[int], most: int) -> list[int]:
    """Places of at most `most` steps in equal strides up to the last; before training, samples show nothing."""
    last = len(steps) - 1
    return sorted({max(min(1, last), round(last * stride / most)) for stride in range(1, most + 1)})
