"""Tables from memory: what they say is judged as a study's own numbers are; what cannot be is told in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from studies import TINY

import vigan
from vigan.config.base import ConfigError

SEEDS = 8
CLAIM = """\
claims:
  - {id: more, statement: More modes., place: here, test: paired-sign, arms: [plain, regularised], metric: fair_modes,
     protocol: toy-modes, score: last, direction: higher, margin: 0.5}
"""
SHARES = """\
  - {id: fewer, statement: Fewer collapse., place: here, test: paired-shares, arms: [plain, regularised],
     event: collapse, direction: less, margin: 0.1}
"""
RULES = """\
    collapse: {metric: fair_modes, protocol: toy-modes, below: 0.5, once_above: 1.0}
    reach: {metric: fair_modes, protocol: toy-modes, share: 0.5}
    arms:
"""
FLOORS = pd.DataFrame({"dataset": ["ring"], "protocol": "toy-modes", "metric": "fair_modes", "value": 5.0})
STUDY = TINY.replace("[0, 1]", str(list(range(SEEDS)))) + CLAIM


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (path := tmp_path / "tiny.yaml").write_text(STUDY)
    return path


def frame(difference: float = 2.0, arms: tuple[str, str] = ("plain", "regularised")) -> pd.DataFrame:
    rows = [
        (arm, seed, step, "fair_modes", value)
        for seed in range(SEEDS)
        for arm, value in zip(arms, (3.0, 3.0 + difference), strict=True)
        for step in (0, 60)
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "step", "metric", "value"])


def verdict(numbers: pd.DataFrame, study: Path, row: int = 0) -> tuple[str, int]:
    found = vigan.judge(numbers, study).iloc[row]
    return found["verdict"], found["n"]


def with_last(value: object) -> pd.DataFrame:
    return pd.concat([frame().iloc[:-1].astype(object), frame().iloc[-1:].astype(object).assign(value=value)])


@pytest.mark.parametrize(
    "same",
    [
        lambda table: table.assign(seed=table["seed"].astype(str), step=table["step"].astype(float)),
        lambda table: table.astype(object),
        lambda table: table.assign(arm=table["arm"].astype("category"), metric=table["metric"].astype("category")),
        lambda table: table.assign(value=table["value"].astype(str)),
        lambda table: table.assign(protocol="toy-modes"),
        lambda table: table.assign(protocol="toy-modes/n=500/ref=train", status="completed"),
        lambda table: table.assign(protocol=None),
        lambda table: table.sample(frac=1.0, random_state=0).set_index("arm", drop=False),
        lambda table: pd.concat([table, table.iloc[:5]]),
        lambda table: pd.concat([table, table.assign(metric="their_own")]),
        lambda table: pd.concat([table, table.assign(arm="somebody")]),
        lambda table: pd.concat([table, table.assign(step=99, value=0.0)]),
        lambda table: pd.concat([table, table.assign(seed=99, value=0.0)]),
    ],
    ids=range(13),
)
def test_the_same_numbers_in_another_dress_get_the_same_verdict(study: Path, same) -> None:
    assert verdict(frame(), study) == ("supported", SEEDS)
    assert verdict(same(frame()), study) == ("supported", SEEDS)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([1, 2], "the table is a list; hand over a pandas DataFrame"),
        (frame().iloc[:0], "no row of an arm of study 'tiny'"),
        (pd.DataFrame(), "no column 'arm'"),
        (frame().rename(columns={"metric": "step"}), "no column 'metric'"),
        (pd.concat([frame(), frame()[["value"]]], axis=1), "two columns 'value'; drop one"),
        (frame().assign(seed=0.5), r"row 0 .*: seed np\.float64\(0\.5\) is not a whole number|seed 0.5 is not"),
        (frame().assign(seed="first"), "seed 'first' is not a whole number from 0 on"),
        (frame().assign(step=-1), "step .*-1.* is not a whole number"),
        (frame().assign(step=None), "step None is not a whole number"),
        (frame().assign(value="good"), "value 'good' is no number"),
        (frame().assign(metric="fair_mode"), "no metric that is known, such as 'fair_mode'; did you mean 'fair_modes'"),
        (frame().assign(protocol="toy-mode"), "arm 'plain' has no protocol 'toy-mode'; did you mean"),
        (frame().assign(status="done"), "status 'done' is neither 'completed' nor 'diverged'"),
        (frame().assign(value=-1.0), "-1 is no value of 'fair_modes', which lies from 0 to"),
        (frame().assign(value=40.0), "40 is no value of 'fair_modes', which lies from 0 to 8"),
        (frame().assign(step=90), "the table begins at step 90, after step 60, the last of the study"),
        (frame().assign(value=None), "the table has no value of a metric that is known: all are empty"),
        (frame().assign(seed=pd.array([None] * len(frame()), "Int64")), "seed <NA> is not a whole number"),
        (frame().assign(step=pd.array([None] * len(frame()), "Int64")), "step <NA> is not a whole number"),
        (pd.concat([frame(), frame(1.0)]), "two values of arm 'regularised', seed 0, step 0, 'fair_modes': 5 and 4"),
        (frame()[frame()["step"] == 0], "ends at step 0, before step 60, the last of the study: nothing is judged"),
    ],
    ids=range(21),
)  # fmt: skip
def test_what_cannot_be_is_told_in_one_line(study: Path, numbers: pd.DataFrame, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as refused:
        vigan.judge(numbers, study)
    assert "\n" not in refused.value.text


@pytest.mark.parametrize("value", [np.inf, -np.inf, "nan", "inf"])
def test_a_value_that_is_not_finite_is_a_divergence_and_worse_than_any(study: Path, value: object) -> None:
    (row,) = vigan.judge(with_last(value), study).itertuples()
    assert row.n == SEEDS
    assert row.estimate == pytest.approx(1 - 1 / SEEDS)


@pytest.mark.parametrize("value", [np.nan, None, pd.NA])
def test_an_empty_value_was_not_measured_unless_its_run_is_said_to_have_diverged(study: Path, value: object) -> None:
    """pandas reads an empty cell so, and a wide table of unequal logs is full of them: verdicts turned."""
    empty = with_last(value)
    assert verdict(empty, study) == ("inconclusive", SEEDS - 1)
    run = (empty["arm"] == "regularised") & (empty["seed"] == SEEDS - 1)
    said = empty.assign(status=np.where(run, "diverged", "completed"))
    (row,) = vigan.judge(said, study).itertuples()
    assert (row.n, row.estimate) == (SEEDS, pytest.approx(1 - 1 / SEEDS))
    gap = pd.concat([said, said.assign(metric="high_quality", value=value)])
    assert vigan.judge(gap, study).loc[0, "estimate"] == row.estimate
    often = pd.concat([frame(), frame().assign(step=30, value=np.nan)])
    assert verdict(often, study) == verdict(frame(), study)
    second = often.assign(metric="high_quality", value=np.where(often["step"] == 60, 0.5, np.nan))
    assert verdict(pd.concat([often, second.drop_duplicates()]), study) == verdict(frame(), study)


def test_a_table_that_says_which_numbers_end_early_is_taken(study: Path) -> None:
    """So do a study's own tables of runs from elsewhere."""
    early = frame().assign(metric="high_quality", value=0.5, status="unfinished").query("step == 0")
    table = pd.concat([frame().assign(status="completed"), early])
    assert verdict(table, study) == ("supported", SEEDS)


