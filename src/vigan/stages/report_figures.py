"""The page's figures: their order, numbers, captions, and the commands that draw them again."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from vigan.config.study import Study
from vigan.contents import FIGURES
from vigan.layout import Layout
from vigan.report.cells import Cell, Table
from vigan.report.page import Picture
from vigan.stages.report_summary import apart_in_words

CURVES, SEEDS, SAMPLES = "curves", "seeds", "samples"
"""Kinds of figures that the page shows in its own way; the files are for papers, and a small page links the samples."""

PICTORIAL = {SAMPLES, "map"}
"""Figures whose colours carry meaning: dark mode does not change them."""

MOST_COMMANDS = 12
"""Commands, one a figure, beyond which their table is folded."""

Command = Callable[[Path | str], str]
Pictures = dict[tuple[str, str], Picture]


def command_for(config: Path, target: Path | str) -> str:
    """The shell command that makes one file again."""
    return shlex.join(["snakemake", "--cores", "all", "--configfile", str(config), "--", str(target)])


def pictures_of(study: Study, layout: Layout, command: Command, source: Callable[[Path], str]) -> Pictures:
    """Every figure of the study, numbered."""
    return {
        (kind, name): Picture(
            number=number,
            anchor=anchor_of(kind, name),
            source="" if kind in (CURVES, SEEDS) else source(path),
            alt=f"{study.experiments[name].title}. {FIGURES[kind]}.",
            caption=f"{FIGURES[kind][0].upper()}{FIGURES[kind][1:]}.{_not_trained(study, name)}",
            command=command(path),
            kind="pictures" if kind in PICTORIAL else "chart",
        )
        for number, ((kind, name), path) in enumerate(in_the_pages_order(layout).items(), start=1)
    }


def in_the_pages_order(layout: Layout) -> dict[tuple[str, str], Path]:
    """Every figure by (kind, experiment): samples, which the page shows first, then the others of each experiment."""
    return dict(sorted(layout.all_figures().items(), key=lambda figure: figure[0][0] != SAMPLES))


def anchor_of(kind: str, experiment: str) -> str:
    """Where the page shows a figure."""
    return f"figure-{kind}-{experiment}"


def _not_trained(study: Study, experiment: str) -> str:
    """Sentences of a caption that say which arms of an experiment were made elsewhere, and who says what is real."""
    chosen = study.experiments[experiment]
    stated = any(protocol.real for protocol in chosen.protocols)
    return (f" Not trained here: {apart_in_words(chosen)}." if chosen.elsewhere else "") + (
        " What real data have is as the study states it, where it was not measured here." if stated else ""
    )


def drawn_again(layout: Layout, pictures: Pictures, command: Command) -> Table:
    """One command a figure, movie and contact sheet."""
    drawn = [
        (f"Figure {picture.number}: {kind} of {name}", picture.command) for (kind, name), picture in pictures.items()
    ]
    movies = [
        (f"Movie of {first} and {second}", command(path)) for (first, second), path in layout.all_movies().items()
    ]
    sheets = [(f"Contact sheet of {name}", command(path)) for name, path in layout.all_contacts().items()]
    rows = [[Cell(what), Cell(how)] for what, how in [*drawn, *movies, *sheets]]
    return Table("Every figure alone, one command each.", ["figure", "command"], rows, folded=len(rows) > MOST_COMMANDS)
