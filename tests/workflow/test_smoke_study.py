"""The smoke study for real: from nothing to a report, and nothing to be done afterwards.

Its page as readers meet it, too: in a browser without a network, and in Snakemake's own report. All in one file, since
workers that take turns at files would each make a study of their own.
"""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from vigan.bench.browser import browser, complaints, missing, resize, show
from vigan.config.load import load_study
from vigan.io.run_record import read_run
from vigan.io.run_tables import METRIC_COLUMNS
from vigan.layout import Layout

from .conftest import ROOT, Snakemake

CONFIG = ROOT / "config" / "smoke.yaml"
STUDY = load_study(CONFIG)
LAYOUT = Layout(STUDY)

pytestmark = [pytest.mark.slow, pytest.mark.smoke]


@pytest.fixture(scope="session")
def folder(smoke_study: tuple[Snakemake, str]) -> Path:
    return smoke_study[0].folder


def test_a_second_run_has_nothing_to_do(smoke_study: tuple[Snakemake, str]) -> None:
    runner, _ = smoke_study
    again = runner("--configfile", str(CONFIG))
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout


def test_snakemake_looks_for_work_only_when_a_job_has_ended(smoke_study: tuple[Snakemake, str]) -> None:
    printed = smoke_study[1]
    assert 0 < printed.count("Ready jobs: ") < 4 * printed.count("Finished jobid: ")


def test_every_run_has_a_record_that_says_where_it_comes_from(folder: Path) -> None:
    for run in STUDY.runs():
        record = read_run(folder / LAYOUT.run(run) / "run.json")
        assert record.status == "completed"
        assert record.iterations == record.spec.iterations
        assert record.spec == STUDY.run_spec(run.arm, run.seed)
        manifest = json.loads((folder / LAYOUT.data(record.spec.dataset) / "manifest.json").read_text())
        assert record.data_sha256 == manifest["sha256"]


def test_no_state_is_left_behind(folder: Path) -> None:
    assert not list((folder / "state").rglob("*.safetensors"))


def test_the_long_table_holds_every_snapshot_of_every_run(folder: Path) -> None:
    table = pd.read_csv(folder / LAYOUT.tables / "metrics.csv")
    assert tuple(table.columns) == ("experiment", *METRIC_COLUMNS)
    assert table["value"].notna().all()
    steps = table.groupby(["arm", "reading", "seed"])["step"].unique()
    for run in STUDY.runs():
        experiment = STUDY.experiments[STUDY.experiment_of(run.arm)]
        assert tuple(sorted(steps[run])) == experiment.snapshot_steps


def test_arms_of_one_seed_start_from_the_same_weights_and_seeds_differ(folder: Path) -> None:
    table = pd.read_csv(folder / LAYOUT.tables / "metrics.csv").query("step == 0")
    values = table.pivot_table(index=["experiment", "seed", "metric"], columns="arm", values="value")
    for first, second in STUDY.pairs():
        pair = values[[first, second]].dropna()
        assert len(pair) > 0
        assert (pair[first] == pair[second]).all()
    frechet = table[(table["arm"] == "bn-plain") & (table["metric"] == "frechet")]
    assert frechet["value"].nunique() == len(STUDY.seeds)


def test_digits_are_recognised_by_a_classifier_whose_accuracy_is_recorded(folder: Path) -> None:
    table = pd.read_csv(folder / LAYOUT.tables / "metrics.csv")
    accuracy = table.loc[table["metric"] == "classifier_accuracy", "value"]
    assert len(accuracy) > 0
    assert accuracy.min() > 0.95


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.anchors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "img":
            self.images.append(values)
        if tag in {"link", "iframe", "object"} or (tag == "script" and "src" in values):
            self.loads.append(tag)
        if values.get("id"):
            self.ids.add(str(values["id"]))
        if tag == "a":
            self.anchors.append(str(values.get("href")))


@pytest.fixture(scope="session")
def page(folder: Path) -> _Page:
    parser = _Page()
    parser.feed((folder / LAYOUT.report).read_text(encoding="utf-8"))
    return parser


def test_the_report_needs_no_other_file_to_be_shown(page: _Page, folder: Path) -> None:
    figures = [image for image in page.images if str(image["src"]).startswith("data:image/svg+xml,")]
    stills = [image for image in page.images if str(image["src"]).startswith("data:image/webp;")]
    drawn_by_the_page = ("curves", "seeds", "samples")
    assert len(figures) == len([kind for kind, _ in LAYOUT.all_figures() if kind not in drawn_by_the_page])
    shown = [str(image["alt"]) for image in stills]
    assert all(any(text.startswith(f"Samples of arm {run.arm}") for text in shown) for run in STUDY.runs())
    assert sum(text.startswith("Real examples") for text in shown) >= len(STUDY.experiments)
    assert len(page.images) == len(figures) + len(stills)
    assert not page.loads
    text = (folder / LAYOUT.report).read_text(encoding="utf-8")
    assert "default-src 'none'" in unescape(text)
    assert not re.search(r"(src|href)=\"https?:", text)


def test_every_picture_of_the_report_has_a_text_instead(page: _Page) -> None:
    assert all(len(str(image["alt"])) > 20 for image in page.images)


def test_every_link_of_the_report_leads_somewhere(page: _Page, folder: Path) -> None:
    assert page.anchors
    for anchor in page.anchors:
        if anchor.startswith("#"):
            assert anchor[1:] in page.ids
        else:
            assert (folder / LAYOUT.results / anchor).exists()


def test_the_figures_keep_text_as_text(folder: Path) -> None:
    for path in LAYOUT.all_figures().values():
        assert "<text" in (folder / path).read_text(encoding="utf-8")


@pytest.mark.skipif(bool(missing()), reason=missing() or "all there")
def test_the_smoke_study_s_page_opens_offline_without_a_complaint_and_its_slider_moves_every_arm(
    smoke_study: tuple[Snakemake, str],
) -> None:
    sources = "return [...document.querySelectorAll('.slider-arm img')].map((image) => image.src)"
    with browser(380, 800) as driver:
        show(driver, smoke_study[0].folder / LAYOUT.report)
        last = driver.execute_script(sources)
        driver.execute_script("""
            document.getElementById('position').value = '0';
            document.getElementById('position').dispatchEvent(new Event('input'));
        """)
        first = driver.execute_script(sources)
        assert len(last) == len(list(LAYOUT.study.runs())) / len(LAYOUT.study.seeds)
        assert all(before != after for before, after in zip(last, first, strict=True))
        assert driver.execute_script("return document.documentElement.scrollWidth") == 380
        resize(driver, 1400, 900)
        assert driver.execute_script("return document.documentElement.scrollWidth") == 1400
        assert complaints(driver) == []


def test_snakemake_s_own_report_holds_every_figure_and_table_with_a_caption(
    smoke_study: tuple[Snakemake, str], tmp_path: Path
) -> None:
    out = tmp_path / "snakemake.html"
    made = smoke_study[0]("--configfile", str(CONFIG), "--report", str(out))
    assert made.returncode == 0, made.stdout[-2000:]
    text = out.read_text(encoding="utf-8")
    assert "a reproduction of Su (2018, arXiv 1807.05936)" in text
    paths = [*LAYOUT.all_figures().values(), *LAYOUT.all_tables().values(), *LAYOUT.all_movies().values()]
    for path in [*paths, *LAYOUT.all_contacts().values(), LAYOUT.report]:
        assert path.name in text
    rules = [e.collapse for e in LAYOUT.study.experiments.values() if e.collapse is not None]
    assert rules
    assert all(re.search(rf"below {rule.below:g} times", text) for rule in rules)
