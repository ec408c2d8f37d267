"""Tables of strangers: what they say is read, nothing is made up, what is wrong is named by its line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from vigan.config.elsewhere import ElsewhereArm
from vigan.elsewhere.numbers import Number
from vigan.elsewhere.read import names_of, read
from vigan.io.files import RecordError

GOOD = "seed,step,metric,value\n0,10,fid,1.5\n"


def numbers(path: Path, **more: object) -> list[Number]:
    arm = ElsewhereArm.model_validate({"from": {"format": "table", "path": str(path), **more}})
    return list(read(arm))


def written(tmp_path: Path, text: str | bytes, name: str = "runs.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_row_is_a_number(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffseed,step,metric,value,protocol\n3,10.0,fid,1.5,theirs\n3,20,fid,,\n")
    first, second = numbers(path)
    assert first == Number(3, 10, "fid", "theirs", 1.5, f"{path}, line 2")
    assert (second.value, second.protocol) == (None, None)


def test_words_for_what_is_not_finite_are_read_as_such(tmp_path: Path) -> None:
    path = written(tmp_path, "seed,step,metric,value\n" + "".join(f"0,{i},fid,{v}\n" for i, v in enumerate(WORDS)))
    assert [math.isfinite(number.value or 0) for number in numbers(path)] == [False] * len(WORDS)


WORDS = ("nan", "NaN", "inf", "-Infinity")


@pytest.mark.parametrize("metric", ["1e5", "007", "nan", "true", "None", "2026-11-28"])
def test_names_that_look_like_numbers_stay_names(metric: str, tmp_path: Path) -> None:
    path = written(tmp_path, f"seed,step,metric,value,arm\n0,10,{metric},1.5,{metric}\n0,10,fid,2,other\n")
    (number,) = numbers(path, where={"arm": metric})
    assert number.metric == metric


def test_other_columns_are_found_by_the_names_that_the_study_gives(tmp_path: Path) -> None:
    path = written(tmp_path, "run,iter,metric,score\n0,10,fid,1.5\n")
    (number,) = numbers(path, columns={"seed": "run", "step": "iter", "value": "score"})
    assert (number.seed, number.step, number.value) == (0, 10, 1.5)


def test_a_wide_table_has_a_metric_in_each_column_that_the_study_names(tmp_path: Path) -> None:
    path = written(tmp_path, "idx_rep,stop_val,fid50k,IS,loss_d\n0,10,1.5,9.5,7\n0,20,,9.75,7\n")
    wide = {"columns": {"seed": "idx_rep", "step": "stop_val"}, "metrics": {"fid50k": "fid", "IS": "inception_score"}}
    found = [(number.step, number.metric, number.value) for number in numbers(path, **wide)]
    assert found == [(10, "fid50k", 1.5), (10, "IS", 9.5), (20, "fid50k", None), (20, "IS", 9.75)]
    with pytest.raises(RecordError, match="has no column 'kid'"):
        numbers(path, columns=wide["columns"], metrics={"fid50k": "fid", "kid": "kid"})
    with pytest.raises(RecordError, match="has no column 'metric'"):
        numbers(path, columns=wide["columns"])


@pytest.mark.parametrize("cell", ["ours", " ours", "ours "])
def test_rows_are_picked_whatever_blanks_stand_about_and_what_there_is_is_told_where_none_is(
    cell: str, tmp_path: Path
) -> None:
    path = written(tmp_path, f"seed,step,metric,value,method\n0,10,fid,1.5,{cell}\n0,10,fid,2,theirs\n")
    assert [number.value for number in numbers(path, where={"method": "ours"})] == [1.5]
    with pytest.raises(
        RecordError, match=r"no row is one that `where` picks; there are method:  ?ours ?, method: theirs"
    ):
        numbers(path, where={"method": "our"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed;step;metric;value\n0;1;fid;2\n", "separated by commas here, not by semicolons: save it so"),
        ("seed\tstep\tmetric\tvalue\n0\t1\tfid\t2\n", "separated by commas here, not by tabs"),
        ("", "names 0 columns"),
        ("seed,step,metric,value\n", "has no rows"),
        ("seed,step,metric,wert\n0,1,fid,2\n", "has no column 'value'"),
        ("seed,step,metric,value,value\n0,1,fid,2,3\n", "'value' is named twice"),
        ("seed,step,metric,value\n0,1,fid\n", "line 2: 3 cells under 4 names"),
        ("seed,step,metric,value\n0.5,1,fid,2\n", "line 2: seed '0.5' is not a whole number"),
        ("seed,step,metric,value\nfirst,1,fid,2\n", "line 2: seed 'first' is not a whole number"),
        ("seed,step,metric,value\n-1,1,fid,2\n", "seed '-1' is not a whole number"),
        ("seed,step,metric,value\n99999999999999999999,1,fid,2\n", "is not a whole number from 0 on, or too large"),
        ("seed,step,metric,value\n0,9007199254740993,fid,2\n", "step '9007199254740993' is not"),
        ("seed,step,metric,value\n0,1,fid,good\n", "line 2: value 'good' is no number"),
        ("seed,step,metric,value\n0,1,fid,1e400\n", "line 2: value '1e400' is larger than a number can be"),
        ("seed,step,metric,value\n0,1,fid,0x10\n", "value '0x10' is no number"),
        ("seed,step,metric,value\n0,1,fid,1_000\n", "value '1_000' is no number"),
        ("seed,step,metric,value\n0,1,fid," + "9" * 5000 + "\n", r"value '9999.*\.\.\.' is no number"),
        (b"seed,step,metric,value\n0,1,\xff\xfe,2\n", "not text in UTF-8"),
        (b"seed,step,metric,value\n0,1,f\x00id,2\n0,1,fid,\x00\n", "no CSV|is no number"),
        ('seed,step,metric,value\n0,1,"fid,2\n', "no CSV"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=words) as told:
        numbers(written(tmp_path, text))
    assert "\n" not in told.value.text


def test_a_row_is_picked_by_a_column_that_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="has no column 'arm'"):
        numbers(written(tmp_path, GOOD), where={"arm": "plain"})


def test_more_rows_than_are_read_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigan.elsewhere.table.MOST_NUMBERS", 2)
    with pytest.raises(RecordError, match="more than 2 rows"):
        numbers(written(tmp_path, GOOD + "0,20,fid,1\n0,30,fid,1\n"))


def test_parquet_without_pyarrow_is_refused_with_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(RecordError, match="pip install pyarrow"):
        numbers(written(tmp_path, b"PAR1", "runs.parquet"))


def test_parquet_is_read_as_the_same_table_is(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"seed": [0, 1], "step": [10, 10], "metric": ["fid", "fid"], "value": [1.5, None], "arm": ["007", "b"]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "runs.parquet")
    (number,) = numbers(tmp_path / "runs.parquet", where={"arm": "007"})
    assert number[:5] == (0, 10, "fid", None, 1.5)
    with pytest.raises(RecordError, match="no Parquet file"):
        numbers(written(tmp_path, b"PAR1 and nothing", "other.parquet"))


def test_metrics_that_the_study_names_are_all_that_count(tmp_path: Path) -> None:
    named = ElsewhereArm.model_validate({"from": {"format": "table", "path": "x.csv", "metrics": {"FID10k": "fid"}}})
    assert not isinstance(named.origin, str)
    assert names_of(named.origin) == {"FID10k": "fid"}  # pyright: ignore[reportArgumentType]
    by_file = ElsewhereArm.model_validate({"from": "x.csv"})
    assert names_of(by_file.origin)["is"] == "inception_score"  # pyright: ignore[reportArgumentType]
