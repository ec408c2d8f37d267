"""Tables that follow from their raw numbers are equal; any other cell, row or column is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from analysis.studied import (
    CLAIMS,
    DIES,
    FALLS,
    FLOORS,
    GOOD,
    NEVER,
    PROTOCOL,
    measurements,
    raw_of,
    study_of,
)
from studies import TINY

from vigan.analysis.claim_table import claim_table
from vigan.analysis.raw import read_raw, write_raw
from vigan.analysis.tables import read_table
from vigan.cli.parser import main
from vigan.config.study import Study
from vigan.contents import OMITTED, TABLES
from vigan.io.files import RecordError, write_json
from vigan.io.run_tables import METRIC_COLUMNS, NOISE_COLUMNS
from vigan.layout import Layout
from vigan.stages.analyse import analyse
from vigan.tools.audit import audit, write_again

COURSES = {"plain": [FALLS] * 4 + [DIES, NEVER], "regularised": [GOOD] * 5 + [FALLS]}
STUDY = study_of(*CLAIMS, seeds=6)
TELEMETRY = ("iteration", "d_loss")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a study lies whose tables follow from its raw numbers."""
    root = tmp_path_factory.mktemp("audit")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        write_raw(raw_of(STUDY, COURSES), Layout(STUDY).raw)
        write_again(STUDY, Layout(STUDY))
    return root


