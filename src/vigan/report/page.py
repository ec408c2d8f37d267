"""What the page is made of, and its rendering. Templates escape every value and compute nothing."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import NamedTuple

import jinja2


class Picture(NamedTuple):
    """A figure with what it shows in words."""

    source: str
    alt: str
    caption: str
    command: str


class Table(NamedTuple):
    """A table as text, its caption, and the CSV it stands in."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    file: str


class Note(NamedTuple):
    """A titled text: its facts as (term, words)."""

    title: str
    facts: list[tuple[str, str]]


class Section(NamedTuple):
    """One experiment: what was compared, how its arms differ, its pictures and tables."""

    name: str
    title: str
    facts: list[tuple[str, str]]
    differences: list[str]
    pictures: list[Picture]
    tables: list[Table]


class Page(NamedTuple):
    """The whole report."""

    study: str
    title: str
    summary: list[tuple[str, str]]
    warnings: list[str]
    sections: list[Section]
    arms: Table
    runs: Table
    deviations: list[Note]
    provenance: list[tuple[str, str]]
    tables: list[tuple[str, str]]
    commands: list[tuple[str, str]]


def render(page: Page) -> str:
    """The page as one HTML file that loads nothing from anywhere."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(page=page)


def embed(picture: Path) -> str:
    """A data URI of an SVG or PNG file, so that the page needs no other file."""
    kind = {".svg": "image/svg+xml", ".png": "image/png"}[picture.suffix]
    return f"data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}"
