"""The smoke study's page as readers meet it: in a browser without a network, and in Snakemake's own report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vigan.bench.browser import browser, complaints, missing, resize, show
from vigan.config.load import load_study
from vigan.layout import Layout

from .conftest import ROOT, Snakemake

CONFIG = ROOT / "config" / "smoke.yaml"
LAYOUT = Layout(load_study(CONFIG))

pytestmark = pytest.mark.slow


@pytest.mark.skipif(bool(missing()), reason=missing() or "all there")
def test_the_smoke_study_s_page_opens_offline_without_a_complaint_and_its_slider_moves_every_arm(
    smoke_study: tuple[Snakemake, str],
) -> None:
    sources = "return [...document.querySelectorAll('.still img')].map((image) => image.src)"
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
    paths = [*LAYOUT.all_figures().values(), *LAYOUT.all_tables().values(), *LAYOUT.all_movies().values()]
    for path in [*paths, *LAYOUT.all_contacts().values(), LAYOUT.report]:
        assert path.name in text
    rules = [e.collapse for e in LAYOUT.study.experiments.values() if e.collapse is not None]
    assert rules
    assert all(re.search(rf"below {rule.below:g} times", text) for rule in rules)
