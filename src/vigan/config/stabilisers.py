"""Names and settings of the stabilisers, read from their source files without importing them (or torch).

A stabiliser is one file in `vigan/objectives/stabilisers`. Its settings are the annotated fields of the class there
that derives from `Stabiliser`: `gamma: Positive`, or, with a default, `decay: Share = 0.999`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError, create_model

from vigan.config import base
from vigan.config.base import ConfigError, Strict, nearest

FOLDER = Path(__file__).parents[1] / "objectives" / "stabilisers"
KINDS = ("Count", "NonNegative", "Positive", "Share")
"""Types that a setting may have: numbers of `vigan.config.base`."""


@cache
def known_stabilisers() -> tuple[str, ...]:
    """Names of the stabilisers: the files in `FOLDER`."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__"))


@cache
def settings_of(name: str) -> type[Strict]:
    """Schema of a stabiliser's settings. Raises ConfigError if its file does not declare them as described above."""
    file = FOLDER / f"{name}.py"
    classes = [node for node in ast.parse(file.read_bytes()).body if isinstance(node, ast.ClassDef)]
    found = [node for node in classes if any(ast.unparse(parent) == "Stabiliser" for parent in node.bases)]
    if len(found) != 1:
        raise ConfigError(f"{file}: one class that derives from Stabiliser is needed, and there are {len(found)}")
    declared = [node for node in found[0].body if isinstance(node, ast.AnnAssign)]
    fields = [node for node in declared if not ast.unparse(node.annotation).startswith("ClassVar")]
    return create_model(name, __base__=Strict, **{ast.unparse(node.target): _field(file, node) for node in fields})


def _field(file: Path, node: ast.AnnAssign) -> Any:
    kind = ast.unparse(node.annotation)
    if kind not in KINDS:
        raise ConfigError(f"{file}, line {node.lineno}: a setting is a number{nearest(kind, KINDS)}")
    return getattr(base, kind), ... if node.value is None else ast.literal_eval(node.value)


def checked(name: str, settings: Any) -> dict[str, Any]:
    """Settings of a stabiliser with its defaults. Raises ValueError for one that it lacks or does not take."""
    if name not in known_stabilisers():
        raise ValueError(f"unknown stabiliser '{name}'" + nearest(name, known_stabilisers()))
    schema = settings_of(name)
    if not isinstance(settings, Mapping):
        written = ", ".join(f"{field}: ..." for field in schema.model_fields)
        raise ValueError(f"stabiliser '{name}' takes named settings, not {settings}: write {name}: {{{written}}}")
    if unknown := [str(setting) for setting in settings if setting not in schema.model_fields]:
        hint = nearest(unknown[0], list(schema.model_fields)) if schema.model_fields else f"; write {name}: {{}}"
        raise ValueError(f"stabiliser '{name}' has no setting '{unknown[0]}'{hint}")
    try:
        return schema.model_validate(dict(settings)).model_dump()
    except ValidationError as error:
        location, message = base.explain(error, list(schema.model_fields))
        where = "" if message.startswith("'") else f"'{location[-1]}': "
        raise ValueError(f"stabiliser '{name}': {where}{message}") from None
