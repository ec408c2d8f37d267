"""Runs made elsewhere, from the files that their projects leave to verdicts, figures and a page that says so."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from vigan.analysis.tables import read_table
from vigan.bench import foreign_runs
from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.io.elsewhere_record import ElsewhereRecord
from vigan.layout import Layout
from vigan.stages import made_from
from vigan.stages.analyse import arm_table
from vigan.stages.kept_study import changed_since
from vigan.tools.audit import audit

ROOT = Path(__file__).parents[2]
ARMS = ("plain", "augmented", "regularised")
LISTS = ("--deviations", str(ROOT / "config/deviations.yaml"), "--published", str(ROOT / "config/published.yaml"))


class Folder:
    """A folder with the example's runs, its study, and `vigan` to work on it, in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        foreign_runs.write(folder / "runs")
        (folder / "config").mkdir()
        shutil.copy(ROOT / "config" / "foreign.yaml", folder / "config")

    def vigan(self, *arguments: str) -> tuple[int, str]:
        output = io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = main([*arguments])
        return code, output.getvalue()

    def stage(self, stage: str, *arguments: str) -> tuple[int, str]:
        return self.vigan(stage, "--config", "config/foreign.yaml", *arguments)

    def table(self, name: str) -> pd.DataFrame:
        return read_table(self.folder / "results" / "foreign" / "tables" / f"{name}.csv")

    def to_tables(self) -> None:
        for arm in ARMS:
            code, told = self.stage("import", "--arm", arm)
            assert code == 0, told
        code, told = self.stage("analyse")
        assert code == 0, told

    def copied(self, to: Path) -> Folder:
        other = object.__new__(Folder)
        other.folder = Path(shutil.copytree(self.folder, to))
        return other


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = Folder(tmp_path_factory.mktemp("foreign"))
    made.to_tables()
    return made


@pytest.fixture
def folder(judged: Folder, tmp_path: Path) -> Folder:
    return judged.copied(tmp_path / "copy")


@pytest.fixture(scope="module")
def page(judged: Folder) -> str:
    for kind in ("curves", "seeds", "survival", "profile"):
        code, told = judged.stage("figure", "--kind", kind, "--experiment", "faces")
        assert code == 0, told
    code, told = judged.stage("report", *LISTS)
    assert code == 0, told
    return (judged.folder / "results" / "foreign" / "report.html").read_text()


def test_the_claims_are_judged_by_their_rules_as_those_of_trained_arms_are(judged: Folder) -> None:
    claims = judged.table("claims").set_index("id")
    assert claims.loc["F1", "verdict"] == "supported"
    assert claims.loc["F1", "n"] == 5
    assert claims.loc["F2", "fates"] == "plain 3/5; augmented 0/5"
    assert all("Not trained here: " in reason for reason in claims["reason"])


def test_every_number_is_one_of_the_files_and_none_is_made_up(judged: Folder) -> None:
    metrics = judged.table("metrics")
    own = metrics[(metrics["arm"] == "regularised") & (metrics["metric"] == "fid")]
    known = {
        (seed, step): foreign_runs.measured(foreign_runs.COURSES["regularised"], seed, step)["fid"]
        for seed in foreign_runs.SEEDS
        for step in (foreign_runs.ROUGH if seed == 2 else foreign_runs.STEPS)
    }
    assert dict(zip(zip(own["seed"], own["step"], strict=True), own["value"], strict=True)) == known


def test_numbers_that_were_read_in_another_way_are_not_audited_as_the_study_s(folder: Folder) -> None:
    """Another column was named since, `audit --write` stamped it, and the old verdict was shown without a word."""
    assert folder.vigan("audit", "foreign") == (0, "foreign: equal\n")
    file = folder.folder / "config" / "foreign.yaml"
    where = "from: runs/regularised.csv"
    assert where in file.read_text()
    other = "from: {format: table, path: runs/regularised.csv, metrics: {recall: fid}}"
    file.write_text(file.read_text().replace(where, other))
    for options in ([], ["--write"]):
        code, told = folder.vigan("audit", *options, "foreign")
        assert code == 1
        assert "results/foreign/raw: arm 'regularised' is not in the study, or was read in another way" in told
    assert "warning: " in folder.vigan("claims", "foreign")[1]


