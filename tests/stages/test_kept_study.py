"""What is kept without its runs is held to the study's file: other seeds, settings and rules are seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from analysis.studied import CLAIMS, FALLS, GOOD, raw_of, study_of

from vigan.analysis.raw import write_raw
from vigan.cli.parser import main
from vigan.config.study import RunKey
from vigan.layout import Layout
from vigan.stages.analyse import derive
from vigan.stages.kept_study import left_out

COURSES = {"plain": [FALLS] * 4, "regularised": [GOOD] * 4}
STUDY = study_of(*CLAIMS, seeds=4)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a study's file, its raw numbers and its tables."""
    monkeypatch.chdir(tmp_path)
    raw = raw_of(STUDY, COURSES)
    write_raw(raw, tmp_path / "results" / "tiny" / "raw")
    (tmp_path / "results" / "tiny" / "tables").mkdir()
    for name, text in derive(STUDY, raw, tmp_path / "none.csv").items():
        (tmp_path / "results" / "tiny" / "tables" / f"{name}.csv").write_text(text)
    (tmp_path / "config").mkdir()
    _write(tmp_path, {})
    return tmp_path


def _write(folder: Path, changes: Mapping[str, Any]) -> None:
    record = {name: value for name, value in STUDY.model_dump(mode="json").items() if name != "plugins"}
    (folder / "config" / "tiny.yaml").write_text(yaml.safe_dump({**record, **changes}, sort_keys=False))


def _with_experiment(**changes: Any) -> dict[str, Any]:
    return {"experiments": {"circle": {**STUDY.model_dump(mode="json")["experiments"]["circle"], **changes}}}


def _with_claim(**changes: Any) -> dict[str, Any]:
    first, *others = STUDY.model_dump(mode="json")["claims"]
    return {"claims": [{**first, **changes}, *others]}


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "a choice of the seeds": ({"seeds": [0, 2]}, "seed 1"),
    "other settings": (_with_experiment(log_every=10), "under another config"),
    "other data": ({"datasets": {"ring": {"source": "ring", "count": 6000, "std": 0.5}}}, "under another config"),
    "a rule's margin": (_with_claim(margin=2.0), "claim 'sign' has another rule"),
    "a rule's level": (_with_claim(alpha=0.01), "claim 'sign' has another rule"),
    "a new claim": (_with_claim(id="new"), "claim 'new' has another rule"),
    "a withdrawn claim": (
        {"claims": STUDY.model_dump(mode="json")["claims"][1:]}, "claim 'sign' was judged, and is no longer in"),
    "a claim that is tested no more": (
        {"claims": [
            {"id": "sign", "statement": "s", "place": "p", "test": "none", "reason": "r"},
            *STUDY.model_dump(mode="json")["claims"][1:],
        ]},
        "claim 'sign' has another rule",
    ),
}  # fmt: skip


def test_nothing_is_told_of_a_study_that_is_as_it_was(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "tiny"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["audit", "tiny"]) == 0


@pytest.mark.parametrize("change", CHANGES)
def test_verdicts_of_an_edited_study_are_shown_with_a_warning(
    change: str, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes, told = CHANGES[change]
    _write(kept, changes)
    assert main(["claims", "tiny"]) == 0
    said = capsys.readouterr().err
    assert said.startswith("vigan: warning: ")
    assert told in said


@pytest.mark.parametrize("change", ["a choice of the seeds", "other settings", "other data"])
def test_tables_are_not_derived_under_settings_that_the_runs_did_not_have(
    change: str, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With eight of sixteen seeds, picked by their outcome, an inconclusive control was SUPPORTED."""
    _write(kept, CHANGES[change][0])
    before = (kept / "results" / "tiny" / "tables" / "claims.csv").read_text()
    assert main(["audit", "--write", "tiny"]) == 1
    assert "results/tiny/raw: arm 'plain', seed" in capsys.readouterr().err
    assert (kept / "results" / "tiny" / "tables" / "claims.csv").read_text() == before


def test_runs_of_another_study_are_not_joined(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They were, and the tables then ended in a traceback."""
    _write(kept, {**_with_experiment(iterations=70), "study": "other"})
    (kept / "config" / "tiny.yaml").rename(kept / "config" / "other.yaml")
    assert main(["join", "other", "results/tiny"]) == 1
    assert "was run with other settings than the study has" in capsys.readouterr().err


def test_finished_runs_of_seeds_that_the_study_does_not_name_are_told(kept: Path) -> None:
    layout = Layout(STUDY)
    for seed in (0, 3, 4, 17):
        folder = layout.run(RunKey("plain", "released", seed))
        folder.mkdir(parents=True)
        (folder / "measured.json").write_text("{}")
    layout.run(RunKey("regularised", "released", 9)).mkdir(parents=True)
    (line,) = left_out(layout)
    assert "runs/plain/released: finished runs of seeds that the study does not name are left out (4, 17)" in line
