"""Readers refuse what is stale, foreign or edited, by its name and with what mends it; or say what is old."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from studies import TINY, forge, run_to_tables

from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.io.files import RecordError
from vigan.layout import Layout
from vigan.tools.audit import audit, write_again
from vigan.tools.findings import StudyTables
from vigan.tools.join import join_into
from vigan.tools.verdict_table import judged

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STUDY = (
    TINY.replace("samples: 500}", "samples: 500, redraws: 1}").replace(
        "    shared:",
        "    collapse: {metric: modes, protocol: toy-modes, below: 0.5}\n"
        "    reach: {metric: high_quality, protocol: toy-modes, share: 0.2}\n"
        "    shared:",
    )
    + """\
claims:
  - {id: C1, statement: more modes, place: here, test: paired-sign, arms: [plain, regularised], metric: modes,
     protocol: toy-modes, direction: higher, margin: 1.0}
"""
)
RESULTS, RUN = Path("results/tiny"), Path("results/tiny/runs/regularised/released")
LISTS = ("--deviations", str(ROOT / "config/deviations.yaml"), "--published", str(ROOT / "config/published.yaml"))
CURVES = ("figure", "--kind", "curves", "--experiment", "circle")


class Place:
    """A folder with a finished study in it, and `vigan` to work on it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "tiny.yaml"

    def run(self, stage: str, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a stage, run in this process."""
        told = io.StringIO()
        options = [*arguments, *(LISTS if stage == "report" else ())]
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            code = main([stage, *(() if stage in {"claims", "merge"} else ("--config", self.file.name)), *options])
        return code, told.getvalue()

    def refused(self, stage: str, *arguments: str) -> str:
        """The one line with which a stage must be refused."""
        code, told = self.run(stage, *arguments)
        assert code == 1, told
        (line,) = told.splitlines()
        return line

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The tiny study, run to its page."""
    place = Place(tmp_path_factory.mktemp("finished"))
    place.file.write_text(STUDY)
    run_to_tables(place.file)
    for kind, experiment in Layout(load_study(place.file)).all_figures():
        assert place.run("figure", "--kind", kind, "--experiment", experiment)[0] == 0
    assert place.run("frames", "--experiment", "circle")[0] == 0
    assert place.run("report")[0] == 0
    return place


@pytest.fixture
def place(finished: Place, tmp_path: Path) -> Place:
    """A copy of the finished study, to be spoilt."""
    shutil.copytree(finished.folder, tmp_path / "copy")
    return Place(tmp_path / "copy")


def test_a_finished_study_is_read_by_every_stage(place: Place) -> None:
    assert place.run("analyse") == (0, "")
    assert place.run(*CURVES)[0] == 0
    assert place.run("report")[0] == 0
    assert place.run("report", "--small")[0] == 0
    assert place.run("claims", str(RESULTS))[0] == 0


RULES = {
    "direction: higher": ("direction: lower", "claims.C1"),
    "margin: 1.0": ("margin: 0.5", "claims.C1"),
    "id: C1": ("id: C2", "claims.C1, claims.C2"),
    "statement: more modes": ("statement: fewer modes", "claims.C1"),
    "arms: [plain, regularised]": ("arms: [regularised, plain]", "claims.C1"),
    "below: 0.5": ("below: 0.9", "experiments.circle.collapse"),
    "metric: modes, protocol: toy-modes, below": (
        "metric: fair_modes, protocol: toy-modes, below", "experiments.circle.collapse"),
    "share: 0.2": ("share: 0.9", "experiments.circle.reach"),
    "title: A ring\n": ("title: Another ring\n", "experiments.circle.title"),
    "redraws: 1": ("redraws: 0", "experiments.circle.protocols"),
}  # fmt: skip


@pytest.mark.parametrize("old", RULES)
@pytest.mark.parametrize(
    "stage", [CURVES, ("report",), ("report", "--small")], ids=["figure", "report", "small report"]
)
def test_an_edited_rule_is_never_printed_over_numbers_of_the_old_one(
    place: Place, old: str, stage: tuple[str, ...]
) -> None:
    new, named = RULES[old]
    place.edit(old, new)
    told = place.refused(*stage)
    assert f"tables: made from other {named}; run `vigan analyse --config tiny.yaml` again" in told


def test_a_figure_of_earlier_tables_is_not_put_on_the_page(place: Place) -> None:
    place.edit("direction: higher", "direction: lower")
    assert place.run("analyse")[0] == 0
    line = place.refused("report")
    again = "run `vigan figure --config tiny.yaml --kind curves --experiment circle` again"
    assert f"curves-circle.svg: made from other tables; {again}" in line


def test_pictures_of_runs_that_were_measured_again_are_not_put_on_the_page(place: Place) -> None:
    place.edit("redraws: 1", "redraws: 2")
    for run in load_study(place.file).runs():
        assert place.run("evaluate", "--arm", run.arm, "--seed", str(run.seed), "--device", "cpu")[0] == 0
    assert place.run("analyse")[0] == 0
    for kind, experiment in Layout(load_study(place.file)).all_figures():
        assert place.run("figure", "--kind", kind, "--experiment", experiment)[0] == 0
    runs = "runs.plain.0, runs.plain.1, runs.regularised.0, runs.regularised.1"
    assert f"circle.json: made from other {runs} and 1 more; run `vigan frames" in place.refused("report")


def test_more_redraws_are_to_be_measured(place: Place) -> None:
    place.edit("redraws: 1", "redraws: 5")
    line = place.refused("analyse")
    again = "evaluate the run again (`vigan evaluate --config tiny.yaml --arm"
    assert f"made from other protocols.toy-modes/n=500/ref=train; {again}" in line


def _text(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return change


def _put(source: str, target: str) -> Callable[[Path], None]:
    return lambda folder: shutil.copyfile(folder / source, folder / target) and None


REAL = "data/ring-d2eae5b559/reference/toy-modes-n500.json"
ONE, OTHER = f"{RUN}/seed-0", f"{RUN}/seed-1"
FOREIGN: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "numbers edited": (_text(f"{ONE}/metrics.csv", "modes", "nodes"), "analyse", "metrics.csv: missing"),
    "numbers of another seed": (_put(f"{OTHER}/metrics.csv", f"{ONE}/metrics.csv"), "analyse", "metrics.csv: missing"),
    "noise of another seed": (_put(f"{OTHER}/noise.csv", f"{ONE}/noise.csv"), "analyse", "noise.csv: missing, or"),
    "telemetry of another arm": (
        _put("results/tiny/runs/plain/released/seed-0/telemetry.csv", f"{ONE}/telemetry.csv"),
        "analyse", "telemetry.csv: missing, or not what was written; train the run again"),
    "status edited": (_text(f"{ONE}/run.json", "completed", "diverged"), "analyse", "run.json: its content is"),
    "a run made again since it was measured": (
        lambda folder: forge(folder / ONE / "run.json", weights_sha256="0" * 64),
        "analyse", "measured.json: of another run than lies beside it; evaluate the run again"),
    "a run on other data": (
        lambda folder: forge(folder / ONE / "run.json", data_sha256="0" * 64),
        "analyse", "trained on other data"),
    "real data of another set": (
        lambda folder: forge(folder / REAL, data_sha256="0" * 64), "analyse", "trained on other data"),
    "real data of other code": (
        lambda folder: forge(folder / REAL, code_sha256="0" * 64), "analyse", "made from other references.toy-modes"),
    "real data of another protocol": (
        lambda folder: forge(folder / REAL, protocol="toy-modes/n=9/ref=train"), "analyse", "of protocol toy"),
    "a value of real data edited": (_text(REAL, '"modes": ', '"modes": 1'), "analyse", "damaged, or of an"),
    "a verdict edited": (
        _text("results/tiny/tables/claims.csv", "inconclusive", "supported"), "report", "claims.csv: missing, or"),
    "a number of a table edited": (
        _text("results/tiny/tables/summary.csv", "last", "best"), "report", "summary.csv: missing, or"),
    "a figure replaced": (
        lambda folder: _write(folder / "figures/tiny/seeds-circle.svg", "<svg/>"), "report", "circle.svg: missing"),
    "pictures edited": (_text("results/tiny/frames/circle.json", "points", "images"), "report", "circle.json: missing"),
    "samples of another seed": (_put(f"{OTHER}/samples.npz", f"{ONE}/samples.npz"), "frames", "samples.npz: missing"),
}  # fmt: skip


def _write(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.mark.parametrize("case", FOREIGN)
def test_what_is_foreign_or_edited_is_named(place: Place, case: str) -> None:
    spoil, stage, told = FOREIGN[case]
    spoil(place.folder)
    assert told in place.refused(stage, *(("--experiment", "circle") if stage == "frames" else ()))


def test_an_edited_verdict_is_not_printed(place: Place) -> None:
    _text("results/tiny/tables/claims.csv", "inconclusive", "supported")(place.folder)
    assert "claims.csv: missing, or not what was written" in place.refused("claims", str(RESULTS))


def test_claims_that_were_edited_since_are_told_beside_the_old_verdicts(place: Place) -> None:
    (place.folder / "config").mkdir()
    place.edit("direction: higher", "direction: lower")
    shutil.copyfile(place.file, place.folder / "config" / "tiny.yaml")
    code, told = place.run("claims", "tiny")
    assert code == 0
    assert (
        "warning: results/tiny/tables: made from other claims.C1; run `vigan analyse --config config/tiny.yaml` again"
        in told
    )


def _of_earlier_code(place: Place, arms: tuple[str, ...], seeds: tuple[int, ...], what: str) -> None:
    """Make runs, or their measurements, those of other code."""
    layout = Layout(load_study(place.file))
    for run in layout.run_files():
        if run.spec.name in arms and run.spec.seed in seeds:
            folder = place.folder / run.folder
            if what == "trained":
                forge(folder / "run.json", code_sha256="e" * 64)
                record = run._replace(folder=folder).record()
                stamp = json.loads((folder / "measured.json").read_text())
                forge(folder / "measured.json", made_from={**stamp["made_from"], "run": record.identity})
            else:
                stamp = json.loads((folder / "measured.json").read_text())
                forge(folder / "measured.json", made_from={**stamp["made_from"], "code": "e" * 64})


@pytest.mark.parametrize("what", ["trained", "measured"])
@pytest.mark.parametrize(
    ("arms", "seeds"), [(("plain",), (1,)), (("plain",), (0, 1)), (("regularised",), (0,))], ids=str
)
def test_runs_of_different_code_are_not_averaged(
    place: Place, what: str, arms: tuple[str, ...], seeds: tuple[int, ...]
) -> None:
    _of_earlier_code(place, arms, seeds, what)
    assert f"{what} by different code" in place.refused("analyse")


@pytest.mark.parametrize("what", ["trained", "measured"])
def test_runs_that_are_all_of_earlier_code_are_analysed_with_a_word(place: Place, what: str) -> None:
    _of_earlier_code(place, ("plain", "regularised"), (0, 1), what)
    code, told = place.run("analyse")
    assert code == 0
    assert told == f"warning: the runs of 'circle' were {what} by other code than today's (eeeeeeeeeeee)\n"


def test_results_without_their_runs_can_still_be_told(place: Place) -> None:
    shutil.rmtree(place.folder / RESULTS / "runs")
    shutil.rmtree(place.folder / "data")
    assert place.run("report", "--small")[0] == 0
    assert place.run("claims", str(RESULTS))[0] == 0


def test_tables_of_a_version_that_stamped_nothing_are_for_small_pages_and_kept_figures_alone(place: Place) -> None:
    figure = place.folder / "figures" / "tiny" / "curves-circle.svg"
    drawn = figure.read_bytes()
    shutil.rmtree(place.folder / RESULTS / "stamps")
    assert place.run("report", "--small")[0] == 0
    figure.unlink()
    assert place.run(*CURVES, "--kept") == (0, "")
    assert figure.read_bytes() == drawn
    assert not (place.folder / RESULTS / "stamps").exists(), "nobody knows what they were made from"
    assert "nobody knows what these files were made from" in place.refused(*CURVES)
    assert (
        "nobody knows what these files were made from; run `vigan analyse --config tiny.yaml` again"
        in place.refused("report")
    )


@pytest.mark.parametrize("name", ["telemetry.csv", "metrics.csv", "samples.npz", "snapshots/000000020.safetensors"])
def test_a_run_with_a_damaged_file_is_not_merged(place: Place, name: str) -> None:
    path = place.folder / ONE / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert f"{path.name}: missing, or" in place.refused("merge", str(RESULTS), "-o", "out")
    assert not (place.folder / "out").exists()


def test_runs_measured_with_other_redraws_or_by_other_code_are_not_merged(place: Place) -> None:
    shutil.copytree(place.folder / RESULTS, place.folder / "other")
    for folder in (RESULTS, Path("other")):
        for arm in ("plain", "regularised"):
            shutil.rmtree(place.folder / folder / "runs" / arm / "released" / f"seed-{int(folder == RESULTS)}")
    stamp = place.folder / "other/runs/plain/released/seed-1/measured.json"
    forge(stamp, made_from={**json.loads(stamp.read_text())["made_from"], "code": "e" * 64})
    assert "measuring code differs: arm 'plain'" in place.refused("merge", str(RESULTS), "other", "-o", "out")


def test_numbers_are_what_they_were_before_all_this_was_checked(place: Place) -> None:
    runs = pd.read_csv(place.folder / RESULTS / "tables" / "runs.csv")
    assert sorted(runs["seed"]) == [0, 0, 1, 1]


@pytest.mark.parametrize("stage", [("report",), CURVES])
def test_tables_are_not_of_a_run_that_was_trained_again_and_not_measured_yet(
    place: Place, stage: tuple[str, ...]
) -> None:
    """Training removes what was measured, and a missing measurement was taken for one that was not copied."""
    run = place.folder / RUN / "seed-0"
    (run / "measured.json").unlink()
    assert "tables: made from other runs.regularised.0" in place.refused(*stage)
    shutil.rmtree(run)
    assert place.run("report")[0] == 0


@pytest.mark.parametrize("stage", [("report",), CURVES])
def test_a_run_that_was_not_copied_hides_no_change_of_another(place: Place, stage: tuple[str, ...]) -> None:
    """Its whole arm counted as absent, and tables of other numbers as those of its runs."""
    shutil.rmtree(place.folder / RUN / "seed-1")
    path = place.folder / RUN / "seed-0/measured.json"
    forge(path, made_from={**json.loads(path.read_text())["made_from"], "code": "e" * 64})
    assert "tables: made from other runs.regularised.0; run" in place.refused(*stage)


def test_a_figure_drawn_again_for_kept_tables_can_be_put_on_a_small_page(place: Place) -> None:
    """The stamp of the figure that was there spoke of other bytes, and the page was refused."""
    figure = Path("figures/tiny/curves-circle.svg")
    stamp = place.folder / Layout.stamp_in(RESULTS, figure.name)
    forge(stamp, files=dict.fromkeys(json.loads(stamp.read_text())["files"], "e" * 64))
    assert "curves-circle.svg: missing, or not what was written" in place.refused("report", "--small")
    assert place.run(*CURVES, "--kept")[0] == 0
    assert place.run("report", "--small")[0] == 0


@pytest.mark.parametrize("stage", [("report",), CURVES])
def test_of_a_storage_what_other_jobs_fetch_is_no_change_of_runs(
    place: Place, stage: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure was refused while a job for pictures had a run's record, and not its numbers yet."""
    (place.folder / RUN / "seed-0/measured.json").unlink()
    monkeypatch.setenv("VIGAN_ROOT", str(place.folder))
    assert place.run(*stage)[0] == 0


def test_a_copy_of_a_run_beside_it_is_no_run(place: Place) -> None:
    """`int("0-old")` ended every analysis in a traceback."""
    shutil.copytree(place.folder / RUN / "seed-0", place.folder / RUN / "seed-0-old")
    assert place.run("analyse") == (0, "")


def test_an_edited_verdict_reaches_no_other_page(place: Place) -> None:
    claims = place.folder / RESULTS / "tables/claims.csv"
    claims.write_text(claims.read_text().replace("inconclusive", "supported"))
    with pytest.raises(RecordError, match=r"claims\.csv: missing, or not what was written"):
        judged(place.folder / "results")
    with pytest.raises(RecordError, match=r"claims\.csv: missing, or not what was written"):
        StudyTables(claims.parent).row("claims", id="C1")


def test_an_audit_writes_no_numbers_of_other_protocols_as_today_s(place: Place) -> None:
    """The tables were stamped as made under five redraws, of runs that had been measured again once."""
    place.edit("redraws: 1", "redraws: 5")
    with contextlib.chdir(place.folder):
        study = load_study(place.file)
        write_again(study, Layout(study))
    assert "tables: made from other experiments.circle.protocols" in place.refused("report")


def test_raw_numbers_that_were_joined_are_no_longer_those_of_the_stamp(place: Place) -> None:
    with contextlib.chdir(place.folder):
        study = load_study(place.file)
        join_into(study, RESULTS, [])
        assert audit(study, Layout(study)) == []
    assert "nobody knows what these files were made from" in place.refused("report")


def test_a_damaged_spec_is_written_again(place: Place) -> None:
    with contextlib.chdir(place.folder):
        layout = Layout(load_study(place.file))
        kept = layout.spec("plain").read_bytes()
        layout.spec("plain").write_bytes(b"\xff")
        layout.write_specs()
        assert layout.spec("plain").read_bytes() == kept
