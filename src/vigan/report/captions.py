"""What the captions of `snakemake --report` say of a study, escaped for reStructuredText."""

from __future__ import annotations

import re
from typing import Any

from vigan.config.experiment import Experiment
from vigan.config.study import Study
from vigan.contents import FIGURES
from vigan.describe.arms import seeds_of_arms
from vigan.describe.claims import describe_event

_PLAIN = re.compile(r"[A-Za-z0-9]+([-./=]+[A-Za-z0-9]+)*")
_MARKS = re.compile(r"([!-/:-@\[-`{-~])")


def told(study: Study) -> dict[str, Any]:
    """A study's settings, escaped, and of each experiment what its captions say in words.

    `figures`: what each kind shows; `n`: seeds of an arm; `real`: what the value of real data is; `rules`: of events.
    """
    record = study.model_dump(mode="json")
    for name, experiment in study.experiments.items():
        record["experiments"][name] |= {
            "figures": {kind: f"{shown[0].upper()}{shown[1:]}." for kind, shown in FIGURES.items()},
            "n": seeds_of_arms(study, experiment.names),
            "real": _real(experiment),
            "rules": [describe_event(rule) for rule in (experiment.collapse, experiment.reach) if rule is not None],
        }
    return escaped(record)


def _real(experiment: Experiment) -> str:
    """What the value of real data is that figures draw: measured here, as the study states it, or both; "" if none."""
    counts = sorted({one.samples for one in experiment.protocols if one.definition.measured})
    measured = f"real data, measured by the same protocol ({' and '.join(map(str, counts))} samples)"
    stated = "the value of real data as the study states it"
    both = {measured: bool(counts), stated: any(one.real for one in experiment.protocols)}
    return ", or ".join(words for words, holds in both.items() if holds)


def escaped(value: Any) -> Any:
    """A record as JSON whose texts are no markup, wherever a caption has them: one line, every mark escaped.

    Names, which captions also compare with others, stay as they are: in them is nothing to escape. This is the one
    place at which a study's words become part of a caption.
    """
    match value:
        case dict():
            return {key: escaped(entry) for key, entry in value.items()}
        case list():
            return [escaped(entry) for entry in value]
        case str() if not _PLAIN.fullmatch(value):
            return _MARKS.sub(r"\\\1", " ".join(value.split()))
    return value