def test_every_character_of_a_stranger_s_cells_can_be_seen_in_the_table_of_arms(tmp_path: Path) -> None:
    """They stood in the page as they are, where one turns the words after it round."""
    file, cells = tmp_path / "a.yaml", r'{"sort\u200b": "ours\u202e", method: "é 🚀"}'
    text = (ROOT / "config" / "foreign.yaml").read_text()
    rows = f"{{format: table, path: runs/regularised.csv, where: {cells}}}"
    file.write_text(text.replace("from: runs/regularised.csv", f"from: {rows}"))
    study = load_study(file)
    assert study.elsewhere["regularised"].origin.model_dump()["where"]["sort\u200b"] == "ours\u202e"
    record = ElsewhereRecord(arm="regularised", identity={}, content="", runs=(), rules={}, told=())
    (where,) = arm_table(study, {"regularised": record})["where"]
    assert where == r'{"sort\u200b": "ours\u202e", "method": "é 🚀"}'


def test_a_choice_of_the_seeds_that_were_read_is_not_audited(folder: Folder) -> None:
    """Of a sequential rule, which holds at any number of seeds, it was stamped, and judged without a word."""
    file = folder.folder / "config" / "foreign.yaml"
    file.write_text(file.read_text().replace("seeds: [0, 1, 2, 3, 4]", "seeds: [1, 2, 4]"))
    code, told = folder.vigan("audit", "--write", "foreign")
    assert code == 1
    assert "arm 'plain', seed 0 was read: name it in the study, which has others" in told
    assert changed_since(load_study(file), folder.folder / "results" / "foreign") is not None


def test_an_arm_that_was_added_since_is_told_of_kept_tables(folder: Folder) -> None:
    file = folder.folder / "config" / "foreign.yaml"
    assert changed_since(load_study(file), folder.folder / "results" / "foreign") is None
    line = "      plain:       {from: {format: stylegan, path: runs/plain}"
    file.write_text(file.read_text().replace(line, f"      more: {{from: runs/more.csv}}\n{line}"))
    told = changed_since(load_study(file), folder.folder / "results" / "foreign")
    assert told == f"{folder.folder}/results/foreign/tables: arm 'more' is not there, and the study has it"


