from __future__ import annotations

import re
from pathlib import Path

import pytest

from vigan.bench.imports import OUT, imports, layers, picture
from vigan.figures.style import save

ROOT = Path(__file__).parents[2]


def test_every_import_between_rooms_leads_down() -> None:
    ordered = layers(ROOT / "pyproject.toml")
    depth = {room: place for place, layer in enumerate(ordered) for room in layer}
    counts = imports(list(depth))
    assert counts["cli", "config"] > 1
    assert all(depth[importer] < depth[imported] for importer, imported in counts)


def test_every_room_is_in_the_picture_and_on_its_page() -> None:
    found = [path for path in (ROOT / "src" / "vigan").iterdir() if not path.name.startswith("__")]
    rooms = {path.stem for path in found if path.is_dir() or path.suffix == ".py"}
    assert {room for layer in layers(ROOT / "pyproject.toml") for room in layer} == rooms
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert {room for room in rooms if f"`{room}`" not in page} == set()


def test_what_the_page_names_is_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:\w+/)+\w+\.py)`, `_?([\w-]+)`", page)
    assert len(named) > 9
    for file, name in named:
        assert name in (ROOT / "src" / "vigan" / file).read_text(encoding="utf-8"), (file, name)


@pytest.mark.generated
def test_the_picture_in_the_documentation_is_that_of_the_package(tmp_path: Path) -> None:
    save(picture(ROOT / "pyproject.toml"), tmp_path / "now.svg")
    assert (ROOT / OUT).read_text(encoding="utf-8") == (tmp_path / "now.svg").read_text(encoding="utf-8"), (
        "type: make generated"
    )