def test_a_number_that_was_not_defined_of_finite_samples_is_no_divergence_of_the_run(study: Path) -> None:
    one, other = with_last(np.nan), frame()
    table = pd.concat([one, other.assign(metric="finite", value=1.0), other.assign(metric="modes", value=8.0)])
    (row,) = vigan.judge(table, study).itertuples()
    assert row.estimate == pytest.approx(1 - 1 / SEEDS)
    (by_modes := study.with_name("modes.yaml")).write_text(STUDY.replace("metric: fair_modes", "metric: modes"))
    (row,) = vigan.judge(table, by_modes).itertuples()
    assert (row.n, row.median_difference) == (SEEDS, 0.0)  # the modes of that run are those that it has


def test_a_run_that_ends_early_is_not_judged(study: Path) -> None:
    table = frame()
    early = table[~((table["seed"] == 3) & (table["step"] == 60))]
    assert verdict(early, study)[1] == SEEDS - 1


def test_events_need_no_column_of_their_own(tmp_path: Path) -> None:
    (path := tmp_path / "tiny.yaml").write_text(STUDY.replace("    arms:\n", RULES) + SHARES)
    table = pd.concat([frame(), frame().assign(step=30)])
    table.loc[(table["arm"] == "plain") & (table["step"] == 60), "value"] = 0.5
    table.loc[table["step"] == 0, "value"] = 0.0
    row = vigan.judge(table, path, FLOORS).set_index("id").loc["fewer"]
    assert row["fates"] == f"plain {SEEDS}/{SEEDS}; regularised 0/{SEEDS}"
    assert row["verdict"] == "supported"


