"""The first screen says what was run and what came of it, and shows samples beside real data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.report.frames import Frames, RunPictures
from vigan.report.page import Verdict
from vigan.stages.report_first import (
    NOT_FREE,
    NOT_HERE,
    duration,
    headlines,
    lead,
    main_metric,
    samples,
    strip,
    units_of_claims,
)

CONFIG = Path(__file__).parents[2] / "config"
PICTURE, REAL = "data:image/webp;base64,AAAA", "data:image/webp;base64,BBBB"


def _study(name: str) -> Study:
    return load_study(CONFIG / f"{name}.yaml")


def _frames(study: Study, experiment: str, real: str | None = REAL) -> Frames:
    steps = study.experiments[experiment].snapshot_steps
    seed = study.seeds_in(experiment)[0]
    whole = {"pictures": (PICTURE,) * len(steps), "missing": ("",) * len(steps), "seed": seed}
    runs = tuple(RunPictures.model_validate({"arm": arm, **whole}) for arm in study.experiments[experiment].arms)
    size = {"kind": "images", "shown": 64, "width": 4, "height": 4}
    return Frames.model_validate({"experiment": experiment, **size, "steps": steps, "runs": runs, "real": real})


@pytest.mark.parametrize(("seconds", "told"), [(42.0, "42 s"), (600.0, "10 min"), (17_520.0, "4 h 52 min")])
def test_a_time_is_told_as_one_would_say_it(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_the_lead_says_what_was_run_on_what_for_how_long() -> None:
    keys = {"experiment": ["ring"] * 3, "arm": ["a", "a", "b"], "reading": ["released"] * 3, "seed": [0, 1, 0]}
    runs, timing = pd.DataFrame({**keys, "device": "cpu"}), pd.DataFrame({**keys, "seconds": 60.0})
    assert lead(_study("ring"), runs, timing) == (
        "3 runs of 2 arms, 1 to 2 seeds each, on ring (100,000 examples). Trained on cpu: 3 min in all."
    )


def test_an_experiment_is_told_by_the_measure_of_its_first_claim_else_of_its_rule() -> None:
    summary = pd.DataFrame({"metric": ["density", "modes"], "protocol": ["p", "q"]})
    assert main_metric(_study("ring"), "ring", summary)[0] == "fair_modes"
    study = _study("smoke")
    assert main_metric(study, "digits-bn", summary) == ("frechet", "efflite0-128/n=128/ref=train")
    assert main_metric(_study("digits-k"), "fast", summary)[0] == "fair_modes"  # its first claim is about collapse
    assert main_metric(_study("digits-k"), "slow", summary)[0] == "fair_modes"
    bare = study.experiments["digits-bn"].model_copy(update={"reach": None})
    without = study.model_copy(update={"experiments": {"digits-bn": bare}, "claims": ()})
    assert main_metric(without, "digits-bn", summary) == ("modes", "q")
    assert main_metric(without, "digits-bn", summary[:0]) == ("", "")


def test_differences_of_claims_have_the_unit_of_what_they_are_about() -> None:
    units = units_of_claims(_study("smoke"))
    assert units["C4"].between == "% of training"
    assert units["C5"].between == " modes"
    digits = units_of_claims(_study("digits"))
    assert digits["C1-digits"].runs == "that collapsed"
    assert digits["C3-digits"].runs == "that got on track within 50% of training"


def test_of_several_experiments_each_has_its_own_verdicts() -> None:
    keys = ["experiment", "metric", "protocol", "arm", "score", "n"]
    tables = {name: pd.DataFrame(columns=keys) for name in ("pair-summary", "summary")}
    blank: dict[str, Any] = dict.fromkeys(Verdict._fields, "")
    claims = [
        Verdict(**{**blank, "verdict": verdict, "experiment": experiment})
        for verdict, experiment in (("supported", "ring"), ("contradicted", "ring"), ("supported", "grid"))
    ]
    ring, grid = headlines(_study("toy"), tables, claims)
    assert [(count.number, count.verdict) for count in ring.counts] == [(1, "supported"), (1, "contradicted")]
    assert [(count.number, count.verdict) for count in grid.counts] == [(1, "supported")]
    assert [one.counts for one in headlines(_study("ring"), tables, claims)] == [[]], "those of the study are enough"


def test_real_data_come_first_and_before_training_there_is_no_column() -> None:
    study = _study("smoke")
    made = samples(study, _frames(study, "digits-bn"), 4, "figure-samples-digits-bn")
    assert [row.name for row in made.rows] == ["real data", "bn-plain", "bn-regularised"]
    assert made.rows[0].shots[0].source == REAL
    assert made.steps[0] == "epoch 2.67, iteration 75"
    assert made.steps[-1].endswith("iteration 300")
    assert "uncurated" in made.note
    assert "64 images an arm and step" in made.note


def test_of_many_arms_those_of_claims_are_shown_and_the_others_folded() -> None:
    study = _study("toy")
    made = samples(study, _frames(study, "ring"), 4, "figure-samples-ring")
    shown = [row.name for row in made.rows[1:]]
    assert shown[:3] == ["ring-k1-l0", "ring-k5-l0", "ring-k1-d5"]
    assert {*shown, *(row.name for row in made.more)} == set(study.experiments["ring"].arms)
    assert len(strip(study, [_frames(study, "ring"), _frames(study, "grid")])) == 14


def test_where_real_data_are_not_shown_their_place_says_why() -> None:
    smoke, faces = _study("smoke"), _study("celeba10k-cpu")
    assert strip(smoke, [_frames(smoke, "ring", None)])[0].missing == NOT_HERE
    name = next(iter(faces.experiments))
    assert strip(faces, [_frames(faces, name, None)])[0].missing == NOT_FREE
