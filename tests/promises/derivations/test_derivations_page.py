"""Every line of docs/derivations.md is held by a test, and every test of a derivation has its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "derivations.md"
LINKS = re.findall(r"\[(test_\w+\.py)::(test_\w+)\]\(([^)]+)\)", PAGE.read_text(encoding="utf-8"))


def names_in(file: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), flags=re.MULTILINE))


@pytest.mark.parametrize(("file", "test", "target"), LINKS, ids=[test for _, test, _ in LINKS])
def test_a_linked_test_exists(file: str, test: str, target: str) -> None:
    path = PAGE.parent / target
    assert path.name == file
    assert test in names_in(path)


def test_the_page_leaves_out_no_test_of_a_derivation() -> None:
    linked = {(file, test) for file, test, _ in LINKS}
    files = [file for file in Path(__file__).parent.glob("test_derivations_*.py") if file != Path(__file__)]
    assert len(files) == 5
    assert {(file.name, test) for file in files for test in names_in(file)} <= linked


def test_every_mention_of_a_test_is_a_link() -> None:
    assert PAGE.read_text(encoding="utf-8").count("::") == len(LINKS)


def test_every_test_of_a_derivation_names_its_equation() -> None:
    for file in Path(__file__).parent.glob("test_derivations_*.py"):
        if file != Path(__file__):
            text = file.read_text(encoding="utf-8")
            for test in names_in(file):
                docstring = re.search(rf'def {test}\(.*?"""(.+?)"""', text, flags=re.DOTALL)
                assert docstring is not None
                assert re.search(r"\d", docstring[1]), test
