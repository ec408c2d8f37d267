"""Captions of `snakemake --report` say what the figures do, and a study's words are no markup in them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from docutils.core import publish_parts
from jinja2 import Template
from studies import TINY

from vigan.bench.browser import show
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.contents import FIGURES
from vigan.figures.curves import _notes
from vigan.report.captions import told

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

ROOT = Path(__file__).parents[2]
CAPTIONS = sorted((ROOT / "workflow" / "report").glob("*.rst"))
HOSTILE = [
    ".. include:: /etc/passwd",
    ".. raw:: html  <img src=x onerror=\"document.title='PWNED'\">",
    "*emphasis* **strong** ``literal`` `role`:sub: |substitution| target_ `link <javascript:alert(1)>`_",
    "<script>document.title='PWNED'</script>",
    "====", "----------", "- item", "1. item", ":field: x", ">>> doctest", "| line", "..", "::", "a_", "\\",
    "{{ 7 * 7 }}",
]  # fmt: skip


def captions(title: str) -> dict[str, str]:
    """HTML of every caption of the tiny study under a title, as Snakemake makes it."""
    file = Path("study.yaml")
    quoted = title.replace("\\", "\\\\").replace('"', '\\"')
    file.write_text(
        TINY.replace("title: A ring in seconds", f'title: "{quoted}"').replace(
            "    title: A ring", f'    title: "{quoted}"'
        )
    )
    study = load_study(file)
    return {caption.name: caption_of(study, caption, "circle", "curves") for caption in CAPTIONS}


def caption_of(study: Study, caption: Path, experiment: str, kind: str) -> str:
    """HTML of a caption of an experiment's figure, or of a movie of its first two arms."""
    first, second = study.experiments[experiment].names[:2]
    wildcards = {"experiment": experiment, "kind": kind, "first": first, "second": second}
    given = SimpleNamespace(config=told(study), wildcards=SimpleNamespace(**wildcards))
    text = Template(caption.read_text()).render(snakemake=given)
    parts = publish_parts(text, writer="html", settings_overrides={"halt_level": 3, "warning_stream": ""})
    return parts["html_title"] + parts["body"]


def words_of(name: str, experiment: str, kind: str, caption: str = "figure.rst") -> str:
    """The words of a caption of one of the repository's studies."""
    page = caption_of(
        load_study(ROOT / "config" / f"{name}.yaml"), ROOT / "workflow/report" / caption, experiment, kind
    )
    return " ".join(page.replace("&#64;", "@").split())


@pytest.mark.parametrize("kind", FIGURES)
def test_a_caption_says_of_a_figure_what_the_page_says(kind: str) -> None:
    said = words_of("digits-k", "slow", kind)
    assert f"{FIGURES[kind][1:]}." in said
    assert "n = 16 seed(s)" in said


@pytest.mark.parametrize(
    ("kind", "centers"), [("curves", {"mean", "median"}), ("telemetry", {"median"}), ("drift", {"median"})]
)
def test_a_caption_says_of_a_line_what_the_figure_does(kind: str, centers: set[str]) -> None:
    """Those of telemetry said mean, as did that of a Fréchet distance: both are medians."""
    table = pd.DataFrame({"n": 3, "step": 0, "center_of": sorted(centers)})
    (drawn,) = _notes(table, older=False)
    assert drawn.removesuffix(".") in words_of("ring", "ring", kind)


def test_what_the_study_states_of_real_data_is_not_said_to_be_measured() -> None:
    for kind in ("curves", "seeds"):
        stated, measured = words_of("foreign", "faces", kind), words_of("ring", "ring", kind)
        assert "the value of real data as the study states it" in stated
        assert "measured by the same protocol" not in stated
        assert "real data, measured by the same protocol (2500 samples)" in measured
        assert "states it" not in measured


def test_rules_of_events_are_those_of_the_page_however_they_are_written() -> None:
    """Of a rule without a level they said "once it has reached 0.0", and nothing of the rest."""
    assert "at 2 evaluations in a row, from 25% of training on. A bad end: " in words_of("ring", "ring", "survival")


@pytest.mark.parametrize("caption", ["movie.rst", "contact.rst"])
def test_samples_from_elsewhere_are_not_said_to_be_of_the_same_latents(caption: str) -> None:
    assert "same latents" in words_of("ring", "ring", "", caption)
    assert "same latents" not in words_of("foreign", "faces", "", caption)


def test_more_seeds_of_some_arms_are_counted() -> None:
    assert "n = 16 to 32 seed(s) per arm" in words_of("toy", "ring", "curves")


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_is_shown_as_it_is_written(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plain, made = captions("PLAIN"), captions(title)
    shown = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    shown = " ".join(shown.split())
    for name, page in made.items():
        assert page.replace(shown, "PLAIN").replace(" ", "") == plain[name].replace(" ", ""), name
    assert shown in made["figure.rst"].replace("&#64;", "@")


def test_no_title_runs_in_a_browser(chromium: Chrome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "captions.html"
    page.write_text("".join(text for title in HOSTILE for text in captions(title).values()))
    show(chromium, page)
    assert chromium.title != "PWNED"
    assert "document.title='PWNED'" in chromium.page_source.replace("’", "'")
    page.write_text(f"<body>{HOSTILE[1].partition('html')[2]}</body>")
    show(chromium, page)
    assert chromium.title == "PWNED"
