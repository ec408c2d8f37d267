"""StyleGAN's files: snapshots become steps, options or names say seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vigan.config.elsewhere import ElsewhereArm
from vigan.elsewhere.numbers import Number
from vigan.elsewhere.read import read
from vigan.io.files import RecordError


def line(value: Any = 12.5, snapshot: Any = "network-snapshot-000200.pkl", name: str = "fid50k_full") -> str:
    return json.dumps({"results": {name: value}, "metric": name, "snapshot_pkl": snapshot})


def written(folder: Path, *lines: str, options: str | None = None, name: str = "metric-fid50k_full.jsonl") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(f"{one}\n" for one in lines))
    if options is not None:
        (folder / "training_options.json").write_text(options)
    return folder


def numbers(folder: Path, **more: object) -> list[Number]:
    arm = ElsewhereArm.model_validate({"from": {"format": "stylegan", "path": str(folder), **more}})
    return list(read(arm))


def test_a_snapshot_is_a_step_and_the_options_say_the_seed(tmp_path: Path) -> None:
    written(tmp_path / "00000-a", line(), options='{"random_seed": 7}')
    assert [number[:5] for number in numbers(tmp_path)] == [(7, 200, "fid50k_full", None, 12.5)]


def test_a_seed_is_taken_from_a_name_or_from_the_study_where_options_say_none(tmp_path: Path) -> None:
    written(tmp_path / "00000-x-seed3", line())
    written(tmp_path / "00001-x", line())
    assert sorted(number.seed for number in numbers(tmp_path, seeds={"00001-x": 9})) == [3, 9]
    with pytest.raises(RecordError, match=r"00001-x: says no seed; write 'seeds: \{00001-x: 0"):
        numbers(tmp_path)
    with pytest.raises(RecordError, match=r"`seeds` names '00002-x'.*did you mean"):
        numbers(tmp_path, seeds={"00001-x": 9, "00002-x": 1})


def test_two_runs_of_one_seed_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        written(tmp_path / name, line(), options='{"random_seed": 0}')
    with pytest.raises(RecordError, match="both of seed 0; write `seeds`"):
        numbers(tmp_path)


def test_a_number_of_no_snapshot_of_the_run_is_none_of_it(tmp_path: Path) -> None:
    written(tmp_path / "seed0", line(snapshot=None), line(snapshot="ffhq.pkl"), line())
    assert len(numbers(tmp_path)) == 1


def test_a_line_that_was_being_written_when_the_run_was_killed_is_none(tmp_path: Path) -> None:
    folder = written(tmp_path / "seed0", line())
    with (folder / "metric-fid50k_full.jsonl").open("a") as stream:
        stream.write(line(13.0)[:30])
    assert len(numbers(tmp_path)) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1: no JSON"),
        ("[1]", "line 1: not a line of StyleGAN's"),
        (line("12"), "'fid50k_full' is \"12\", no number"),
        (line(True), "is true, no number"),
        (line(0).replace(" 0}", " 1e400}"), "1e400 is larger than a number can be"),
        (line(0).replace(" 0}", f" {'9' * 30}}}"), "more than 20 digits"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text: str, words: str, tmp_path: Path) -> None:
    written(tmp_path / "seed0", text)
    with pytest.raises(RecordError, match=words) as told:
        numbers(tmp_path)
    assert "\n" not in told.value.text


def test_nan_is_a_value_that_is_not_finite(tmp_path: Path) -> None:
    written(tmp_path / "seed0", line(float("nan")))
    (number,) = numbers(tmp_path)
    assert number.value != number.value
