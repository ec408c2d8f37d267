from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from studies import TINY

from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.tools.tune import tune

TUNING = (
    TINY[: TINY.index("    arms:")].replace("reading: released", "reading: released\n      lambda_sum: 0.0")
    + """\
    random:
      seed: 0
      settings: 3
      all: {optimiser.lr: {log: [1.0e-4, 1.0e-2]}}
      ways: {plain: , term: {lambda_sum: {log: [0.1, 10.0]}}}
"""
)
TEMPLATE = (
    """\
{% set tuned = winners("tiny", "circle", metric="fair_modes", protocol="toy-modes/n=500/ref=train",
                       score="last", then="area") -%}
{{ tuned.account }}
"""
    + TINY[: TINY.index("    arms:")].replace("study: tiny", "study: tuned").replace("seeds: [0, 1]", "seeds: [2, 3]")
    + """\
      lambda_sum: 0.0
    arms:
{% for way in tuned.ways %}
      tuned-{{ way }}: {{ tuned.settings(way) }}
{% endfor %}
"""
)
SCORES: dict[str, list[tuple[Any, Any]]] = {
    "plain-00": [(1, 3), (2, 3)], "plain-01": [(4, 1), (5, 1)], "plain-02": [("", ""), (8, 8)],
    "term-00": [(8, 4), (8, 4)], "term-01": [(8, 5), (8, 6)], "term-02": [(8, 6), (8, 5)],
}  # fmt: skip
"""Last value and mean over training of both seeds: the last of `plain` diverged once."""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the tuning study, its scores, and the template."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "tiny.yaml").write_text(TUNING)
    (tmp_path / "config" / "tuned.yaml.j2").write_text(TEMPLATE)
    _write(tmp_path, SCORES)
    return tmp_path


def _write(folder: Path, scores: dict[str, list[tuple[Any, Any]]], best: float | None = None) -> None:
    """`best`: of runs that diverged, the best value before."""
    table = folder / "results" / "tiny" / "tables" / "scores.csv"
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["experiment", "arm", "reading", "seed", "metric", "protocol", "last", "best", "area"])
        for metric, arm, seed, last, area in _rows(scores):
            ever = last if last != "" or best is None else best
            rows.writerow(["circle", arm, "released", seed, metric, "toy-modes/n=500/ref=train", last, ever, area])


def _rows(scores: dict[str, list[tuple[Any, Any]]]) -> Iterator[tuple[Any, ...]]:
    for arm, runs in scores.items():
        for seed, (last, area) in enumerate(runs):
            yield "fair_modes", arm, seed, last, area
            yield "reverse_kl", arm, seed, 9 - (last or 0), area


def _tuned(folder: Path) -> Study:
    (folder / "tuned.yaml").write_text(tune(folder / "config" / "tuned.yaml.j2", folder / "config", folder / "results"))
    return load_study(folder / "tuned.yaml")


