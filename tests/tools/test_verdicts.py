"""The verdicts of a study as text; and without them, what to type."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vigan.analysis.claim_table import CLAIM_COLUMNS
from vigan.errors import UserError
from vigan.io.files import RecordError
from vigan.tools.verdicts import format_claims, read_claims, results_of

ROOT = Path(__file__).parents[2]
SIGN: dict[str, Any] = {
    "id": "sign", "experiment": "e", "arms": "plain;regularised", "statement": "so it is", "place": "here",
    "rule": "Supported if it is.", "test": "exact sign test over seeds", "verdict": "supported",
    "reason": "As claimed; p = 0.035 after correction.", "n": 8.0, "estimate": 0.875, "low": 0.47349, "high": 0.99684,
    "unit": "share of seeds higher by 1 or more", "median_difference": 7.0, "lowest_difference": 0.0,
    "highest_difference": 7.0, "margin": "1", "boundary": "margin", "p_above_margin": 0.03516, "p_below_margin": 0.9961,
    "p_above_zero": 0.03516, "p_below_zero": 0.9961, "p_above_minus_margin": 0.003906, "p_below_minus_margin": 1.0,
    "p_supported": 0.03516, "p_contradicted": 0.9961, "p_equivalent": 0.9961, "fates": "", "figures": "seeds;curves",
    "changed": "claim.margin changed after them", "first_verdict": "by the rule kept with the runs: equivalent",
}  # fmt: skip
UNTESTED = {
    "id": "C6",
    "statement": "as well",
    "place": "there",
    "verdict": "not tested",
    "n": 0,
    "reason": "no encoder",
}
SHARE = SIGN | {
    "id": "share", "arms": "regularised", "median_difference": None, "lowest_difference": None,
    "fates": "regularised 0/8; plain 7/8",
    "p_above_zero": None, "p_below_zero": None, "p_above_minus_margin": None, "p_below_minus_margin": None,
    "margin": "40%", "event": "bad-end", "event_rule": "A bad end: it is never on track.",
}  # fmt: skip


def _table(folder: Path, *rows: dict[str, Any]) -> Path:
    pd.DataFrame(rows, columns=CLAIM_COLUMNS).to_csv(folder / "claims.csv", index=False)
    return folder / "claims.csv"


def test_verdicts_are_told_with_interval_seeds_and_every_p(tmp_path: Path) -> None:
    first, second, last = format_claims(read_claims(_table(tmp_path, SIGN, UNTESTED))).split("\n\n")
    assert first.splitlines() == [
        "sign: SUPPORTED",
        "  claim     so it is (here)",
        "  rule      Supported if it is.",
        "  evidence  plain -> regularised: share of seeds higher by 1 or more 0.875 [0.4735, 0.9968], n = 8 seeds",
        "            the second arm minus the first, seed by seed: median 7, from 0 to 7",
        "  p         one-sided: beyond the margin of 1: 0.0352, short of it: 0.996 (decides); beyond zero: 0.0352, "
        "short of it: 0.996; beyond minus the margin: 0.00391, short of it: 1; corrected over claims (Holm): "
        "supported 0.0352, contradicted 0.996, equivalent 0.996",
        "  why       As claimed; p = 0.035 after correction.",
        "  before    by the rule kept with the runs: equivalent",
        "  warning   this rule was changed after the runs: claim.margin changed after them",
    ]
    assert second.splitlines() == ["C6: NOT TESTED", "  claim     as well (there)", "  why       no encoder"]
    assert all((ROOT / name).is_file() for name in re.findall(r"docs/\w+\.md", last))


def test_differences_without_a_median_are_told_by_their_range(tmp_path: Path) -> None:
    row = SIGN | {"median_difference": None, "lowest_difference": -math.inf, "highest_difference": math.inf}
    assert "seed by seed: from -inf to inf" in format_claims(read_claims(_table(tmp_path, row)))


def test_a_claim_about_events_tells_how_many_runs_had_them(tmp_path: Path) -> None:
    told = format_claims(read_claims(_table(tmp_path, SHARE)))
    assert "  events    A bad end: it is never on track." in told
    assert "            runs with a bad end: regularised 0/8; plain 7/8" in told
    assert "one-sided: beyond 40%: 0.0352, short of it: 0.996 (decides); corrected" in told
    assert "seed by seed" not in told
    windowed = SHARE | {"rule": "Supported if it occurs in less than 40% of the runs within 50% of training (a test)."}
    told_of_a_part = format_claims(read_claims(_table(tmp_path, windowed)))
    assert "runs with a bad end within 50% of training: regularised 0/8" in told_of_a_part
    assert "zero" not in told
    assert "equivalent 0.996" not in told


def test_differences_of_times_are_shares_of_training(tmp_path: Path) -> None:
    told = format_claims(read_claims(_table(tmp_path, SIGN | {"unit": "share of seeds sooner by 10% of training"})))
    assert "seed by seed (shares of training): median 7" in told


def test_corrected_p_values_that_decided_nothing_are_not_told(tmp_path: Path) -> None:
    told = format_claims(read_claims(_table(tmp_path, SIGN | {"verdict": "not testable here"})))
    assert "beyond the margin of 1: 0.0352, short of it: 0.996 (decides)" in told
    assert "corrected" not in told


def test_a_study_without_claims_says_so(tmp_path: Path) -> None:
    assert format_claims(read_claims(_table(tmp_path))) == "This study states no claims."


@pytest.mark.parametrize("spoil", [
    lambda text: text.replace("0.875", "a lot"), lambda text: text.replace(",supported,", ",,"),
    lambda text: f"{text}{',' * 99}\n", lambda text: f'{text}"open\n', lambda text: text.replace("so it is", "\udcff"),
])  # fmt: skip
def test_a_damaged_table_is_refused_by_name(spoil: Any, tmp_path: Path) -> None:
    path = _table(tmp_path, SIGN)
    path.write_text(spoil(path.read_text()), errors="surrogateescape")
    with pytest.raises(RecordError, match=r"claims\.csv: .*; run `vigan analyse` again"):
        format_claims(read_claims(path))


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of results with one finished study, and one of studies with another and a list."""
    results, config = tmp_path / "results", tmp_path / "config"
    (results / "done" / "tables").mkdir(parents=True)
    _table(results / "done" / "tables", SIGN)
    config.mkdir()
    (config / "planned.yaml").write_text("study: planned\nexperiments: {}\n")
    (config / "deviations.yaml").write_text("- a list\n")
    return results, config


def test_a_study_is_named_or_its_folder_is(place: tuple[Path, Path]) -> None:
    assert results_of("done", *place) == results_of(str(place[0] / "done"), *place) == place[0] / "done"


def test_a_study_that_is_not_there_is_answered_with_those_that_are(place: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match="no study 'doen' here; known: done, planned; type `vigan claims STUDY`"):
        results_of("doen", *place)


def test_a_study_without_results_is_answered_with_the_command_that_makes_them(place: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match=r"snakemake all --cores 2 --configfile .*config/planned\.yaml$"):
        results_of("planned", *place)


@pytest.mark.parametrize("words", [("claims", "ring"), ("explain", "bn-plain"), ("diff", "bn-plain", "bn-regularised")])
def test_commands_that_only_tell_something_import_neither_pandas_nor_torch(words: tuple[str, ...]) -> None:
    """Which take longer to import than all the rest of such a command."""
    script = f"""
import sys
from vigan.cli.parser import main
assert main({list(words)!r}) == 0
print(sorted({{"torch", "pandas", "numpy", "scipy", "matplotlib"}} & set(sys.modules)), file=sys.stderr)
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, text=True, capture_output=True, check=False)
    assert ended.stderr == "[]\n"
    assert ended.stdout
