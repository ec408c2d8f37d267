"""The import graph of the package's rooms, as a matrix in docs/architecture.md: `python -m vigan.bench.imports`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import grimp
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from vigan.figures.style import FAINT, INK, SOFT, save

OUT = Path("docs/pictures/imports.svg")
SIDE = 8.2
"""Width of the figure in inches."""
COLOURS = "Blues"


def layers(pyproject: Path) -> list[list[str]]:
    """The rooms as the import contract orders them: a room imports only from layers below its own."""
    settings = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = (one for one in settings["contracts"] if one.get("containers") == ["vigan"])
    return [[room.strip() for room in layer.split("|")] for layer in contract["layers"]]


def imports(rooms: Sequence[str]) -> dict[tuple[str, str], int]:
    """Number of imports of a module of one room in a module of another, by (importer, imported)."""
    graph = grimp.build_graph("vigan", cache_dir=None)
    counts = dict[tuple[str, str], int]()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            pair = _room(module), _room(imported)
            if pair[0] != pair[1] and set(pair) <= set(rooms):
                counts[pair] = counts.get(pair, 0) + 1
    return counts


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def draw(rooms: Sequence[str], counts: Mapping[tuple[str, str], int], ends: Sequence[int]) -> Figure:
    """The matrix of imports, importers in rows; `ends` are the places after which a layer ends."""
    table = np.array([[counts.get((row, column), 0) for column in rooms] for row in rooms])
    figure, axis = plt.subplots(figsize=(SIDE, SIDE))
    axis.pcolormesh(np.ma.masked_equal(np.sqrt(table), 0), cmap=COLOURS, vmin=-1, vmax=2 * np.sqrt(table.max()))
    for (row, column), count in np.ndenumerate(table):
        if count:
            axis.text(column + 0.5, row + 0.5, str(count), ha="center", va="center", color=INK, fontsize=8)
    axis.plot([0, len(rooms)], [0, len(rooms)], color=SOFT, linewidth=1)
    for end in ends:
        axis.axhline(end, color=FAINT, linewidth=0.8)
        axis.axvline(end, color=FAINT, linewidth=0.8)
    places = np.arange(len(rooms)) + 0.5
    axis.set_xticks(places, rooms, rotation=90)
    axis.set_yticks(places, rooms)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.grid(visible=False)
    axis.set(ylim=(len(rooms), 0), aspect="equal", ylabel="room that imports")
    axis.set_title("Imports between modules, by room: of the room above, in that at the left", loc="left")
    return figure


def picture(pyproject: Path) -> Figure:
    """The matrix of the package as it is."""
    ordered = layers(pyproject)
    rooms = [room for layer in ordered for room in layer]
    return draw(rooms, imports(rooms), np.cumsum([len(layer) for layer in ordered])[:-1].tolist())


def main() -> None:
    """Draw the matrix into the documentation."""
    save(picture(Path("pyproject.toml")), OUT)


if __name__ == "__main__":
    main()