def _refusal(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    arguments = ["tune", str(folder / "config" / "tuned.yaml.j2"), f"--configs={folder / 'config'}"]
    arguments += [f"--results={folder / 'results'}"]
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("vigan: ")
    assert error.count("\n") == 1
    return error


def test_the_best_settings_of_each_way_are_trained_as_they_were_tuned(files: Path) -> None:
    tuned, tuning = _tuned(files), load_study(files / "config" / "tiny.yaml")
    # A run that diverged has no modes: 0 and 8 are less than 4 and 5. Of equal last values the larger area decides, and
    # of equal areas the first.
    assert tuned.arm("tuned-plain") == tuning.arm("plain-01")
    assert tuned.arm("tuned-term") == tuning.arm("term-01")
    assert not set(tuned.seeds) & set(tuning.seeds)


def test_a_run_that_diverged_has_no_best_value_either(files: Path) -> None:
    """Settings that held all modes once and diverged in every seed won."""
    template = files / "config" / "tuned.yaml.j2"
    template.write_text(TEMPLATE.replace('score="last"', 'score="best"'))
    _write(files, {**SCORES, "plain-02": [("", ""), ("", "")]}, best=8)
    assert _tuned(files).arm("tuned-plain") == load_study(files / "config" / "tiny.yaml").arm("plain-01")


def test_where_less_is_better_the_least_wins(files: Path) -> None:
    template = files / "config" / "tuned.yaml.j2"
    template.write_text(TEMPLATE.replace("fair_modes", "reverse_kl"))
    diverged = {**SCORES, "plain-02": [(8, 0), (8, 0)], "plain-01": [("", ""), ("", "")]}
    _write(files, diverged)
    assert _tuned(files).arm("tuned-plain") == load_study(files / "config" / "tiny.yaml").arm("plain-02")


def test_the_file_says_what_it_was_chosen_from(files: Path) -> None:
    _tuned(files)
    head = (files / "tuned.yaml").read_text().splitlines()
    assert head[0] == (
        "# Settings chosen by `vigan tune` among those of tiny, by fair_modes (toy-modes), mean over seeds of the last "
        "value; where equal, of the mean over training."
    )
    assert head[1].startswith("# SHA-256 of its tables/scores.csv: ")
    assert head[2:4] == ["#   plain  plain-01: 4.5; 1", "#   term   term-01: 8; 5.5"]
    before = head[1]
    _write(files, {**SCORES, "plain-00": [(1, 3), (2, 4)]})
    _tuned(files)
    assert (files / "tuned.yaml").read_text().splitlines()[1] != before


def test_the_command_writes_beside_the_template_and_overwrites_no_other_settings(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["tune", str(files / "config" / "tuned.yaml.j2"), f"--configs={files / 'config'}"]
    arguments += [f"--results={files / 'results'}"]
    assert main(arguments) == 0
    written = (files / "config" / "tuned.yaml").read_text()
    assert main(arguments) == 0
    _write(files, {**SCORES, "plain-00": [(7, 3), (7, 3)]})
    assert main(arguments) == 1
    assert "there already, with other settings" in capsys.readouterr().err
    assert (files / "config" / "tuned.yaml").read_text() == written


def _of_study(old: str, new: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "config" / "tiny.yaml").write_text(TUNING.replace(old, new))


def _of_template(old: str, new: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "config" / "tuned.yaml.j2").write_text(TEMPLATE.replace(old, new, 1))


MISTAKES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a missing run": (lambda at: _write(at, {**SCORES, "term-02": [(8, 8)]}), "of 'term-02', seed 1; a winner is"),
    "a missing arm": (lambda at: _write(at, {"plain-00": [(1, 1), (1, 1)]}), "of 'plain-01', seed 0"),
    "no tables": (lambda at: (at / "results/tiny/tables/scores.csv").unlink(), "not there yet; `vigan analyse`"),
    "no template": (lambda at: (at / "config/tuned.yaml.j2").unlink(), "No such file"),
    "no such study": (_of_template('"tiny"', '"tinny"'), "tinny.yaml"),
    "no such experiment": (_of_template('"circle"', '"circel"'), "did you mean 'circle'?"),
    "no random settings": (_of_study(TUNING[TUNING.index("    random:") :], "    arms: {plain: {}}\n"), "no 'random'"),
    "no such metric": (_of_template('"fair_modes"', '"fare_modes"'), "did you mean 'fair_modes'?"),
    "a metric without a better side": (_of_template('"fair_modes"', '"classifier_accuracy"'), "neither more nor less"),
    "another protocol": (_of_template("n=500", "n=600"), "no fair_modes (toy-modes/n=600/ref=train) of 'plain-00'"),
    "no such score": (_of_template('"last"', '"lats"'), "did you mean 'last'?"),
    "a criterion that is not whole": (_of_template(', then="area"', ""), "then"),
    "no such way": (_of_template("settings(way)", "settings('terms')"), "did you mean 'term'?"),
    "another batch size": (_of_template("batch_size: 32", "batch_size: 64"), "no arm is trained as 'plain-01' was"),
    "a template that is none": (_of_template("{% endfor %}", ""), "endfor"),
    "a text that is no study": (_of_template("seeds:", "seedz:"), "unknown key 'seedz'"),
    "a text that is no YAML": (_of_template("    arms:", "  arms: ["), "tuned.yaml.j2: "),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_cannot_be_tuned_is_told_in_one_line(
    mistake: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    break_it, told = MISTAKES[mistake]
    break_it(files)
    assert told in _refusal(files, capsys)
    assert not (files / "config" / "tuned.yaml").exists()
