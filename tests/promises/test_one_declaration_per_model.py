"""What a model is stands in its two files, and nothing else asks which model an arm has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import vigan
from vigan.config.methods import METHODS

SOURCE = Path(vigan.__file__).parent
OWN = ("config/methods", "objectives")
CLASSES = {method.__name__ for method in METHODS.values()}


def asked(source: str) -> Iterator[str]:
    """Where a module names a model's class, its files or its kind."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) if name in CLASSES:
                yield f"{name}, line {getattr(node, 'lineno', 0)}"
            case ast.ImportFrom(module=str(module)) if module.rpartition(".")[2] in METHODS:
                yield f"{module}, line {node.lineno}"
            case ast.Constant(value=str(kind)) if kind in METHODS:
                yield f"'{kind}', line {node.lineno}"


def elsewhere() -> list[Path]:
    files = (file.relative_to(SOURCE) for file in SOURCE.rglob("*.py"))
    return sorted(file for file in files if not file.as_posix().startswith(OWN))


def test_no_other_file_names_a_model_s_class_files_or_kind() -> None:
    found = {str(file): list(asked((SOURCE / file).read_text(encoding="utf-8"))) for file in elsewhere()}
    assert {file: places for file, places in found.items() if places} == {}
    assert len(found) > 100


@pytest.mark.parametrize(
    "source",
    [
        "isinstance(arm.model, Em)",
        "match model:\n    case Gan(): pass",
        "match model.kind:\n    case 'vae': pass",
        "arm.model.kind == 'gan'",
        "{'aae': 1}[model.kind]",
        "from vigan.config.methods.em import Em",
        "from vigan.objectives.em import posterior",
        "methods.ali.Ali",
    ],
)
def test_such_a_branch_would_be_found(source: str) -> None:
    assert list(asked(source))


@pytest.mark.parametrize("kind", METHODS)
def test_a_model_has_its_two_files(kind: str) -> None:
    assert all((SOURCE / folder / f"{kind}.py").exists() for folder in OWN)
    assert METHODS[kind].model_fields["kind"].annotation.__args__ == (kind,)  # type: ignore[union-attr]
