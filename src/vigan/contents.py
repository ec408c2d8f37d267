"""What the results of a study consist of: its tables, raw numbers and figures, each told in a line."""

from __future__ import annotations

from vigan.config.experiment import Experiment
from vigan.config.methods.base import of_kind

TABLES = {
    "arms": "every arm, all its settings",
    "runs": "every run: how it ended, what it cost, digests of weights, data, code and config",
    "timing": "every run: seconds, joules and library versions (differ between machines)",
    "metrics": "the long table: one number a row",
    "telemetry": "every logged iteration of every run",
    "floors": "real data measured against real data, per protocol",
    "curves": "metrics over training: n, mean (median) with its 95% interval, lowest, highest over seeds",
    "telemetry-curves": "telemetry over training: n, median with its 95% interval, lowest, highest over seeds",
    "scores": "last, best and area of every run",
    "summary": "last, best and area over seeds: mean (median) with its 95% interval, range, interquartile mean",
    "pairs": "last values seed by seed: an arm minus its partner, the plain one or the experiment's baseline",
    "pair-summary": "those differences over seeds, and in how many seeds the second arm is better",
    "claims": "every claim: its rule, its evidence, the verdict",
    "events": "every run: when it collapsed and when it got on track, by the study's rules",
    "speed": "those events per arm: median times in iterations, images and G updates; paired differences",
    "survival": "Kaplan-Meier curves of those events, per arm, with runs at risk",
    "incidence": "share of runs that came to each bad end: collapsed, diverged, never on track (Aalen-Johansen)",
    "sensitivity": "what other thresholds of those rules would have said",
    "noise": "last snapshots measured again on other latents: seeds' spread beside the metric's own noise",
}
"""The tables of a study and their contents; each is `tables/NAME.csv`."""

RAW_FILES = {
    "metrics.csv.gz": "every number of every snapshot of every run, one a row",
    "noise.csv.gz": "last snapshots measured again on other latents",
    "telemetry.csv.gz": "every logged iteration of every run",
    "runs.jsonl.gz": "every run's record, but for the digests of its snapshots",
    "real-data.json": "real data measured against real data; which columns each arm's telemetry has",
}
"""Files in a study's folder `raw`: the numbers from which its tables are derived."""

OMITTED = ("metrics", "telemetry", "telemetry-curves", "curves", "pairs")
"""Tables that a repository may leave out, for they are long and follow from the files in `raw`."""

LONG_TABLES = (*OMITTED, "scores")
"""Tables too long for the report."""

FIGURES = {
    "curves": "metrics over training: mean (median) over seeds, its 95% interval, their range, what real data score",
    "seeds": "every seed's last value, best value and mean over training, pairs of one seed joined",
    "survival": "share of runs that came to no bad end, and that are not on track yet, with runs at risk",
    "profile": "share of runs that end with a value or a better one; how probably the baseline beats the others",
    "samples": "samples along training, arms one below the other, first seed; arms trained here have the same latents",
    "drift": "how far G moves within a phase: drift, step of its parameters, and whether the penalty acts",
    "telemetry": "losses, D's accuracy and penalty over training",
    "map": "share of runs that end badly, and mean (median) last value, by K (G updates on one batch) and lambda",
}
"""The figures of an experiment and what each shows; each is `figures/STUDY/KIND-EXPERIMENT.svg`.

"survival" needs a rule for an event, "profile" a baseline, "map" arms of one model with at least two K and two lambda,
"drift" an arm that is trained by gradients, "telemetry" an arm that is trained here, "samples" that or samples from
elsewhere.
"""


def figures_of(experiment: Experiment) -> list[str]:
    """Kinds of `FIGURES` that an experiment has."""
    arms = experiment.arms.values()
    spans = all(len(values) > 1 for values in ({arm.k for arm in arms}, {arm.lambda_ for arm in arms}))
    one_model = len({arm.model.kind for arm in arms}) == 1
    missing = {
        "survival": not (experiment.collapse or experiment.reach),
        "profile": experiment.baseline is None,
        "samples": not experiment.pictured,
        "telemetry": not arms,
        "map": not (spans and one_model),
        "drift": not any(of_kind(arm.model.phases(arm), "generator") for arm in arms),
    }
    return [kind for kind in FIGURES if not missing.get(kind, False)]
