"""What stands around the numbers: protocols, metrics, anchors, failures, where things come from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from vigan.config.base import ConfigError
from vigan.config.experiment import Protocol
from vigan.config.load import load_study
from vigan.config.published import load_published
from vigan.io.files import RecordError, write_json
from vigan.protocols.registry import KINDS, METRICS
from vigan.report.cells import Cell
from vigan.report.frames import Frames, RunPictures, read_frames
from vigan.report.methods import metric_table, protocol_notes
from vigan.report.render import embed
from vigan.report.tables import number, plain_table, settings_table, spread
from vigan.stages import git_info, report_summary
from vigan.stages.report_published import published_table

from .conftest import CONFIG

PICTURE = "data:image/webp;base64,AAAA"


def test_every_kind_of_protocol_is_explained_with_its_n() -> None:
    for note in protocol_notes(Protocol(kind=kind, samples=12_345) for kind in KINDS):
        assert any("12,345" in words for _, words in note.facts)
        assert not any("{" in words for _, words in note.facts)


def test_every_metric_is_defined_with_its_direction_and_its_source() -> None:
    rows = [[cell.text for cell in row] for row in metric_table(METRICS).rows]
    assert [row[0].rest for row in metric_table(METRICS).rows] == list(METRICS), "as rules and files name it"
    assert all(all(row) for row in rows)
    assert rows[0] == [
        "Fréchet distance of features",
        "|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) of Gaussians fitted to features",
        "lower is better",
        "Heusel et al. 2017, 1706.08500",
    ]


def test_anchors_are_those_of_the_protocol_notes_and_each_says_why_it_cannot_be_compared() -> None:
    anchors = load_published(CONFIG / "published.yaml")
    values = {anchor.value for anchor in anchors}
    assert {"55.0 ± 3.3", "65.6 ± 4.2", "53.9 ± 2.8", "41.3 ± 2.0", "30.0 ± 1.0", "12.5", "5.71", "11.93"} == values
    assert all(anchor.differs for anchor in anchors)


def test_only_studies_of_the_faces_show_them() -> None:
    shown = published_table(load_study(CONFIG / "paper.yaml"), CONFIG / "published.yaml")
    assert shown is not None
    assert len(shown.rows) == 8
    assert published_table(load_study(CONFIG / "smoke.yaml"), CONFIG / "published.yaml") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    read_in: documentation", "    readin: documentation", "did you mean 'read_in'"),
        ("    metric: FID\n", "", "'metric' is missing"),
        ("    value: 30.0 ± 1.0", "    value: about 30", "value"),
        ("    differs:\n      - crop 160, not 108\n", "    differs: []\n    # ", "differs"),
    ],
)
def test_a_broken_anchor_is_refused_in_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (CONFIG / "published.yaml").read_text()
    assert old in text
    (tmp_path / "published.yaml").write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=message) as caught:
        load_published(tmp_path / "published.yaml")
    assert "\n" not in str(caught.value)


def _frames(**changes: object) -> Frames:
    reel = RunPictures(arm="plain", seed=0, pictures=(PICTURE, None), missing=("", "diverged"))
    whole = {"experiment": "ring", "kind": "points", "shown": 9, "width": 4, "height": 4, "steps": (0, 60)}
    return Frames.model_validate({**whole, "runs": (reel,), **changes})


def test_pictures_survive_the_way_through_their_file(tmp_path: Path) -> None:
    write_json(tmp_path / "ring.json", _frames().model_dump(mode="json"))
    assert read_frames(tmp_path / "ring.json") == _frames()


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": (0,)},
        {"kind": "faces"},
        {"runs": ()},
        {"runs": ({"arm": "a", "seed": 0, "pictures": ["javascript:alert(1)"] * 2, "missing": ["", ""]},)},
        {"runs": ({"arm": "a", "seed": 0, "pictures": [None, PICTURE], "missing": ["", ""]},)},
    ],
)
def test_what_is_not_pictures_of_an_experiment_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    write_json(tmp_path / "ring.json", {**_frames().model_dump(mode="json"), **changes})
    with pytest.raises(RecordError, match=r"ring\.json: not pictures of an experiment"):
        read_frames(tmp_path / "ring.json")


def _runs(status: str = "completed") -> pd.DataFrame:
    keys = {"experiment": ["ring"] * 2, "arm": ["plain", "wild"], "reading": ["released"] * 2, "seed": [0, 0]}
    return pd.DataFrame({**keys, "status": ["completed", status], "iterations": [60, 20], "device": ["cpu", "H100"]})


def _finite(*values: float) -> pd.DataFrame:
    keys = {"experiment": "ring", "arm": "wild", "reading": "released", "seed": 0, "metric": "finite"}
    return pd.DataFrame(
        [{**keys, "step": step, "value": value} for step, value in zip((0, 20, 60), values, strict=True)]
    )


def test_failures_name_the_run_and_the_snapshots_it_lacks() -> None:
    failed = report_summary.failures(_runs("diverged"), _finite(1, 0, 0))
    assert failed[["arm", "status", "last iteration"]].to_numpy().tolist() == [["wild", "diverged", 20]]
    assert failed["snapshots without finite samples"].tolist() == ["20, 60"]


def test_a_completed_run_with_samples_that_are_not_finite_is_a_failure_too() -> None:
    assert report_summary.failures(_runs(), _finite(1, 0, 1))["arm"].tolist() == ["wild"]
    assert report_summary.failures(_runs(), _finite(1, 1, 1)).empty


def test_a_run_that_diverged_is_a_failure_even_if_all_its_snapshots_are_finite() -> None:
    assert report_summary.failures(_runs("diverged"), _finite(1, 1, 1))["arm"].tolist() == ["wild"]


def test_seconds_and_energy_on_a_gpu_are_told_apart_from_those_on_a_cpu() -> None:
    runs = _runs().assign(data_sha256="d", code_sha256="c")
    timing = runs[["experiment", "arm", "reading", "seed"]].assign(
        seconds=[10.0, 5000.0], joules_cpu=[float("nan"), 7.2e6], joules_gpu=[float("nan"), 3.6e6], torch="2"
    )
    told = dict(report_summary.provenance(runs, timing))
    assert told["Training on H100"] == (
        "5,000 GPU-seconds over all runs; energy: 2 kWh of the CPU in 1 of 1 runs, 1 kWh of the GPU in 1 of 1 runs"
    )
    assert told["Training on cpu"] == "10 seconds over all runs; energy: no counter could be read"
    resumed = runs.assign(device=["H100", "cpu, then H100"])
    told = dict(report_summary.provenance(resumed, timing))
    assert told["Training on cpu, then H100"].startswith("5,000 seconds over")


def test_the_commit_is_told_with_whether_files_differ_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # a user's may ask for signatures, or name hooks
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")

    def git(*arguments: str) -> None:
        name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", str(tmp_path), *name, *arguments], check=True, capture_output=True)

    assert git_info.commit(tmp_path) == "not a git checkout"
    git("init")
    (tmp_path / "requirements.txt").write_text("torch\n")
    git("add", ".")
    git("commit", "-m", "one")
    assert len(git_info.commit(tmp_path)) == 40
    (tmp_path / "requirements.txt").write_text("numpy\n")
    assert git_info.commit(tmp_path).endswith(", with changes that are not committed")
    git("commit", "-a", "-m", "two")
    page = tmp_path / "results" / "ring" / "report-small.html"
    page.parent.mkdir(parents=True)
    page.write_text("made from that commit")
    assert len(git_info.commit(tmp_path)) == 40
    (tmp_path / "inner").mkdir()
    assert git_info.commit(tmp_path / "inner") == "not a git checkout"
    assert len(git_info.lock(tmp_path)) == 64
    assert git_info.lock(tmp_path / "inner") == "no requirements.txt"


def test_a_figure_s_text_survives_the_way_into_the_page(tmp_path: Path) -> None:
    text = '<svg xmlns="http://www.w3.org/2000/svg"><style>a#b{}</style><text>50% & λ\n "x"</text></svg>'
    (tmp_path / "a.svg").write_text(text, encoding="utf-8")
    head, _, body = embed(tmp_path / "a.svg").partition(",")
    assert head == "data:image/svg+xml"
    assert unquote(body) == text
    assert not set("\"<>&#\n'") & set(body)


def test_numbers_have_four_digits_a_true_minus_and_a_dash_where_there_is_none() -> None:
    assert [number(value) for value in (0.123456, -2.0, float("nan"), 7, "x")] == ["0.1235", "−2", "–", "7", "x"]


@pytest.mark.parametrize(
    ("n", "told"),
    [(3, Cell("2 [1.5, 2.5]", "1 to 3, n = 3")), (1, Cell("2", "n = 1")), (0, Cell("–"))],
)
def test_a_mean_comes_with_its_interval_range_and_n(n: int, told: Cell) -> None:
    row = pd.DataFrame(
        [{"n": n, "center": 2.0, "center_of": "mean", "low": 1.0, "high": 3.0, "ci_low": 1.5, "ci_high": 2.5}]
    )
    assert spread(next(row.itertuples())) == told


def test_a_long_table_is_folded_and_digests_are_shortened() -> None:
    frame = pd.DataFrame({"data_sha256": ["0123456789abcdef"] * 41})
    assert plain_table(frame, "", "runs").folded
    assert not plain_table(frame[:5], "", "runs").folded
    assert plain_table(frame, "", "runs").rows[0] == [Cell("0123456789ab")]


def test_arms_are_rows_and_settings_that_no_arm_has_are_left_out() -> None:
    arms = pd.DataFrame({"arm": ["a", "b"], "k": [1, 2], "width": [None, None], "dim": [8.0, None]})
    table = settings_table(arms, "")
    assert table.columns == ["arm", "k", "dim"]
    assert [[cell.text for cell in row] for row in table.rows] == [["a", "1", "8"], ["b", "2", "–"]]
    assert table.named


def test_values_that_are_the_same_in_every_seed_are_told_as_that() -> None:
    row = {"n": 4, "center": 0.0, "center_of": "mean", "low": 0.0, "high": 0.0, "ci_low": -0.2, "ci_high": 0.2}
    assert spread(next(pd.DataFrame([row]).itertuples())) == Cell("0", "the same in all 4")


def test_failures_can_be_told_without_the_long_table() -> None:
    assert report_summary.failures(_runs("diverged"), None)["arm"].tolist() == ["wild"]
    assert report_summary.failures(_runs(), None).empty


def test_of_many_arms_from_elsewhere_the_first_screen_says_how_many_and_what_the_first_of_them_lack() -> None:
    rows = [
        {
            "arm": f"far-{place}",
            "trained": "not here",
            "n": 5,
            "from": "table",
            "path": "runs",
            "told": "1 cell is empty",
        }
        for place in range(6)
    ]
    told = report_summary.of_elsewhere(pd.DataFrame(rows))
    assert told[0] == "Not trained here, but read from files: 6 arms, 30 runs (see Arms)."
    assert told[1:3] == ["far-0: 1 cell is empty", "far-1: 1 cell is empty"]
    assert told[-1].startswith("So it is with 2 more arms")
    few = report_summary.of_elsewhere(pd.DataFrame(rows[:2]))
    assert few[0].startswith("Not trained here, but read from files: far-0 (5 runs, table runs), far-1 (")
    assert len(few) == 3


def test_times_are_not_rounded_where_a_column_has_gaps() -> None:
    """A collapse at 22155 was one at 2.216e+04 in the table beside."""
    frame = pd.DataFrame(
        {"step": [22155, 5], "time": [22155.0, None], "median_step": [22155.5, None], "images": [1024000.0, None]}
    )
    assert [cell.text for cell in plain_table(frame, "", "events").rows[0]] == ["22155", "22155", "22155.5", "1024000"]
    assert [cell.text for cell in plain_table(frame, "", "events").rows[1]] == ["5", "–", "–", "–"]


def test_that_samples_were_finite_is_said_only_where_it_was_looked_at() -> None:
    said = [report_summary.no_failure(trained=True, looked=looked) for looked in (True, False)]
    assert ["finite" in words for words in said] == [True, False]
