from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from studies import TINY

from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.random_settings import draw
from vigan.config.study import Study

DRAWN = (
    TINY[: TINY.index("    arms:")].replace("reading: released", "reading: released\n      lambda_sum: 0.0")
    + """\
    random:
      seed: 3
      settings: 4
      all:
        optimiser.lr: {log: [1.0e-4, 1.0e-2]}
        optimiser.beta1: {one-minus-log: [0.1, 1.0]}
      ways:
        plain:
        term: {lambda_sum: {log: [0.01, 100.0]}}
        r1: {stabilisers.r1.gamma: {log: [0.01, 10.0]}, d_batches: 2}
"""
)
BLOCK: dict[str, Any] = {"seed": 0, "settings": 400, "ways": {"a": {"x.lr": {"log": [1e-4, 1e-2]}, "y": 7}, "b": None}}


def _load(tmp_path: Path, text: str) -> Study:
    (tmp_path / "tiny.yaml").write_text(text)
    return load_study(tmp_path / "tiny.yaml")


def test_every_way_gets_the_same_number_of_arms_with_what_is_shared_and_its_own(tmp_path: Path) -> None:
    arms = _load(tmp_path, DRAWN).experiments["circle"].arms
    assert list(arms) == [f"{way}-0{number}" for way in ("plain", "term", "r1") for number in range(4)]
    for name, arm in arms.items():
        assert arm.batch_size == 32
        assert arm.d_batches == (2 if name.startswith("r1") else 1)
        assert 1e-4 <= arm.optimiser.lr <= 1e-2
        assert 0 <= arm.optimiser.beta1 <= 0.9
        assert arm.regularised == name.startswith("term")
        assert bool(arm.stabilisers) == name.startswith("r1")
    drawn = {(name[-2:], arm.optimiser.lr, arm.optimiser.beta1) for name, arm in arms.items()}
    assert len(drawn) == len({lr for _, lr, _ in drawn}) == 4  # the same for every way


def test_what_is_drawn_is_uniform_on_its_scale_and_has_three_digits() -> None:
    rates = [row["x"]["lr"] for row in draw(BLOCK)["a"].values()]
    assert all(rate == float(f"{rate:.3g}") for rate in rates)
    quarters = [math.floor(4 * math.log(rate / 1e-4) / math.log(1e2)) for rate in rates]
    assert all(70 < quarters.count(quarter) < 130 for quarter in range(4))


def test_what_is_near_one_keeps_its_distance_from_it() -> None:
    way = {"ema": {"one-minus-log": [1e-6, 1e-4]}}
    decays = [row["ema"] for row in draw({**BLOCK, "ways": {"a": way}})["a"].values()]
    assert len(set(decays)) > 300
    assert 1 - 1e-4 <= min(decays) < max(decays) <= 1 - 1e-6
    assert all(len(str(decay)) <= 10 for decay in decays)  # 0.99999123


def test_a_draw_is_the_same_whatever_else_is_drawn_and_another_with_another_seed() -> None:
    rows = draw(BLOCK)["a"]
    fewer = draw(
        {"seed": 0, "settings": 200, "all": {"z": {"log": [1, 2]}}, "ways": {"c": {}, "a": BLOCK["ways"]["a"]}}
    )
    assert all(rows[name]["x"] == row["x"] for name, row in fewer["a"].items() if name in rows)
    other = draw({**BLOCK, "seed": 1})["a"]
    assert all(rows[name]["x"] != row["x"] for name, row in other.items())
    assert {row["y"] for row in rows.values()} == {7}


def test_further_numbers_leave_the_names_of_the_first_as_they_are() -> None:
    """With a hundredth and first setting all arms had other names, and were trained again."""
    first, more = (list(draw({**BLOCK, "settings": count})["a"]) for count in (100, 101))
    assert more == [*first, "a-100"]
    assert first[0] == "a-00"


def test_the_first_numbers_are_those_of_every_machine() -> None:
    assert [row["x"]["lr"] for row in draw({**BLOCK, "settings": 3})["a"].values()] == FIRST


FIRST = [0.000248, 0.000129, 0.000327]

MISTAKES = {
    "no range": ("{log: [1.0e-4, 1.0e-2]}", "{log: [1.0e-2, 1.0e-4]}", "with 0 < LOW < HIGH"),
    "both ranges": ("{log: [1.0e-4, 1.0e-2]}", "{log: [1.0, 2.0], one-minus-log: [0.1, 1.0]}", "with 0 < LOW < HIGH"),
    "a misspelt range": ("{log: [1.0e-4, 1.0e-2]}", "{logg: [1.0e-4, 1.0e-2]}", "did you mean 'log'?"),
    "a range from nothing": ("[0.01, 100.0]", "[0, 100.0]", "with 0 < LOW < HIGH"),
    "a range of words": ("[0.01, 100.0]", "[low, 100.0]", "'low' is text, not a number"),
    "a misspelt key": ("settings: 4", "setings: 4", "did you mean 'settings'?"),
    "no settings": ("settings: 4", "settings: 0", "greater than or equal to 1"),
    "too many": ("settings: 4", "settings: 10**9", "not a number"),
    "no ways": ("ways:", "way:", "did you mean 'ways'?"),
    "a setting that no arm has": ("optimiser.lr:", "optimiser.rate:", "unknown key 'rate'"),
    "a whole beside its part": ("d_batches: 2", "stabilisers.r1: {gamma: 1}", "'stabilisers.r1' is part of a setting"),
    "a part of a number": ("d_batches: 2", "d_batches: 2, d_batches.x: 1", "'d_batches.x' is part of a setting"),
    "a name that no arm can have": ("plain:\n", "Plain Arm:\n", "Plain Arm-00"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_draw_that_makes_no_arms_is_an_error_in_one_line(mistake: str, tmp_path: Path) -> None:
    written, instead, told = MISTAKES[mistake]
    assert written in DRAWN
    with pytest.raises(ConfigError) as refused:
        _load(tmp_path, DRAWN.replace(written, instead, 1))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("nothing", [None, 7, "x", [], {}])
def test_what_is_no_block_of_random_settings_is_refused(nothing: object) -> None:
    with pytest.raises(ValueError, match="'random': "):
        draw(nothing)


def test_more_arms_than_an_experiment_may_have_are_not_drawn() -> None:
    with pytest.raises(ValueError, match="6000 arms, at most 5000 are made"):
        draw({**BLOCK, "settings": 1000, "ways": dict.fromkeys("abcdef")})


def test_arms_may_stand_beside_drawn_ones_under_other_names(tmp_path: Path) -> None:
    own = "    arms:\n      mine: {d_batches: 3}\n"
    assert _load(tmp_path, DRAWN + own).arm("mine").d_batches == 3
    with pytest.raises(ConfigError, match="'r1-01' is named both under 'arms' and by 'random'"):
        _load(tmp_path, DRAWN + own.replace("mine", "r1-01"))
