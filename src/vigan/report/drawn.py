"""What a chart on the page is made of. Places are in units of a panel's view box, as text."""

from __future__ import annotations

from typing import NamedTuple

from vigan.report.cells import Cell, Table


class Arm(NamedTuple):
    """An arm as charts show it: its colour by name ("c0" to "c6", or "grey"), dashed where it has no regulariser.

    `mark` is said beside its name, such as where it was trained.
    """

    name: str
    tone: str
    dashed: bool = False
    mark: str = ""


class Tick(NamedTuple):
    """A tick of an axis."""

    at: str
    label: str


class Line(NamedTuple):
    """One arm's curve: `points` of its line, and `band`, the outline of its interval; `steps` are iterations."""

    arm: Arm
    steps: str
    points: str
    band: str
    per_iteration: float


class Panel(NamedTuple):
    """A pair of axes with lines in them; `real` is the height of what real data score, or nothing."""

    title: str
    width: int
    height: int
    lines: list[Line]
    across: list[Tick]
    up: list[Tick]
    real: str
    alt: str


class ChartFacet(NamedTuple):
    """Panels with a heading."""

    title: str
    panels: list[Panel]


class Chart(NamedTuple):
    """One metric over training; its numbers are in `table`, from which the page's script reads them.

    `flat`: it never moved. `logarithmic`: its values are on such an axis. `small`: one panel an arm. `plot`: between
    which places its time axis is drawn.
    """

    title: str
    protocol: str
    better: str
    flat: bool
    logarithmic: bool
    small: bool
    facets: list[ChartFacet]
    table: Table
    plot: tuple[int, int]


class Unit(NamedTuple):
    """A unit of the time axis: its name, its words, and whether the page shows it first."""

    name: str
    words: str
    chosen: bool


class Charts(NamedTuple):
    """All curves of an experiment, the arms in them, and how an iteration of each arm counts in each unit of time.

    `unit` is what their time axis counts before it is switched; `costs` are rows (arm, numbers by unit); a unit that
    is missing is not known for that arm.
    """

    anchor: str
    number: int
    unit: str
    note: str
    arms: list[Arm]
    charts: list[Chart]
    costs: list[tuple[str, dict[str, str]]]

    @property
    def opened(self) -> int:
        """How many charts, the first ones, are shown unfolded: of four those that move, of panels an arm one."""
        return 1 if self.charts[0].small else 1 + sum(not chart.flat for chart in self.charts[1:4])

    @property
    def wide(self) -> bool:
        """Whether the first chart has a row to itself, since unfolded ones would leave half a row empty."""
        return not self.charts[0].small and self.opened % 2 == 1


class DotRow(NamedTuple):
    """One arm's runs on one scale: paths of a dot a run, of crosses for runs without a value, of center and interval.

    `columns` are the places of the dots' seeds in the chart's table; `told` is the center in numbers.
    """

    arm: Arm
    dots: str
    columns: str
    lost: str
    center: str
    told: Cell
    alt: str


class DotFacet(NamedTuple):
    """Rows with a heading."""

    title: str
    rows: list[DotRow]

    @property
    def size(self) -> int:
        """How many rows."""
        return len(self.rows)


class DotChart(NamedTuple):
    """Every run's last value of one metric, a row an arm; `across` are ticks, `real` is the place of real data.

    `center`: "mean" or "median", whichever the rows tell. `flat`: all values are the same. `logarithmic`: the scale is.
    """

    title: str
    protocol: str
    better: str
    flat: bool
    logarithmic: bool
    center: str
    width: int
    height: int
    facets: list[DotFacet]
    across: list[Tick]
    real: str
    table: Table


class Dots(NamedTuple):
    """Every run of an experiment."""

    anchor: str
    number: int
    note: str
    charts: list[DotChart]