@pytest.fixture
def kept(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A copy of it, to be damaged."""
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Layout(STUDY)


def _edit(layout: Layout, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> str:
    """What the audit says of a table that was changed."""
    path = layout.tables / f"{name}.csv"
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    path.write_text(change(text).to_csv(index=False))
    (line,) = audit(STUDY, layout)
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_tables_that_follow_from_their_raw_numbers_are_equal(kept: Layout) -> None:
    assert {path.stem for path in kept.tables.glob("*.csv")} == set(TABLES)
    assert audit(STUDY, kept) == []


def test_the_audit_leaves_everything_as_it_is(kept: Layout) -> None:
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    audit(STUDY, kept)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_a_changed_cell_of_any_table_is_named(kept: Layout) -> None:
    for path in kept.all_tables().values():
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table.iloc[-1, -1] += "1"
        path.write_text(table.to_csv(index=False))
    lines = audit(STUDY, kept)
    assert [line.split(": ")[0] for line in lines] == [str(path) for path in kept.all_tables().values()]
    assert all("follows from the raw numbers; 1 cells differ" in line for line in lines)


def test_a_changed_verdict_is_named_with_both_words(kept: Layout) -> None:
    def better(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(verdict=table["verdict"].where(table["id"] != "share", "supported"))

    found = pd.read_csv(kept.tables / "claims.csv").set_index("id").loc["share", "verdict"]
    assert found != "supported"
    told = _edit(kept, "claims", better)
    assert "row 5 (share, circle, regularised, rare), column 'verdict': 'supported' is kept, " in told
    assert f"'{found}' follows from the raw numbers; 1 cells differ" in told


def test_the_first_of_several_cells_is_named_and_all_are_counted(kept: Layout) -> None:
    told = _edit(kept, "scores", lambda table: table.assign(last=table["last"] + "0", best=table["best"] + "0"))
    rows = len(pd.read_csv(kept.tables / "scores.csv"))
    assert told.startswith("row 1 (circle, plain, released, 0), column 'last': '")
    assert told.endswith(f"; {2 * rows} cells differ")


def test_a_missing_row_is_told_by_the_numbers_of_rows(kept: Layout) -> None:
    rows = len(pd.read_csv(kept.tables / "runs.csv"))
    assert (
        _edit(kept, "runs", lambda table: table.iloc[:-1]) == f"{rows - 1} rows, and {rows} follow from the raw numbers"
    )


def test_another_column_is_named(kept: Layout) -> None:
    assert _edit(kept, "claims", lambda table: table.drop(columns="p_supported")) == "other columns (p_supported)"


def test_columns_in_another_order_are_told(kept: Layout) -> None:
    assert _edit(kept, "noise", lambda table: table[table.columns[::-1]]).startswith("other columns (")


@pytest.mark.parametrize(("content", "told"), [("", "not a table"), ('"a\n', "not a table")])
def test_a_file_that_is_no_table_is_told(kept: Layout, content: str, told: str) -> None:
    (kept.tables / "runs.csv").write_text(content)
    assert audit(STUDY, kept) == [f"{kept.tables / 'runs.csv'}: {told}"]


def test_cells_that_are_written_otherwise_are_told(kept: Layout) -> None:
    path = kept.tables / "runs.csv"
    header, rest = path.read_text().split("\n", 1)
    path.write_text(header.replace("experiment", '"experiment"') + "\n" + rest)
    assert audit(STUDY, kept) == [f"{path}: the same cells, written otherwise"]
    path.write_text(f"{header}\n{rest}\n")
    assert audit(STUDY, kept) == [f"{path}: the same cells, written otherwise"]


def test_every_table_that_differs_is_told(kept: Layout) -> None:
    for name in ("claims", "scores"):
        (kept.tables / f"{name}.csv").write_text("id\n")
    assert [line.split(":")[0] for line in audit(STUDY, kept)] == [
        str(kept.tables / f"{name}.csv") for name in TABLES if name in ("claims", "scores")
    ]


def test_a_missing_table_is_named_unless_it_only_repeats_raw_numbers(kept: Layout) -> None:
    for name in OMITTED:
        (kept.tables / f"{name}.csv").unlink()
    assert audit(STUDY, kept) == []
    (kept.tables / "claims.csv").unlink()
    with pytest.raises(RecordError, match=r"claims\.csv: not there; derive it with `vigan audit --write`"):
        audit(STUDY, kept)


def test_a_changed_raw_number_shows_in_the_tables_that_follow_from_it(kept: Layout) -> None:
    raw = read_raw(kept.raw)
    raw.metrics.loc[(raw.metrics["metric"] == "fair_modes") & (raw.metrics["step"] == 20), "value"] += 0.5
    write_raw(raw, kept.raw)
    assert {Path(line.split(":")[0]).stem for line in audit(STUDY, kept)} == {
        "metrics", "scores", "curves", "summary",
    }  # fmt: skip


def test_a_changed_rule_shows_in_the_claims_and_in_no_table_of_numbers(kept: Layout) -> None:
    other = STUDY.claims[0].model_copy(update={"margin": 2.0})
    (line,) = audit(STUDY.model_copy(update={"claims": (other, *STUDY.claims[1:])}), kept)
    assert "claims.csv: row 1 (sign, " in line


def test_raw_numbers_that_are_not_kept_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for call in (audit, write_again):
        with pytest.raises(RecordError, match=r"missing; run `vigan analyse --config STUDY`, or copy .*raw from"):
            call(STUDY, Layout(STUDY))


def test_first_verdicts_are_read_again(kept: Layout) -> None:
    rule = read_table(kept.tables / "claims.csv").set_index("id").loc["sign", "rule"]
    kept.first_verdicts.write_text(f'id,verdict,n,estimate,low,high,rule\nsign,supported,16,4.5,2.5,6.5,"{rule}"\n')
    (line,) = audit(STUDY, kept)
    assert "column 'first_verdict'" in line
    assert f"first judged as sign: supported, 4.5 [2.5, 6.5], n = 16 ({rule})" in line


def test_an_analysis_of_runs_leaves_what_the_audit_calls_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    layout, raw = Layout(STUDY), raw_of(STUDY, COURSES)
    for run, (_, record) in zip(layout.run_files(), raw.records, strict=True):
        write_json(run.folder / "run.json", record.model_dump(mode="json"))
        for name, columns in (("metrics", METRIC_COLUMNS), ("noise", NOISE_COLUMNS), ("telemetry", TELEMETRY)):
            table = getattr(raw, name)
            own = table[(table["arm"] == run.spec.name) & (table["seed"] == run.spec.seed)]
            own[list(columns)].to_csv(run.folder / f"{name}.csv", index=False)
    for _, path in layout.floors():
        write_json(path, {"protocol": PROTOCOL, "floor": {"fair_modes": 8.0, "modes": 8.0}})
    analyse(STUDY, layout.run_files(), layout.floors(), layout.results)
    assert all(path.exists() for path in [*layout.raw_files(), *layout.all_tables().values()])
    assert audit(STUDY, layout) == []
    verdicts = pd.read_csv(layout.tables / "claims.csv")["verdict"]
    assert verdicts.tolist() == claim_table(STUDY, measurements(STUDY, COURSES))["verdict"].tolist()


@pytest.fixture
def study_file(kept: Layout) -> Path:
    raw = yaml.safe_load(TINY)
    whole = STUDY.model_dump(mode="json", exclude_none=True)
    raw |= {"seeds": whole["seeds"], "claims": whole["claims"]}
    raw["experiments"]["circle"] |= {key: whole["experiments"]["circle"][key] for key in ("collapse", "reach")}
    path = Path("config") / "tiny.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(raw))
    return path


def test_the_command_says_equal_or_what_differs(
    kept: Layout, study_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "tiny"]) == 0
    assert main(["audit", str(study_file)]) == 0
    assert capsys.readouterr().out == "tiny: equal\ntiny: equal\n"
    (kept.tables / "claims.csv").write_text("id\n")
    assert main(["audit", "tiny"]) == 1
    assert capsys.readouterr().out.startswith(f"tiny: {kept.tables / 'claims.csv'}: other columns (")
    assert main(["audit", "tiny", "--write"]) == 0
    assert capsys.readouterr().out == "tiny: equal\n"


def test_the_study_of_these_tests_is_the_tiny_one(study_file: Path) -> None:
    assert Study.model_validate(yaml.safe_load(study_file.read_text())) == STUDY
    assert set(FLOORS["dataset"]) == set(STUDY.datasets)