def test_what_other_code_read_stands_while_its_files_are_away(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade was no reason to lose it, and no reason to refuse the study's other arms."""
    monkeypatch.setattr(made_from, "stage_digest", lambda *_: "e" * 64)
    assert "made from other code" in folder.stage("analyse")[1]
    shutil.move(folder.folder / "runs", folder.folder / "away")
    code, told = folder.stage("analyse")
    assert code == 0, told


def test_a_curve_is_of_the_steps_that_all_runs_have(judged: Folder) -> None:
    curves = judged.table("curves")
    own = curves[(curves["arm"] == "regularised") & (curves["metric"] == "fid")]
    assert list(own["step"]) == list(foreign_runs.ROUGH)
    assert set(own["n"]) == {5}


def test_collapse_of_a_run_from_elsewhere_is_when_its_numbers_say(judged: Folder) -> None:
    events = judged.table("events")
    collapsed = events[(events["event"] == "collapse") & events["observed"] & (events["arm"] == "plain")]
    assert dict(zip(collapsed["seed"], collapsed["step"], strict=True)) == foreign_runs.COURSES["plain"].collapses
    assert events[["images", "g_updates"]].isna().all(axis=None)


def test_tables_say_what_was_not_trained_here_and_what_was_left_out(judged: Folder) -> None:
    runs, arms = judged.table("runs"), judged.table("arms").set_index("arm")
    assert set(runs["reading"]) == {"elsewhere"}
    assert set(runs["device"]) == set(arms["trained"]) == {"not trained here"}
    assert list(arms["from"]) == ["stylegan", "stylegan", "table"]
    told = arms.loc["regularised", "told"]
    assert "Unequal steps: FID (reported), Precision (reported) at 21 steps, 11 of them in all runs" in told
    assert "1 cell without a value" in told


def test_the_page_its_cards_captions_and_figures_say_so_too(page: str, judged: Folder) -> None:
    assert "Not trained here, but read from files: plain (5 runs, stylegan runs/plain)" in page
    assert page.count("Not trained here: plain, regularised.") >= 2  # in the table of verdicts, and on the card
    assert page.count("Not trained here: plain, augmented, regularised.") >= 3  # in the notes of curves and captions
    assert page.count("Not trained here: plain, augmented.") >= 2  # of the claim that no test decides, too
    assert "None was trained here." in page
    assert "No run diverged." in page
    assert "samples were finite" not in page, "nobody here has seen a sample"
    assert "released code" not in page, "what the article's code does is of no concern here"
    for kind in ("curves", "seeds", "survival", "profile"):
        drawn = (judged.folder / "figures" / "foreign" / f"{kind}-faces.svg").read_text()
        assert drawn.count("not trained here") == 3
    assert ">nan<" not in page
    assert "img-src data:" in page


def test_a_figure_or_pictures_of_what_there_are_no_samples_of_are_refused_in_a_line(judged: Folder) -> None:
    for stage in (("figure", "--kind", "samples"), ("figure", "--kind", "telemetry"), ("frames",), ("contact",)):
        code, told = judged.stage(*stage, "--experiment", "faces")
        assert (code, told.count("\n")) == (1, 1)
        assert "experiment 'faces' has no" in told
    code, told = judged.stage("movie", "plain", "augmented")
    assert (code, told.count("\n")) == (1, 1)
    assert "arm 'plain' was made elsewhere, of numbers: it has no samples to show" in told


def test_tables_follow_from_the_raw_numbers(folder: Folder) -> None:
    study = load_study(folder.folder / "config" / "foreign.yaml")
    with contextlib.chdir(folder.folder):
        assert audit(study, Layout(study)) == []


def test_kept_tables_of_such_arms_are_of_the_study_until_it_reads_them_otherwise(folder: Folder) -> None:
    """Of runs that nobody trained here no settings are known: every kept table was said to be of another study."""
    config = folder.folder / "config" / "foreign.yaml"
    kept = folder.folder / "results" / "foreign"
    assert changed_since(load_study(config), kept) is None
    config.write_text(config.read_text().replace("path: runs/plain", "path: runs/plain, metrics: {fid50k: fid}"))
    told = changed_since(load_study(config), kept)
    assert told is not None
    assert "arm 'plain', seed 0 is not in the study, or was read in another way" in told


def test_an_edited_rule_makes_nothing_to_be_read_again(folder: Folder) -> None:
    """Samples would be measured again, and where the files are gone nothing could be."""
    shutil.rmtree(folder.folder / "runs")
    config = folder.folder / "config" / "foreign.yaml"
    text = config.read_text().replace("reach: {metric: fid,", "reach: {metric: reported_recall,")
    config.write_text(text.replace("real: {fid: 2.0}", "real: {reported_recall: 0.9}"))
    assert folder.stage("analyse")[0] == 0


def test_an_edited_file_is_noticed_by_all_that_come_after(folder: Folder) -> None:
    table = folder.folder / "runs" / "regularised.csv"
    table.write_text(table.read_text().replace("4,5000,fid,", "4,5000,fid,1"))
    for stage in (("analyse",), ("figure", "--kind", "curves", "--experiment", "faces"), ("report", *LISTS)):
        code, told = folder.stage(*stage)
        assert (code, told.count("\n")) == (1, 1)
        again = "read it again (`vigan import --config config/foreign.yaml --arm regularised`)"
        assert f"arm 'regularised': made from other files; {again}" in told
    assert "warning: arm 'regularised': made from other files" in folder.vigan("claims", "foreign")[1]
    folder.to_tables()
    assert "warning" not in folder.vigan("claims", "foreign")[1]


def test_files_that_were_moved_or_are_no_longer_at_hand_are_those_that_were_read(folder: Folder) -> None:
    (folder.folder / "runs").rename(folder.folder / "gone")
    assert folder.stage("analyse")[0] == 0
    code, told = folder.stage("import", "--arm", "plain")
    assert (code, told.count("\n")) == (1, 1)
    assert "runs/plain: not there" in told
    text = (folder.folder / "config" / "foreign.yaml").read_text().replace("runs/", "gone/")
    (folder.folder / "config" / "foreign.yaml").write_text(text)
    assert folder.stage("analyse")[0] == 0


def test_a_damaged_record_and_a_damaged_table_are_refused(folder: Folder) -> None:
    for name in ("arm.json", "metrics.csv"):
        path = folder.folder / "results" / "foreign" / "elsewhere" / "plain" / name
        kept = path.read_bytes()
        path.write_bytes(kept.replace(b"5000", b"5001", 1))
        code, told = folder.stage("analyse")
        assert (code, told.count("\n")) == (1, 1)
        assert f"{name}: missing, or not what was written; read it again" in told
        path.write_bytes(kept)


def test_a_rule_that_is_edited_after_the_files_were_read_shows(folder: Folder) -> None:
    config = folder.folder / "config" / "foreign.yaml"
    config.write_text(config.read_text().replace("margin: 2.0", "margin: 1.0"))
    folder.to_tables()
    changed = folder.table("claims").set_index("id")["changed"]
    assert "margin" in str(changed["F1"])
    assert pd.isna(changed["F2"])


@pytest.mark.parametrize("reading", ["again", "with names of metrics", "with another file"])
def test_the_first_rules_stay_however_the_files_are_read_later(reading: str, folder: Folder) -> None:
    """They were forgotten with any change of what is read, and where the first reading knew no claim."""
    study = folder.folder / "config" / "foreign.yaml"
    whole = study.read_text()
    shutil.rmtree(folder.folder / "results")
    study.write_text(whole[: whole.index("claims:")])
    folder.to_tables()
    later = whole
    if reading == "with names of metrics":
        names = "metrics: {fid50k_full: fid, pr50k3_full_recall: reported_recall}"
        later = whole.replace("path: runs/plain}", f"path: runs/plain, {names}}}")
        assert later != whole
    if reading == "with another file":
        (folder.folder / "runs/plain/00009-more").mkdir()
        (folder.folder / "runs/plain/00009-more/training_options.json").write_text("{}")
    study.write_text(later)
    folder.to_tables()
    assert set(folder.table("claims")["changed"]) == {"it was written after them"}


@pytest.mark.parametrize("options", [[], ["--small"]])
def test_runs_that_are_still_in_progress_have_a_page_that_says_so(options: list[str], folder: Folder) -> None:
    """No number of theirs counts yet: figures ended in a traceback, and the page waited for them."""
    config = folder.folder / "config" / "foreign.yaml"
    config.write_text(config.read_text().replace("iterations: 5000", "iterations: 6000"))
    folder.to_tables()
    for kind in ("curves", "seeds", "survival", "profile"):
        code, told = folder.stage("figure", "--kind", kind, "--experiment", "faces")
        assert (code, told) == (0, "")
        drawn = (folder.folder / "figures" / "foreign" / f"{kind}-faces.svg").read_text()
        assert re.search(r">(No|Of no) run ", drawn)
    code, told = folder.stage("report", *options, *LISTS)
    assert code == 0, told
    assert "not measured at step 6,000" in (folder.folder / told.strip()).read_text()


@pytest.fixture
def missing(folder: Folder) -> Iterator[Folder]:
    """A folder whose table lacks a seed, has a run that ends early, and one that diverged."""
    table = folder.folder / "runs" / "regularised.csv"
    lines = [line for line in table.read_text().splitlines() if not line.startswith("0,")]
    lines = [line for line in lines if not (line.startswith("1,") and int(line.split(",")[1]) > 3000)]
    table.write_text("\n".join(line.replace("4,5000,fid,", "4,5000,fid,nan#").split("#")[0] for line in lines) + "\n")
    folder.to_tables()
    return folder


def test_missing_and_unfinished_runs_are_left_out_and_a_claim_of_all_seeds_says_so(missing: Folder) -> None:
    claim = missing.table("claims").set_index("id").loc["F1"]
    assert (claim["verdict"], claim["n"]) == ("inconclusive", 3)
    assert claim["reason"].startswith("3 of the 5 seeds that the rule names")
    runs = missing.table("runs")
    own = runs[runs["arm"] == "regularised"].set_index("seed")["status"].to_dict()
    assert own == {1: "unfinished", 2: "completed", 3: "completed", 4: "diverged"}
    events = missing.table("events")
    assert set(events.loc[events["arm"] == "regularised", "seed"]) == {2, 3, 4}
    told = missing.table("arms").set_index("arm").loc["regularised", "told"]
    for words in (
        "Missing: seed 0",
        "Diverged: seed 4",
        "Not judged: FID (reported) of seed 1, not measured at step 5,000",
    ):
        assert words in told


def test_a_run_that_diverged_elsewhere_is_worse_than_any(missing: Folder) -> None:
    pairs = missing.table("pairs")
    own = pairs[(pairs["second"] == "regularised") & (pairs["metric"] == "fid")].set_index("seed")
    assert set(own.index) == {2, 3, 4}
    assert own["last_second"].isna().to_dict() == {2: False, 3: False, 4: True}
    claim = missing.table("claims").set_index("id").loc["F1"]
    assert claim["estimate"] == pytest.approx(2 / 3)
