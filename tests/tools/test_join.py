"""Raw numbers of seeds that were run apart are those of a study that was run at once; others are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from analysis.studied import CLAIMS, DIES, FALLS, GOOD, NEVER, raw_of, study_of

from vigan.analysis.raw import Raw, write_raw
from vigan.cli.parser import main
from vigan.io.elsewhere_record import ElsewhereRecord
from vigan.io.files import RecordError, write_json
from vigan.layout import Layout
from vigan.tools.join import join, join_into

COURSES = {"plain": [FALLS] * 4 + [DIES, NEVER], "regularised": [GOOD] * 5 + [FALLS]}
STUDY = study_of(*CLAIMS, seeds=6)
WHOLE = raw_of(STUDY, COURSES)
FILES = ["metrics.csv.gz", "noise.csv.gz", "real-data.json", "runs.jsonl.gz", "telemetry.csv.gz"]


def some(*seeds: int, raw: Raw = WHOLE) -> Raw:
    """The raw numbers of some seeds."""
    tables = {name: getattr(raw, name) for name in ("metrics", "noise", "telemetry")}
    return raw._replace(
        records=[one for one in raw.records if one[1].spec.seed in seeds],
        **{name: table[table["seed"].isin(seeds)].reset_index(drop=True) for name, table in tables.items()},
    )


def kept(folder: Path, raw: Raw) -> Path:
    write_raw(raw, folder / "raw")
    return folder


def with_records(raw: Raw, **changes: Any) -> Raw:
    return raw._replace(records=[(home, record.model_copy(update=changes)) for home, record in raw.records])


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("parts", [[(0, 1, 2), (3, 4, 5)], [(4, 5), (0, 2), (1, 3)], [(0, 1, 2, 3), (2, 3, 4, 5)]])
def test_parts_are_the_bytes_of_the_whole(parts: list[tuple[int, ...]], tmp_path: Path) -> None:
    folders = [kept(tmp_path / str(number), some(*seeds)) for number, seeds in enumerate(parts)]
    join_into(STUDY, tmp_path / "joined", folders)
    write_raw(WHOLE, tmp_path / "whole")
    assert content(tmp_path / "joined" / "raw") == content(tmp_path / "whole")
    assert list(content(tmp_path / "joined" / "raw")) == FILES


def test_what_was_there_is_replaced_as_a_whole(tmp_path: Path) -> None:
    first, second = kept(tmp_path / "here", some(0, 1, 2)), kept(tmp_path / "there", some(3, 4, 5))
    (tmp_path / "here" / ".raw.joining").mkdir()
    join_into(STUDY, first, [second])
    assert [path.name for path in first.iterdir()] == ["raw"]
    write_raw(WHOLE, tmp_path / "whole")
    assert content(first / "raw") == content(tmp_path / "whole")


def test_what_a_killed_join_took_out_of_its_place_is_not_lost(tmp_path: Path) -> None:
    first, second = kept(tmp_path / "here", some(0, 1, 2)), kept(tmp_path / "there", some(3, 4, 5))
    (first / "raw").rename(first / ".raw.old")
    join_into(STUDY, first, [second])
    write_raw(WHOLE, tmp_path / "whole")
    assert [path.name for path in first.iterdir()] == ["raw"]
    assert content(first / "raw") == content(tmp_path / "whole")


def _other_number(raw: Raw) -> Raw:
    return raw._replace(metrics=raw.metrics.assign(value=raw.metrics["value"] + 1e-9))


def _other_floor(raw: Raw) -> Raw:
    return raw._replace(floors=raw.floors.assign(value=raw.floors["value"] + 1e-9))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda raw: with_records(raw, data_sha256="e"), "arm '(plain|regularised)' has other data$"),
        (lambda raw: with_records(raw, code_sha256="e"), "has other code; run one of the seeds that are there again"),
        (_other_floor, "real data were measured otherwise"),
    ],
)
def test_seeds_of_another_making_are_refused(spoil: Callable[[Raw], Raw], told: str, tmp_path: Path) -> None:
    folders = [kept(tmp_path / "here", some(0, 1, 2)), kept(tmp_path / "there", spoil(some(3, 4, 5)))]
    with pytest.raises(RecordError, match=rf"there: not of the same study as .*here: .*{told}"):
        join(STUDY, folders)


@pytest.mark.parametrize("spoil", [_other_number, lambda raw: with_records(raw, weights_sha256="v")])
def test_another_run_of_the_same_seed_is_refused(spoil: Callable[[Raw], Raw], tmp_path: Path) -> None:
    folders = [kept(tmp_path / "here", some(0, 1)), kept(tmp_path / "there", spoil(some(1, 2)))]
    with pytest.raises(RecordError, match=r"its run of '\w+', seed 1, is another"):
        join(STUDY, folders)


def test_arms_that_were_made_elsewhere_are_refused_in_a_line_of_one_folder_too(tmp_path: Path) -> None:
    """They vanished, or ended in a traceback, where nothing lay here yet."""
    (experiment,) = STUDY.experiments
    theirs = ElsewhereRecord(arm="theirs", identity={}, content="c", runs=(), rules={}, told=())
    folder = kept(tmp_path / "there", WHOLE._replace(elsewhere=[(experiment, theirs)]))
    with pytest.raises(RecordError, match="there: has arms that were made elsewhere, which only `vigan merge` joins"):
        join_into(STUDY, tmp_path / "here", [folder])


def test_other_code_is_taken_where_a_run_of_the_arm_came_out_the_same(tmp_path: Path) -> None:
    newer = with_records(some(2, 3, 4, 5), code_sha256="newer")
    joined = join(STUDY, [kept(tmp_path / "here", some(0, 1, 2)), kept(tmp_path / "there", newer)])
    assert [record.code_sha256 for _, record in joined.records] == (["c"] * 3 + ["newer"] * 3) * 2
    assert [record.spec.seed for _, record in joined.records] == [*range(6)] * 2


def test_the_command_joins_what_is_kept_and_says_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(STUDY.model_dump(mode="json", exclude_defaults=True)))
    layout = Layout(STUDY)
    write_raw(some(0, 1, 2), layout.raw)
    there = kept(tmp_path / "there", some(3, 4, 5))
    assert main(["join", "study.yaml", str(there)]) == 0
    told = capsys.readouterr()
    assert "12 runs; make the tables: vigan audit --write study.yaml" in told.out
    assert "warning" not in told.err
    write_raw(WHOLE, tmp_path / "whole")
    assert content(layout.raw) == content(tmp_path / "whole")
    assert main(["audit", "--write", "study.yaml"]) == 0
    assert len(pd.read_csv(layout.tables / "runs.csv")) == 12
    assert main(["join", "study.yaml", str(tmp_path / "nowhere")]) == 1
    assert "nowhere/raw/runs.jsonl.gz: missing" in capsys.readouterr().err
    write_json(layout.run(next(iter(STUDY.runs()))) / "run.json", {})
    assert main(["join", "study.yaml", str(there)]) == 1
    assert "its runs are here; `vigan merge` joins runs" in capsys.readouterr().err


def test_the_command_warns_of_runs_that_were_trained_without_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where the study file that they were trained by had been cut to one arm, without the claims."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(STUDY.model_dump(mode="json", exclude_defaults=True)))
    write_raw(some(0, 1, 2), Layout(STUDY).raw)
    there = kept(tmp_path / "there", with_records(some(3, 4, 5), rules={}))
    assert main(["join", "study.yaml", str(there)]) == 0
    told = capsys.readouterr().err
    for claim in STUDY.claims:
        assert f"warning: {claim.id}: this rule was changed after the runs: it was written after them" in told


def test_first_verdicts_go_along_and_must_be_one_table(tmp_path: Path) -> None:
    """They were left behind, and verdicts by rules that had been rewritten lost their marks."""
    here, first, second = tmp_path / "here", kept(tmp_path / "first", some(0, 1, 2)), kept(tmp_path / "second", some(3))
    (second / "first-verdicts.csv").write_text("id,verdict\nsign,supported\n")
    join_into(STUDY, here, [first, second])
    assert (here / "first-verdicts.csv").read_bytes() == (second / "first-verdicts.csv").read_bytes()
    join_into(STUDY, here, [kept(tmp_path / "third", some(4))])
    (first / "first-verdicts.csv").write_text("id,verdict\nsign,contradicted\n")
    before = content(here / "raw")
    with pytest.raises(RecordError, match=r"here/first-verdicts\.csv and .*first/first-verdicts\.csv: other first"):
        join_into(STUDY, here, [first])
    assert content(here / "raw") == before
