"""Curves as the page draws them: geometry for inline SVG, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from vigan.report.cells import Cell, Table
from vigan.report.drawn import Arm, Chart, ChartFacet, Line, Panel, Tick
from vigan.report.scale import Scale, scale_of
from vigan.report.tables import interval, number
from vigan.report.ticks import ticks

WIDE, HIGH = 460, 240
"""Size of a panel that shows several arms, in units of its view box."""
NARROW, LOW = 230, 150
"""Size of a panel that shows one arm beside the baseline."""
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 8, 24
"""Space around the axes of a panel."""
GREY = "grey"
"""The tone of a partner, whose line alone is drawn."""
CURVE_COLUMNS = ["arm", "step", "n", "center", "ci_low", "ci_high", "low", "high"]


class Axis(NamedTuple):
    """A time axis: its unit in words, and how many of it an iteration of each arm takes."""

    unit: str
    per_iteration: Mapping[str, float]


class Subject(NamedTuple):
    """One metric of one experiment: its curves (columns `CURVE_COLUMNS`), title, protocol, and value of real data."""

    curves: pd.DataFrame
    title: str
    protocol: str
    better: str
    real: float | None
    bounded: bool = True
    """Whether it has a highest value; measures without one, such as distances, may need a logarithmic axis."""
    counted: str = "iteration"
    """What a step is."""


class Group(NamedTuple):
    """Arms that are drawn together, and what they have in common."""

    title: str
    arms: Sequence[Arm]


class _Plot(NamedTuple):
    """From data to the units of a view box."""

    width: int
    height: int
    longest: float
    scale: Scale

    def x(self, value: float) -> float:
        """Horizontal place."""
        return LEFT + (self.width - LEFT - RIGHT) * (value / self.longest if self.longest else 0.0)

    def y(self, value: float) -> float:
        """Vertical place; beyond the axis at its edge."""
        return TOP + (self.height - TOP - BOTTOM) * (1 - self.scale.share(value))


def chart(subject: Subject, groups: Sequence[Group], axis: Axis, partners: Mapping[str, Arm], *, small: bool) -> Chart:
    """One metric over training: a panel for each group of arms or, if `small`, for each arm beside its partner."""
    parts = {str(arm): part for arm, part in subject.curves.groupby("arm", sort=False)}
    plot = _plot(subject, axis, *((NARROW, LOW) if small else (WIDE, HIGH)))
    facets = [
        ChartFacet(group.title, [_panel(subject, parts, arms, axis, plot) for arms in _panels(group, partners, small)])
        for group in groups
    ]
    steps = sorted({int(step) for step in subject.curves["step"]})
    return Chart(
        title=subject.title,
        protocol=subject.protocol,
        better=subject.better,
        flat=_flat(subject),
        logarithmic=plot.scale.logarithmic,
        small=small,
        facets=facets,
        table=_table(parts, steps, subject.counted),
        plot=(LEFT, plot.width - RIGHT),
    )


def _panels(group: Group, partners: Mapping[str, Arm], small: bool) -> list[list[Arm]]:
    """Which arms each panel of a group shows: all, or each alone after its partner in grey."""
    if not small:
        return [list(group.arms)]
    return [[*([partners[arm.name]._replace(tone=GREY)] if arm.name in partners else []), arm] for arm in group.arms]


def _flat(subject: Subject) -> bool:
    """Whether nothing of it moves, in any run of any arm."""
    values = subject.curves[["low", "high"]].to_numpy(float)
    return bool(len(values)) and values.min() == values.max()


def _plot(subject: Subject, axis: Axis, width: int, height: int) -> _Plot:
    curves = subject.curves
    times = [step * axis.per_iteration[arm] for arm, step in zip(curves["arm"], curves["step"], strict=True)]
    known, ends = curves[["center", "low", "high"]].to_numpy(float), curves[["ci_low", "ci_high"]].to_numpy(float)
    scale = scale_of(known.ravel(), ends.ravel(), subject.real, bounded=subject.bounded, margin=0.05)
    return _Plot(width, height, max(times, default=1.0), scale)


def _panel(subject: Subject, parts: Mapping[str, pd.DataFrame], arms: Sequence[Arm], axis: Axis, plot: _Plot) -> Panel:
    shown = [arm for arm in arms if arm.name in parts]
    across, scale = 5 if plot.width == WIDE else 3, plot.scale
    return Panel(
        title=arms[-1].name if plot.width == NARROW else "",
        width=plot.width,
        height=plot.height,
        lines=[_line(parts[arm.name], arm, axis, plot) for arm in shown],
        across=[Tick(_r(plot.x(at)), number(at)) for at in ticks(0.0, plot.longest, across)],
        up=[Tick(_r(plot.y(at)), number(at)) for at in scale.ticks(9 if scale.logarithmic else 5)],
        real="" if subject.real is None or subject.real < scale.lowest else _r(plot.y(subject.real)),
        alt=_alt(subject, [(arm, parts[arm.name]) for arm in shown]),
    )


def _line(part: pd.DataFrame, arm: Arm, axis: Axis, plot: _Plot) -> Line:
    """A line through the centers and a band of its interval, or of the range where there is no interval."""
    part = part.dropna(subset="center").sort_values("step")
    low, high = part["ci_low"].fillna(part["low"]), part["ci_high"].fillna(part["high"])
    per = axis.per_iteration[arm.name]
    xs = [_r(plot.x(step * per)) for step in part["step"]]
    ends = [*zip(xs, map(plot.y, high), strict=True), *reversed([*zip(xs, map(plot.y, low), strict=True)])]
    return Line(
        arm=arm,
        steps=" ".join(str(int(step)) for step in part["step"]),
        points=" ".join(f"{x},{_r(plot.y(y))}" for x, y in zip(xs, part["center"], strict=True)),
        band=" ".join(f"{x},{_r(y)}" for x, y in ends) if arm.tone != GREY and (high > low).any() else "",
        per_iteration=per,
    )


def _alt(subject: Subject, shown: Sequence[tuple[Arm, pd.DataFrame]]) -> str:
    last = [
        f"{arm.name} {number(float(known['center'].iloc[-1]))}"
        for arm, part in shown
        if len(known := part.dropna(subset="center").sort_values("step"))
    ]
    return f"{subject.title} over training; last values: {', '.join(last) or 'none is finite'}."


def _table(parts: Mapping[str, pd.DataFrame], steps: Sequence[int], counted: str) -> Table:
    """The curves: a row an arm, a column a step (an iteration, or what else is `counted`).

    Empty where an arm was not measured, a dash without a value.
    """
    rows = [[Cell(arm), *_row(part, steps)] for arm, part in parts.items()]
    words = "In numbers: the line and its band."
    return Table(words, [f"arm, by {counted}", *(f"{step:,}" for step in steps)], rows, folded=True, named=True)


def _row(part: pd.DataFrame, steps: Sequence[int]) -> list[Cell]:
    known = dict(zip(map(int, part["step"]), map(_value, part.itertuples()), strict=True))
    return [known.get(step, Cell("")) for step in steps]


def _value(row) -> Cell:  # noqa: ANN001 - a named tuple made by pandas
    if row.center != row.center:
        return Cell("–")
    ends = (row.low, row.high) if row.ci_low != row.ci_low else (row.ci_low, row.ci_high)
    single = row.n == 1 or row.low == row.high
    return Cell(number(float(row.center)), "" if single else interval(*ends))


def _r(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
