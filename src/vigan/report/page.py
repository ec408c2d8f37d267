"""The content of the page. Every field is a value to display; templates escape it and compute nothing."""

from __future__ import annotations

from typing import Literal, NamedTuple

Facts = list[tuple[str, str]]


class Cell(NamedTuple):
    """One cell of a table: its text and, in smaller type, range and n."""

    text: str
    rest: str = ""


class Table(NamedTuple):
    """A table, its caption, and its CSV file.

    A folded table is shown on demand; a wrapped one has sentences in its cells.
    """

    caption: str
    columns: list[str]
    rows: list[list[Cell]]
    file: str = ""
    folded: bool = False
    wrapped: bool = False


class Picture(NamedTuple):
    """A figure: its number, what it shows in words, the command that draws it.

    A `chart` may change its colours on a dark page; `pictures` keep theirs.
    """

    number: int
    anchor: str
    source: str
    alt: str
    caption: str
    command: str
    kind: Literal["chart", "pictures"]


class Link(NamedTuple):
    """A place on the page."""

    label: str
    anchor: str


class Verdict(NamedTuple):
    """One claim of the article and this study's verdict.

    `mark` is a symbol beside the word, `tone` its style; `numbers` are estimate, interval, n and p;
    `changed` says how its rule differs from that recorded with the runs, `before` lists verdicts of earlier rules.
    """

    id: str
    experiment: str
    arms: str
    statement: str
    place: str
    rule: str
    verdict: str
    mark: str
    tone: str
    estimate: Cell
    numbers: Facts
    reason: str
    changed: str
    before: list[str]
    evidence: list[Link]


class Note(NamedTuple):
    """A titled text: its facts as (term, words)."""

    title: str
    facts: Facts


class Difference(NamedTuple):
    """How two arms differ: the words of `vigan diff`."""

    first: str
    second: str
    text: str


class Section(NamedTuple):
    """One experiment: what was compared, the rules of its events in words, its pictures and tables."""

    name: str
    title: str
    facts: Facts
    rules: list[str]
    pictures: list[Picture]
    tables: list[Table]


class SliderArm(NamedTuple):
    """One arm in the slider, with the picture shown before the slider is moved."""

    arm: str
    source: str
    missing: str
    alt: str


class SliderExperiment(NamedTuple):
    """The arms of one experiment, side by side in the slider; `pixelated` pictures keep hard edges when enlarged."""

    title: str
    step: str
    width: int
    height: int
    pixelated: bool
    arms: list[SliderArm]


class Block(NamedTuple):
    """Pictures of one experiment and seed, read by the page's script: {steps, arms: [{arm, pictures, missing}]}."""

    experiment: int
    seed: str
    data: dict[str, object]


class Slider(NamedTuple):
    """One slider through training: `last` is its rightmost position."""

    last: int
    seeds: list[str]
    note: str
    experiments: list[SliderExperiment]
    blocks: list[Block]


class Page(NamedTuple):
    """The whole report; a small one has no slider, and links its figures instead of embedding them."""

    study: str
    title: str
    summary: Facts
    warnings: list[str]
    claims: list[Verdict]
    sections: list[Section]
    slider: Slider | None
    arms: Table
    differences: list[Difference]
    schedules: list[Note]
    deviations: list[Note]
    protocols: list[Note]
    metrics: Table
    published: Table | None
    runs: Table
    failures: Table | None
    provenance: Facts
    tables: Facts
    figures: Table
    commands: Facts

    @property
    def is_whole(self) -> bool:
        """Whether its figures are in it, not beside it; a study of arms from elsewhere has no slider to tell by."""
        pictures = [picture for section in self.sections for picture in section.pictures]
        return self.slider is not None or all(picture.source.startswith("data:") for picture in pictures)
