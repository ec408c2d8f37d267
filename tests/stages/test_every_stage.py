"""Stages work one by one, without Snakemake, and refuse in one line."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from studies import forge

from vigan.cli.paths import layout_of
from vigan.config.base import digest_of
from vigan.config.load import load_study
from vigan.config.study import RunKey
from vigan.contents import TABLES
from vigan.data.store import load
from vigan.evaluation import references
from vigan.io.locks import owned
from vigan.layout import Layout
from vigan.provenance import stage_digest
from vigan.stages import evaluate, reference

from .conftest import Project

DEVIATIONS = Path(__file__).parents[2] / "config" / "deviations.yaml"
QUIET = ("--no-tensorboard", "--device", "cpu")


def test_a_diverged_run_is_a_row_in_every_table_and_the_study_goes_on(project: Project) -> None:
    protocol = "toy-modes/n=500/ref=train"
    assert project.vigan("reference", "--dataset", "ring", "--protocol", protocol)[0] == 0
    for arm in ("plain", "regularised", "wild"):
        for seed in ("0", "1"):
            code, output = project.vigan("train", "--arm", arm, "--seed", seed, *QUIET)
            assert code == 0, output
            code, output = project.vigan("evaluate", "--arm", arm, "--seed", seed, "--device", "cpu")
            assert code == 0, output
    assert project.vigan("analyse") == (0, "")
    tables = {name: pd.read_csv(project.folder / "results/tiny/tables" / f"{name}.csv") for name in TABLES}
    runs = tables["runs"].set_index(["arm", "seed"])
    assert set(runs.loc["wild", "status"]) == {"diverged"}
    assert set(runs.loc["plain", "status"]) == {"completed"}
    assert "wild" in set(tables["metrics"]["arm"])
    assert (tables["summary"].set_index("arm").loc["wild", "diverged"] == 2).all()
    figures = Layout(load_study(project.config)).all_figures()
    for kind, experiment in figures:
        code, output = project.vigan("figure", "--kind", kind, "--experiment", experiment)
        assert code == 0, output
    assert project.vigan("frames", "--experiment", "circle") == (0, "")
    assert project.vigan("report", "--deviations", str(DEVIATIONS))[0] == 0
    page = (project.folder / "results/tiny/report.html").read_text()
    assert "diverged" in page
    numbers = [int(number) for number in re.findall(r"Figure (\d+)\.", page)]
    assert list(dict.fromkeys(numbers)) == list(range(1, 1 + len(figures))), "figures are numbered down the page"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "--arm", "plane", "--seed", "0"), "no arm 'plane' in this study; did you mean 'plain'?"),
        (("prepare", "--dataset", "rings"), "no dataset 'rings' in this study; did you mean 'ring'?"),
        (("evaluate", "--arm", "plain", "--seed", "0"), "run.json: not there yet; type: vigan train"),
        (("analyse",), "json: not there yet; type: vigan reference"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(project: Project, arguments: tuple[str, ...], message: str) -> None:
    code, output = project.vigan(*arguments)
    assert code == 1
    assert message in output
    assert output.startswith("vigan: ")
    assert output.count("\n") == 1


def test_training_without_prepared_data_says_how_to_prepare_it(tmp_path) -> None:
    code, output = Project(tmp_path).vigan("train", "--arm", "plain", "--seed", "0", *QUIET)
    assert code == 1
    assert "vigan prepare" in output


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_a_seed_the_study_does_not_name_is_refused_with_those_it_does(project: Project, stage: str) -> None:
    code, output = project.vigan(stage, "--arm", "plain", "--seed", "77", "--device", "cpu")
    assert (code, output) == (1, "vigan: arm 'plain' has no seed 77 in this study; known: 0, 1\n")


def test_evaluating_a_run_on_other_data_is_refused(project: Project) -> None:
    assert project.vigan("reference", "--dataset", "ring", "--protocol", "toy-modes/n=500/ref=train")[0] == 0
    assert project.vigan("train", "--arm", "plain", "--seed", "0", *QUIET)[0] == 0
    forge(project.run_folder("plain", 0) / "run.json", data_sha256="0" * 64)
    code, output = project.vigan("evaluate", "--arm", "plain", "--seed", "0", "--device", "cpu")
    assert code == 1
    assert "other data" in output


def test_a_training_goes_on_where_tensorboard_is_not_installed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    code, output = project.vigan("train", "--arm", "plain", "--seed", "0", "--device", "cpu")
    assert code == 0
    assert "it is not installed (the extra vigan[tensorboard])" in output
    assert not (project.folder / "logs/tensorboard/tiny/plain/released/seed-0").exists()


def test_tensorboard_gets_scalars_of_every_logged_iteration(project: Project) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert project.vigan("train", "--arm", "plain", "--seed", "0", "--device", "cpu")[0] == 0
    events = EventAccumulator(str(project.folder / "logs/tensorboard/tiny/plain/released/seed-0"))
    events.Reload()
    assert [event.step for event in events.Scalars("d_loss")] == [20, 40, 60]
    assert set(events.Tags()["scalars"]) >= {"penalty", "drift", "gradient_ratio", "d_accuracy"}


@pytest.mark.parametrize("stage", ["evaluate", "reference"])
def test_numbers_name_the_code_that_measured_them_whatever_is_edited_meanwhile(
    project: Project, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    protocol = "toy-modes/n=500/ref=train"
    words = {"evaluate": ("--arm", "plain", "--seed", "0"), "reference": ("--dataset", "ring", "--protocol", protocol)}
    for each, more in (("reference", words["reference"]), ("train", (*words["evaluate"], "--no-tensorboard"))):
        assert project.vigan(each, *more, "--device", "cpu")[0] == 0
    module = {"evaluate": evaluate, "reference": reference}[stage]
    plain = evaluate._measure_steps if stage == "evaluate" else reference.make_reference

    def edit(*arguments: Any) -> Any:
        for place in (evaluate, references):
            monkeypatch.setattr(place, "protocol_code", lambda *_: "e" * 64)
        return plain(*arguments)

    monkeypatch.setattr(module, plain.__name__, edit)
    assert project.vigan(stage, *words[stage], "--device", "cpu")[0] == 0
    written = {"evaluate": project.run_folder("plain", 0) / "measured.json", "reference": _floor(project)}[stage]
    assert "e" * 64 not in written.read_text()


def _floor(project: Project) -> Path:
    (found,) = project.folder.glob("data/*/reference/*.json")
    return found


def test_a_second_trainer_that_is_refused_leaves_the_first_one_s_events(project: Project) -> None:
    words = ("train", "--arm", "plain", "--seed", "0", "--device", "cpu")
    assert project.vigan(*words)[0] == 0
    (events,) = (project.folder / "logs/tensorboard/tiny/plain/released/seed-0").iterdir()
    spec = load_study(project.config).run_spec("plain", 0)
    with contextlib.chdir(project.folder):
        layout = layout_of(load_study(project.config))
        data = layout.data(spec.dataset)
        made_from = [spec.digest, stage_digest("train", spec.arm.modules), load(data).fingerprint]
        state = layout.state(RunKey("plain", "released", 0), digest_of(made_from))
        with owned(project.folder / state / "lock", state, "trains", ""):
            code, output = project.vigan(*words)
    assert code == 1
    assert "trains this run already" in output
    assert list(events.parent.iterdir()) == [events]


def test_events_of_an_earlier_training_of_a_run_go_when_it_is_trained_anew(project: Project) -> None:
    old = project.folder / "logs/tensorboard/tiny/plain/released/seed-0/events.out.tfevents.1"
    old.parent.mkdir(parents=True)
    old.touch()
    assert project.vigan("train", "--arm", "plain", "--seed", "0", *QUIET)[0] == 0
    assert not old.exists()