def test_a_rule_that_compares_with_real_data_asks_for_their_number(tmp_path: Path) -> None:
    (path := tmp_path / "tiny.yaml").write_text(STUDY.replace("    arms:\n", RULES) + SHARES)
    with pytest.raises(ConfigError, match="rule 'reach' of experiment 'circle' compares with real data: hand"):
        vigan.judge(frame(), path)
    with pytest.raises(ConfigError, match="the floors have no column 'protocol'"):
        vigan.judge(frame(), path, floors=pd.DataFrame({"dataset": ["ring"]}))
    assert vigan.judge(frame(), path, FLOORS).set_index("id").loc["fewer", "fates"].startswith("plain ")


def test_real_numbers_are_asked_for_by_claims_on_events_alone(tmp_path: Path) -> None:
    (path := tmp_path / "tiny.yaml").write_text(STUDY.replace("    arms:\n", RULES))
    assert verdict(frame(), path) == ("supported", SEEDS)


def test_floors_say_which_of_two_protocols_of_a_kind_they_are_of(tmp_path: Path) -> None:
    """Of two experiments on the same data the last alone was asked which protocols it has."""
    one, two = "toy-modes/n=500/ref=train", "toy-modes/n=900/ref=train"
    kinds = STUDY.replace("samples: 500}", "samples: 500}, {kind: toy-modes, samples: 900}")
    head, _, rest = STUDY.partition("  circle:\n")
    first, _, claims = rest.partition("claims:\n")
    other = first.replace("samples: 500", "samples: 900").replace("plain:", "other:").replace("regularised:", "more:")
    first = first.replace("    arms:\n", RULES)
    (path := tmp_path / "tiny.yaml").write_text(f"{head}  circle:\n{first}  second:\n{other}claims:\n{claims}{SHARES}")
    assert "fewer" in set(vigan.judge(frame(), path, FLOORS.assign(protocol=one))["id"])
    with pytest.raises(ConfigError, match=f"'toy-modes' could be any of {one}, {two}; write which"):
        vigan.judge(frame(), path, FLOORS)
    path.write_text(kinds.replace("protocol: toy-modes,", f"protocol: {one},"))
    with pytest.raises(ConfigError, match="the floors, data set 'ring': 'toy-modes' could be any of 2 protocols"):
        vigan.judge(frame().assign(protocol=one), path, FLOORS)


def test_arms_from_elsewhere_are_judged_without_their_files(tmp_path: Path) -> None:
    rows = "\n".join(f"      {arm}: {{from: nowhere.csv}}" for arm in ("plain", "regularised"))
    head, _, _ = STUDY.partition("    shared:")
    text = head.replace("{kind: toy-modes, samples: 500}", "{kind: elsewhere}").replace("    snapshots: 3\n", "")
    claim = CLAIM.replace("fair_modes", "score").replace("toy-modes", "elsewhere")
    (path := tmp_path / "theirs.yaml").write_text(f"{text}    arms:\n{rows}\n{claim}")
    (row,) = vigan.judge(frame().assign(metric="score"), path).itertuples()
    assert (row.verdict, row.n) == ("supported", SEEDS)
    assert "Not trained here: plain, regularised" in row.reason
