"""A study's words are no markup in the captions of `snakemake --report`, whatever they are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from docutils.core import publish_parts
from jinja2 import Template
from studies import TINY

from vigan.bench.browser import show
from vigan.config.load import load_study
from vigan.report.captions import escaped

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CAPTIONS = sorted((Path(__file__).parents[2] / "workflow" / "report").glob("*.rst"))
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
    config = escaped(load_study(file).model_dump(mode="json"))
    wildcards = {"experiment": "circle", "kind": "curves", "first": "plain", "second": "regularised"}
    told = SimpleNamespace(config=config, wildcards=SimpleNamespace(**wildcards))
    settings = {"halt_level": 3, "warning_stream": ""}
    made = {}
    for caption in CAPTIONS:
        text = Template(caption.read_text()).render(snakemake=told)
        parts = publish_parts(text, writer="html", settings_overrides=settings)
        made[caption.name] = parts["html_title"] + parts["body"]
    return made


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
