"""Whatever a study holds, its figures can be drawn, compared byte by byte, read as text; all of them say n."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.text import Text
from matplotlib.transforms import TransformedBbox

from vigan.config.study import Study
from vigan.contents import FIGURES, figures_of
from vigan.figures import style
from vigan.stages.figures import Files, draw

from .made_up import ARMS, MANY, study_of, write_files


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Files]:
    study = study_of()
    return study, write_files(study, tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_files(study_of(arms=list(MANY)), tmp_path_factory.mktemp("many"))


@pytest.mark.parametrize("kind", FIGURES)
def test_a_figure_states_n_in_text_and_is_the_same_bytes_twice(
    kind: str, finished: tuple[Study, Files], tmp_path: Path
) -> None:
    study, files = finished
    study = study_of(baseline=True) if kind == "profile" else study
    for name in ("one", "two"):
        draw(kind, study, "circle", files, tmp_path / f"{name}.svg")
    drawn = (tmp_path / "one.svg").read_bytes()
    assert drawn == (tmp_path / "two.svg").read_bytes()
    assert re.search(r"<text[^>]*>[^<]*n = 3\b[^<]*</text>", drawn.decode())


@pytest.mark.parametrize(
    ("study", "steps"),
    [
        (study_of(arms=["k2-plain"], wild=False), (0, 20, 40, 60)),
        (study_of(seeds=1), (0, 20, 40, 60)),
        (study_of(seeds=2, arms=["k2-plain", "k2-regularised"]), (0, 60)),
        (study_of(seeds=1, arms=[]), (0, 20)),
        (study_of(seeds=2, wild=False), (0,)),
    ],
    ids=["one arm", "one seed", "two seeds", "all diverged", "one step"],
)
def test_small_studies_are_drawn_without_a_warning(study: Study, steps: tuple[int, ...], tmp_path: Path) -> None:
    files = write_files(study, tmp_path, steps=steps)
    for kind in figures_of(study.experiments["circle"]):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            draw(kind, study, "circle", files, tmp_path / f"{kind}.svg")
        assert b"n = " in (tmp_path / f"{kind}.svg").read_bytes()


@pytest.mark.parametrize("kind", [kind for kind in FIGURES if kind != "samples"])
def test_where_no_number_counts_a_figure_says_so_in_a_sentence_that_can_be_seen(kind: str, tmp_path: Path) -> None:
    """They ended in a traceback, and the page waited for them; that of survival was no pixel high."""
    study = study_of(baseline=True)
    files = write_files(study, tmp_path)
    for name in ("curves", "scores", "speed", "summary", "survival", "telemetry-curves"):
        table = files.tables / f"{name}.csv"
        table.write_text(table.read_text().splitlines()[0] + "\n")
    draw(kind, study, "circle", files, tmp_path / "drawn.svg")
    drawn = (tmp_path / "drawn.svg").read_text()
    assert re.search(r"<text[^>]*>(No|Of no) run [^<]*\.</text>", drawn)
    (height,) = re.findall(r'<svg [^>]*height="([\d.]+)pt"', drawn)
    texts = [float(y) for y in re.findall(r'<text[^>]* y="([\d.]+)"', drawn)]
    assert 0 < max(texts) < float(height)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("events", [True, False])
def test_a_map_tells_first_how_runs_ended_where_there_are_rules_of_it(
    events: bool, finished: tuple[Study, Files], tmp_path: Path
) -> None:
    study, files = finished
    if not events:
        files = write_files(study, tmp_path)
        table = files.tables / "speed.csv"
        table.write_text(table.read_text().splitlines()[0] + "\n")
    draw("map", study, "circle", files, tmp_path / "map.svg")
    titles = re.findall(r">(Runs that[^<]*|Modes captured[^<]*)<", (tmp_path / "map.svg").read_text())
    ends = ["Runs that came to a bad end\u00a0↓", "Runs that collapsed\u00a0↓", "Runs that got on track\u00a0↑"]
    assert titles == [*(ends if events else []), "Modes captured\u00a0↑"]


@pytest.mark.parametrize("arms", [ARMS, MANY], ids=["few", "many"])
@pytest.mark.parametrize("kind", FIGURES)
def test_no_word_is_cut_off(
    kind: str,
    arms: dict[str, object],
    finished: tuple[Study, Files],
    crowded: Files,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept, study = [], study_of(arms=list(arms), baseline=kind == "profile")
    monkeypatch.setattr(style, "save", lambda figure, _: kept.append(figure))
    draw(kind, study, "circle", crowded if arms is MANY else finished[1], tmp_path / "unused.svg")
    (figure,) = kept
    figure.canvas.draw()
    boxes = [TransformedBbox(figure.get_tightbbox(), figure.dpi_scale_trans)]
    boxes += [text.get_window_extent() for text in figure.findobj(Text) if not text.get_in_layout() and text.get_text()]
    page = figure.bbox.padded(2)
    for box in boxes:
        assert page.contains(box.x0, box.y0)
        assert page.contains(box.x1, box.y1)


def test_arms_are_told_apart_without_colour() -> None:
    many = style.looks({f"arm-{place}": place % 2 > 0 for place in range(8)}).values()
    assert len({look.marker for look in many}) == 8
    assert {look.dashed for look in many} == {True, False}


def test_an_arm_looks_the_same_in_all_figures(finished: tuple[Study, Files]) -> None:
    arms = finished[0].experiments["circle"].arms
    looks = style.looks({name: arm.regularised for name, arm in arms.items()})
    assert [name for name, look in looks.items() if look.dashed] == [*[a for a in ARMS if "plain" in a], "wild"]
