"""Rendering of the page as one HTML file with a strict Content-Security-Policy."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from vigan.io.files import RecordError
from vigan.report.cells import Table
from vigan.report.index_page import Index
from vigan.report.page import Page

TEMPLATES = Path(__file__).parent / "templates"
STYLES = ("page.css", "first.css", "charts.css", "tables.css", "print.css")
SCRIPTS, SLIDER = ("compare.js", "tables.js", "folds.js", "curves.js", "filter.js"), ("slider.js",)
POLICY = (
    "default-src 'none'; img-src {images}; script-src '{script}'; style-src '{style}'; "
    "base-uri 'none'; form-action 'none'"
)
WITHIN, BESIDE = "data:", "'self' file:"
"""Allowed sources of images: the page itself, or its own server and files beside it."""


def render(page: Page) -> str:
    """The page as one HTML file that runs only its own script and loads nothing (a small one: its figures)."""
    style, script = joined(STYLES), joined(SCRIPTS + SLIDER if page.slider else SCRIPTS)
    policy = POLICY.format(images=WITHIN if page.is_whole else BESIDE, script=_digest(script), style=_digest(style))
    return _template("report.html").render(page=page, policy=policy, style=Markup(style), script=Markup(script))  # noqa: S704 - our own files


def render_table(table: Table) -> str:
    """One table as an HTML file, for `snakemake --report`."""
    style = joined(STYLES)
    policy = POLICY.format(images=WITHIN, script="none", style=_digest(style)).replace("script-src 'none'; ", "")
    return _template("table.html").render(table=table, policy=policy, style=Markup(style))  # noqa: S704 - our own file


def render_index(index: Index) -> str:
    """The index of studies as an HTML file without script."""
    style = joined(STYLES)
    policy = POLICY.format(images=WITHIN, script="none", style=_digest(style)).replace("script-src 'none'; ", "")
    return _template("index.html").render(index=index, policy=policy, style=Markup(style))  # noqa: S704 - our own file


def embed(picture: Path) -> str:
    """A data URI of an SVG file, as text instead of base64, which is a third smaller."""
    return "data:image/svg+xml," + quote(picture.read_text(encoding="utf-8"), safe=" !$()*+,-./:;=?@_~")


def link(file: Path, page: Path) -> str:
    """The URL of a file as seen from a page. Raises RecordError if it is not there."""
    if not file.is_file():
        raise RecordError(f"{file}: not there yet; make it first")
    return quote(Path(os.path.relpath(file, page.parent)).as_posix())


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def joined(names: Iterable[str]) -> str:
    """The lines of files, without their indentation and the comments of scripts."""
    lines = (line.strip() for name in names for line in (TEMPLATES / name).read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _digest(text: str) -> str:
    """The policy's hash of an inline script or style with exactly this text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
