"""Winners among random settings, and the study in which they meet: a template that their settings are filled into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jinja2
import pandas as pd
import yaml
from pydantic import ValidationError

from vigan.analysis.estimates import SCORES
from vigan.analysis.metric_bounds import bounds_of
from vigan.analysis.tables import read_table
from vigan.config.arms import Arm
from vigan.config.base import explain, nearest, read_yaml
from vigan.config.counts import modes_of
from vigan.config.load import load_study
from vigan.config.random_settings import Settings, draw
from vigan.config.study import Study
from vigan.config.yaml_text import YamlError, parse
from vigan.io.files import RecordError, sha256_file
from vigan.protocols.registry import METRICS
from vigan.stages.freshness import check_kept

SCORE_WORDS = {"last": "last value", "best": "best value", "area": "mean over training"}


Means = Mapping[str, tuple[float, float]]


class Criterion(NamedTuple):
    """By what the settings of a way are ranked: the mean over seeds of a score, and of `then` where that is equal.

    A run that diverged counts as the worst that the metric can be.
    """

    metric: str
    protocol: str
    score: str
    then: str

    def __str__(self) -> str:
        """In words."""
        first, second = SCORE_WORDS[self.score], SCORE_WORDS[self.then]
        kind = self.protocol.partition("/")[0]
        return f"{self.metric} ({kind}), mean over seeds of the {first}; where equal, of the {second}"


class Winner(NamedTuple):
    """The best settings of a way: the arm that had them, its ranks' means, and the settings' own part of its row."""

    arm: str
    means: tuple[float, float]
    row: Settings
    trained: Arm


@dataclass(frozen=True)
class Winners:
    """What a template asks of: `ways` in their order, `settings` of each, and an `account` in comment lines."""

    by_way: Mapping[str, Winner]
    account: str

    @property
    def ways(self) -> list[str]:
        """Names of the ways."""
        return list(self.by_way)

    def settings(self, way: str) -> str:
        """The drawn settings of a way's winner, as YAML in one line. Raises RecordError for a way that there is not."""
        if way not in self.by_way:
            raise RecordError(f"no way '{way}' was tuned" + nearest(way, self.ways))
        row = self.by_way[way].row
        return yaml.safe_dump(row, default_flow_style=True, sort_keys=False, width=10**6).strip()


def tune(template: Path, configs: Path, results: Path) -> str:
    """The study file that `template` (Jinja, YAML) becomes.

    It calls `winners(STUDY, EXPERIMENT, metric=, protocol=, score=, then=)`: the `Winners` among the `random` settings
    of an experiment in `configs`, by its tables in `results`. Raises RecordError where these are not whole, where the
    text is no study, or where it trains a winner in another way than it was tuned.
    """
    used: list[Winners] = []

    def winners(study: str, experiment: str, *, metric: str, protocol: str, score: str, then: str) -> Winners:
        criterion = Criterion(metric, protocol, score, then)
        used.append(_winners(configs / f"{study}.yaml", results / study, experiment, criterion))
        return used[-1]

    environment = jinja2.Environment(  # noqa: S701 - YAML, of our own tables
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    try:
        text = environment.from_string(template.read_text(encoding="utf-8")).render(winners=winners)
        written = Study.model_validate(parse(text)[0])
    except (OSError, UnicodeDecodeError, jinja2.TemplateError, TypeError, YamlError) as error:
        raise RecordError(f"{template}: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        place, message = explain(error, list(Study.model_fields))
        raise RecordError(f"{template}: {'.'.join(map(str, place))}: {' '.join(message.split())}") from None
    _check_trained(template, used, written)
    return text


def _winners(file: Path, folder: Path, experiment: str, criterion: Criterion) -> Winners:
    study, raw = load_study(file), read_yaml(file)[0]
    study.experiment(experiment)
    _check_criterion(criterion)
    if "random" not in raw["experiments"][experiment]:
        raise RecordError(f"{file}: experiment '{experiment}' has no 'random' settings, so nothing was tuned")
    table = folder / "tables" / "scores.csv"
    scores = read_table(table)
    if line := check_kept(folder, [table], study):
        raise RecordError(line)
    means = _means(study, table, scores, experiment, criterion)
    ways = draw(raw["experiments"][experiment]["random"])
    arms = study.experiments[experiment].arms
    by_way = {way: _best(means, rows, arms) for way, rows in ways.items()}
    return Winners(by_way, "\n".join(_account(file, table, by_way, criterion)))


def _check_criterion(criterion: Criterion) -> None:
    if criterion.metric not in METRICS:
        raise RecordError(f"no metric '{criterion.metric}'" + nearest(criterion.metric, list(METRICS)))
    if not METRICS[criterion.metric].sign:
        raise RecordError(f"of '{criterion.metric}' neither more nor less is better; name a metric with a direction")
    for score in (criterion.score, criterion.then):
        if score not in SCORES:
            raise RecordError(f"no score '{score}'" + nearest(score, SCORES))


def _means(study: Study, table: Path, scores: pd.DataFrame, experiment: str, criterion: Criterion) -> Means:
    """Mean over seeds of both scores by arm, larger being better. Raises RecordError where a run is missing."""
    rows = scores[(scores["metric"] == criterion.metric) & (scores["protocol"] == criterion.protocol)]
    found = set(zip(rows["arm"], rows["seed"], strict=True))
    for arm in study.experiments[experiment].arms:
        if missing := [seed for seed in study.seeds_of(arm) if (arm, seed) not in found]:
            raise RecordError(
                f"{table}: no {criterion.metric} ({criterion.protocol}) of '{arm}', seed {missing[0]}; "
                "a winner is chosen when all runs are there"
            )
    sign = METRICS[criterion.metric].sign
    low, high = bounds_of(criterion.metric, modes_of(study.data_of(experiment)))
    worst = min(sign * low, sign * high)
    survived = rows["last"].notna()  # a run that diverged has a best value, from before
    worth = rows.assign(**{score: (sign * rows[score]).where(survived).fillna(worst) for score in SCORES})
    return {
        str(arm): (float(own[criterion.score].mean()), float(own[criterion.then].mean()))
        for arm, own in worth.groupby("arm")
    }


def _best(means: Means, rows: Mapping[str, Settings], arms: Mapping[str, Arm]) -> Winner:
    name = max(rows, key=lambda arm: means[arm])  # the first of several
    return Winner(name, means[name], rows[name], arms[name])


def _account(file: Path, table: Path, by_way: Mapping[str, Winner], criterion: Criterion) -> Iterable[str]:
    yield f"# Settings chosen by `vigan tune` among those of {file.stem}, by {criterion}."
    yield f"# SHA-256 of its tables/scores.csv: {sha256_file(table)}. Means:"
    width, sign = max(map(len, by_way)), METRICS[criterion.metric].sign
    for way, winner in by_way.items():
        first, second = winner.means
        yield f"#   {way:<{width}}  {winner.arm}: {sign * first:.4g}; {sign * second:.4g}"


def _check_trained(template: Path, used: Iterable[Winners], written: Study) -> None:
    trained = [arm for experiment in written.experiments.values() for arm in experiment.arms.values()]
    for winner in (one for winners in used for one in winners.by_way.values()):
        if winner.trained not in trained:
            raise RecordError(
                f"{template}: no arm is trained as '{winner.arm}' was: is what its experiment shares the same?"
            )
