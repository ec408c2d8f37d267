"""The map puts each arm into the cell of its K and lambda, writes number and n there, and mixes no arms."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from vigan.config.arms import Arm
from vigan.figures.heatmap import PALETTE, Panel, cells, draw, shares
from vigan.figures.style import luminance

from .made_up import words

CELLS = {"k1": (1, 0.0), "k1-reg": (1, 1.0), "k5": (5, 0.0), "k5-reg": (5, 1.0)}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def _arm(k: int = 2, **settings: object) -> Arm:
    row = {"network": {"kind": "mlp"}, "reading": "proximal", "d_batches": 1, "g_batches": 1, "updates_per_batch": k}
    return Arm.model_validate({**row, **({} if "lambda_mean" in settings else {"lambda_sum": 0.0}), **settings})


ARMS = {name: _arm(k, lambda_sum=weight) for name, (k, weight) in CELLS.items()}


def _summary(means: tuple[float, ...] = (7.0, 6.0, 0.25, 8.0)) -> pd.DataFrame:
    rows = [(arm, "modes", 16, mean, 0.0, 8.0, mean - 1, mean + 1, 0) for arm, mean in zip(CELLS, means, strict=True)]
    columns = ["arm", "metric", "n", "center", "low", "high", "ci_low", "ci_high", "diverged"]
    return pd.DataFrame(rows, columns=columns)


def _figure(summary: pd.DataFrame, arms: dict[str, Arm] = ARMS, better: str = "higher") -> Figure:
    return draw(summary, {"modes": Panel("Modes", "toy-modes", better)}, "A ring", cells(arms))


def _cell(axis: Axes, column: int, row: int) -> str:
    (text,) = [text for text in axis.texts if text.get_position() == (column + 0.5, row + 0.5)]
    return text.get_text()


def test_each_arm_is_in_the_cell_of_its_k_and_lambda_with_its_number_interval_and_n() -> None:
    (axis,) = _figure(_summary()).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["1", "5"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "1"]
    assert _cell(axis, 0, 0) == "7.00\n6.00 to 8.00\nn = 16"
    assert _cell(axis, 1, 0) == "6.00\n5.00 to 7.00\nn = 16"
    assert _cell(axis, 0, 1) == "0.25\n−0.75 to 1.25\nn = 16"
    assert _cell(axis, 1, 1) == "8.00\n7.00 to 9.00\nn = 16"


@pytest.mark.parametrize(("better", "brightest"), [("higher", (1, 1)), ("lower", (1, 0)), ("none", (1, 1))])
def test_the_better_a_cell_the_brighter(better: str, brightest: tuple[int, int]) -> None:
    figure = _figure(_summary(), better=better)
    (mesh,) = [mesh for mesh in figure.axes[0].collections if isinstance(mesh, QuadMesh)]
    figure.canvas.draw()
    bright = [luminance(colour) for colour in np.asarray(mesh.get_facecolors())]
    assert tuple(np.unravel_index(np.argmax(bright), (2, 2))) == brightest
    assert mesh.get_cmap().name.startswith(PALETTE)


def test_text_contrasts_with_its_cell() -> None:
    figure = _figure(_summary())
    figure.canvas.draw()
    (mesh,) = [mesh for mesh in figure.axes[0].collections if isinstance(mesh, QuadMesh)]
    inks = [text.get_color() for text in figure.axes[0].texts if "n = " in text.get_text()]
    for fill, ink in zip(np.asarray(mesh.get_facecolors()), inks, strict=True):
        dark, light = sorted((luminance(fill), luminance(to_rgb(ink))))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_a_cell_without_a_value_and_runs_that_diverged_are_told() -> None:
    summary = _summary()
    summary.loc[2, ["n", "center", "low", "high", "ci_low", "ci_high", "diverged"]] = [0, *[np.nan] * 5, 16]
    summary.loc[3, ["n", "diverged"]] = [2, 14]
    (axis,) = _figure(summary).axes
    assert _cell(axis, 0, 1) == "no value\nn = 0\n16 diverged"
    assert _cell(axis, 1, 1) == "8.00\n0.00 to 8.00\nn = 2\n14 diverged"


def _colours(axis: Axes) -> np.ndarray:
    """The colour of every cell, row by row, from the lowest K."""
    axis.figure.canvas.draw()
    (mesh,) = [mesh for mesh in axis.collections if isinstance(mesh, QuadMesh)]
    return np.asarray(mesh.get_facecolors())


def test_what_may_be_chance_is_not_painted_bright() -> None:
    """0.001 beside 0.002, known to 0.3, were yellow beside blue."""
    uncertain = _summary((0.001, 0.002, 0.001, 0.001)).assign(ci_low=0.0, ci_high=0.3)
    certain = uncertain.assign(ci_low=uncertain["center"] - 1e-4, ci_high=uncertain["center"] + 1e-4)
    spread = [np.ptp(_colours(_figure(summary).axes[0]), axis=0).max() for summary in (uncertain, certain)]
    assert spread[0] < 0.05 < 0.5 < spread[1]


def test_an_event_has_the_share_of_runs_that_had_it_and_its_exact_interval_however_few_they_are() -> None:
    counts = pd.DataFrame({"arm": list(CELLS), "event": "lost", "n": [16, 3, 16, 16], "events": [16, 1, 0, 4]})
    panels = {"lost": Panel("Lost ↓", "share of runs", "lower", share=True), "modes": Panel("Modes", "toy", "higher")}
    figure = draw(pd.concat([_summary(), shares(counts)]), panels, "A ring", cells(ARMS))
    lost, _ = figure.axes
    assert _cell(lost, 0, 0) == "1.00\n0.79 to 1.00\nn = 16"
    assert _cell(lost, 1, 0) == "0.33\n0.01 to 0.91\nn = 3"
    assert _cell(lost, 0, 1) == "0.00\n0.00 to 0.21\nn = 16"
    assert _cell(lost, 1, 1) == "0.25\n0.07 to 0.52\nn = 16"
    note = "Of events: share of the runs, its exact 95% interval, number of runs."
    assert any(note in word for word in words(figure))
    assert not any(note in word for word in words(_figure(_summary())))
    alone = draw(shares(counts.assign(n=1, events=1)), {"lost": panels["lost"]}, "A ring", cells(ARMS))
    assert _cell(alone.axes[0], 0, 0) == "1.00\n0.03 to 1.00\nn = 1"
    assert not any("last values" in word for word in words(alone))


def test_a_cell_that_no_arm_has_stays_empty() -> None:
    arms = {name: arm for name, arm in ARMS.items() if name != "k1-reg"}
    (axis,) = _figure(_summary(), arms).axes
    assert len([text for text in axis.texts if "n = " in text.get_text()]) == 3


@pytest.mark.parametrize(
    "other",
    [
        _arm(3, optimiser={"kind": "adam"}),
        _arm(3, lambda_sum=1.0, batch_size=32),
        _arm(3, stabilisers={"r1": {"gamma": 1.0}}),
        _arm(3, lambda_mean=1.0),
        _arm(1, reading="literal"),
    ],
    ids=["optimiser", "batch", "stabiliser", "reduction", "same cell"],
)
def test_arms_that_have_no_place_of_their_own_are_left_out_by_name(other: Arm) -> None:
    arms = {**ARMS, "other": other}
    shown = cells(arms)
    assert {arm: cell for cell, arm in shown.arms.items()} == CELLS
    assert shown.left_out == ["other"]
    assert any(word.endswith(": other.") for word in words(_figure(_summary(), arms)))


def test_readings_are_told_by_their_k() -> None:
    arms = {"literal": _arm(1, reading="literal"), "released": _arm(2, reading="released", lambda_sum=5.0)}
    assert cells(arms).arms == {(1, 0.0): "literal", (2, 5.0): "released"}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_axis_names_the_reduction_of_lambda(reduction: str) -> None:
    arms = {name: _arm(k, **{f"lambda_{reduction}": weight}) for name, (k, weight) in CELLS.items()}
    (axis,) = _figure(_summary(), arms).axes
    assert axis.get_xlabel() == f"λ (times the {reduction} over coordinates)"
    assert axis.get_ylabel() == "K: G updates per batch"


def test_a_number_that_rounds_to_nothing_has_no_minus() -> None:
    (axis,) = _figure(_summary((7.0, 6.0, -0.001, 8.0))).axes
    assert _cell(axis, 0, 1) == "0.00\n−1.00 to 1.00\nn = 16"


@pytest.mark.parametrize("panels", [1, 2, 3])
@pytest.mark.parametrize("largest", [0.004, 0.95, -0.95, 8.0, 25.0, 760.0, 1900.0, -12345.0])
def test_what_a_cell_says_stays_within_it(largest: float, panels: int) -> None:
    places = [(k, weight) for k in (1, 2, 3, 5, 10) for weight in (0.0, 0.01, 0.1, 1.0, 5.0)]
    arms = {f"k{k}-l{weight}": _arm(k, lambda_sum=weight) for k, weight in places}
    means = np.geomspace(largest / 500, largest / 1.1, len(arms))
    rows = [
        (arm, metric, 16, mean, 0.0, largest, mean / 1.1, mean * 1.1, 12)
        for metric in "abc"[:panels]
        for arm, mean in zip(arms, means, strict=True)
    ]
    summary = pd.DataFrame(rows, columns=_summary().columns)
    shown = {metric: Panel(metric, "toy-modes", "higher") for metric in "abc"[:panels]}
    figure = draw(summary, shown, "A ring", cells(arms))
    figure.set_dpi(300)
    figure.canvas.draw()
    axis = figure.axes[0]
    texts = [text for text in axis.texts if "n = " in text.get_text()]
    assert len(texts) == len(arms)
    assert max(text.get_window_extent().width for text in texts) < axis.get_window_extent().width / 5
    assert max(text.get_window_extent().height for text in texts) < axis.get_window_extent().height / 5


def test_a_measure_that_the_arms_of_the_map_lack_has_no_panel() -> None:
    """Numbers that were made elsewhere, beside a map of arms that were trained here, were a KeyError."""
    theirs = _summary().iloc[:1].assign(arm="theirs", metric="fid")
    panels = {"modes": Panel("Modes", "toy-modes", "higher"), "fid": Panel("FID", "elsewhere", "lower")}
    assert len(draw(pd.concat([_summary(), theirs]), panels, "A ring", cells(ARMS)).axes) == 1
    some = draw(_summary().iloc[1:], {"modes": panels["modes"]}, "A ring", cells(ARMS))
    assert "7.00" not in words(some)


def test_the_range_of_few_runs_is_not_called_an_interval() -> None:
    few = _summary().assign(n=5, ci_low=np.nan, ci_high=np.nan)
    told = {
        "its 95% interval, number": _summary(),
        "the lowest and highest, number": few,
        "its 95% interval (of few runs the lowest and highest), number": pd.concat([_summary()[:2], few[2:]]),
    }
    for words_, summary in told.items():
        assert any(words_ in word for word in words(_figure(summary)))


def test_arms_that_differ_in_k_and_lambda_alone_are_not_said_to_differ_in_more() -> None:
    arms = {
        **ARMS,
        "crowded": _arm(1, reading="literal"),
        "mean": _arm(3, lambda_mean=1.0),
        "other": _arm(batch_size=8),
    }
    told = " ".join(words(_figure(_summary(), arms)))
    assert "since they differ in more than K and λ: other." in told
    assert "since their cell is another arm's, or their λ multiplies the mean: crowded, mean." in told
