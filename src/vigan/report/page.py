"""The content of the page. Every field is a value to display; templates escape it and compute nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from vigan.report.cells import Cell, Table
from vigan.report.drawn import Charts, Dots, Unit

Facts = list[tuple[str, str]]


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
    `changed` says how its rule differs from that recorded with the runs, `older_form` that they keep it in an
    earlier version's form, which cannot be compared; `before` lists verdicts of earlier rules.
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
    older_form: bool
    before: list[str]
    evidence: list[Link]

    @property
    def rewritten(self) -> bool:
        """Whether its rule was written after the runs: they keep another, or one in an earlier version's form."""
        return bool(self.changed) or self.older_form


class Effect(NamedTuple):
    """One cell of a matrix: how much an arm differs, and whether that is better ("better", "worse", "open", "same").

    `mark` is a symbol for it. Of an arm that is compared with none: its value, without tone and mark.
    """

    number: Cell
    tone: str
    mark: str


class MatrixRow(NamedTuple):
    """An arm against another, if it is: its effect on each metric, and claims about it or both, with verdicts."""

    arm: str
    against: str
    effects: list[Effect]
    verdicts: list[tuple[Link, str, str, str]]


class MatrixFacet(NamedTuple):
    """Rows with a heading."""

    title: str
    rows: list[MatrixRow]


class Matrix(NamedTuple):
    """Arms against their partners: a column a metric."""

    caption: str
    metrics: list[tuple[str, str]]
    facets: list[MatrixFacet]
    decided: bool


class Count(NamedTuple):
    """How many claims got a verdict."""

    number: int
    verdict: str
    mark: str
    tone: str


class Headline(NamedTuple):
    """One experiment in one sentence, and its own verdicts where there are several experiments."""

    anchor: str
    title: str
    sentence: str
    counts: Sequence[Count] = ()


class Shot(NamedTuple):
    """A picture of samples and its caption; without a picture, why there is none."""

    source: str
    caption: str
    alt: str
    missing: str = ""
    mark: str = ""


class SampleRow(NamedTuple):
    """An arm's samples across training, or real data's; `mark` is said beside its name."""

    name: str
    shots: list[Shot]
    mark: str = ""


class Samples(NamedTuple):
    """Samples of an experiment: real data first, then arms, all on the same latents; `steps` head the columns.

    `more` are the arms that are folded; `points`: they are points, not images.
    """

    anchor: str
    number: int
    title: str
    note: str
    steps: list[str]
    rows: list[SampleRow]
    more: list[SampleRow]
    pixelated: bool
    points: bool


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
    """One experiment: what was compared, the rules of its events in words, effects, curves, runs, pictures, tables."""

    name: str
    title: str
    facts: Facts
    rules: list[str]
    matrix: Matrix | None
    charts: Charts | None
    dots: Dots | None
    pictures: list[Picture]
    tables: list[Table]


class SliderArm(NamedTuple):
    """One arm in the slider, with the picture shown before the slider is moved; `mark` is said beside its name."""

    arm: str
    source: str
    missing: str
    alt: str
    mark: str = ""


class SliderExperiment(NamedTuple):
    """The arms of one experiment, side by side in the slider, after `real` examples, if they may be shown.

    `pixelated` pictures keep hard edges when enlarged.
    """

    title: str
    step: str
    width: int
    height: int
    pixelated: bool
    real: str
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
    """The whole report; a small one has no slider, and links its figures instead of embedding them.

    `lead` says what was run; `derivation`: whether an arm has the article's regulariser; `differing`: of each
    experiment, what its arms share and what differs.
    """

    study: str
    title: str
    lead: str
    derivation: bool
    headlines: list[Headline]
    counts: list[Count]
    strip: list[Shot]
    samples: list[Samples]
    sample_pictures: list[Picture]
    units: list[Unit]
    summary: Facts
    warnings: list[str]
    claims: list[Verdict]
    sections: list[Section]
    slider: Slider | None
    differing: list[tuple[str, Facts, Table]]
    arms: Table
    differences: list[Difference]
    schedules: list[Note]
    deviations: list[Note]
    protocols: list[Note]
    metrics: Table
    published: Table | None
    runs: Table
    failures: Table | None
    no_failure: str
    provenance: Facts
    tables: Facts
    figures: Table
    commands: Facts

    @property
    def is_whole(self) -> bool:
        """Whether its figures are in it, not beside it; a study of arms from elsewhere has no slider to tell by."""
        pictures = [*self.sample_pictures, *(picture for section in self.sections for picture in section.pictures)]
        return self.slider is not None or all(picture.source.startswith("data:") for picture in pictures)
