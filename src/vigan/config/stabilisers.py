"""Names and settings of the stabilisers, read from their source files without importing them (or torch).

A stabiliser is one file in `vigan/objectives/stabilisers`, a module that another package names in its entry points
(`vigan.stabilisers`), or a plug-in file of a study. Its settings are the annotated fields of the class there that
derives from `Stabiliser`: `gamma: Positive`, or, with a default, `decay: Share = 0.999`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError, create_model

from vigan import plugins
from vigan.config import base
from vigan.config.base import ConfigError, Strict, nearest

FOLDER = Path(__file__).parents[1] / "objectives" / "stabilisers"
ROOM = "vigan.objectives.stabilisers"
GROUP = "vigan.stabilisers"
KINDS = ("Count", "NonNegative", "Positive", "Share")
"""Types that a setting may have: numbers of `vigan.config.base`."""


@cache
def own_stabilisers() -> tuple[str, ...]:
    """Names of the stabilisers of this package: the files in `FOLDER`."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__"))


def stabiliser_modules() -> dict[str, str]:
    """The module of every stabiliser by its name: ours, those of installed packages, those of the study's plug-ins.

    A name of ours is nobody else's; a plug-in file that has one is refused when the study is read.
    """
    files = {
        name: plugins.module_of(name) for name, file in plugins.files().items() if declares_stabiliser(file.source)
    }
    return files | plugins.installed(GROUP) | {name: f"{ROOM}.{name}" for name in own_stabilisers()}


def known_stabilisers() -> tuple[str, ...]:
    """Names of all stabilisers."""
    return tuple(sorted(stabiliser_modules()))


def module_of(name: str) -> str:
    """The module of a stabiliser. Raises ConfigError for a name of none."""
    if name in own_stabilisers():
        return f"{ROOM}.{name}"
    modules = stabiliser_modules()
    if name not in modules:
        raise ConfigError(f"unknown stabiliser '{name}'" + nearest(name, list(modules)))
    return modules[name]


def settings_of(name: str) -> type[Strict]:
    """Schema of a stabiliser's settings. Raises ConfigError if its file does not declare them as described above."""
    module = module_of(name)
    if name in own_stabilisers():
        file = FOLDER / f"{name}.py"
        return _schema(name, file, file.read_bytes())
    return _schema(name, *plugins.source_of(module))


@cache
def _schema(name: str, file: Path, source: bytes) -> type[Strict]:
    found = _parsed(file, source)
    if len(found) != 1:
        raise ConfigError(f"{file}: one class that derives from Stabiliser is needed, and there are {len(found)}")
    declared = [node for node in found[0].body if isinstance(node, ast.AnnAssign)]
    fields = [node for node in declared if not ast.unparse(node.annotation).startswith("ClassVar")]
    return create_model(name, __base__=Strict, **{ast.unparse(node.target): _field(file, node) for node in fields})


def _parsed(file: Path, source: bytes) -> list[ast.ClassDef]:
    try:
        return _classes(source)
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{file}, line {getattr(error, 'lineno', 0)}: {error.args[0]}") from None


def declares_stabiliser(source: bytes) -> bool:
    """Whether a plug-in file is that of a stabiliser."""
    return bool(_classes(source))


def _classes(source: bytes) -> list[ast.ClassDef]:
    """The classes of a source that derive from `Stabiliser`, by whatever path that is named."""
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return [node for node in classes if any(ast.unparse(base).split(".")[-1] == "Stabiliser" for base in node.bases)]


def _field(file: Path, node: ast.AnnAssign) -> Any:
    kind, place = ast.unparse(node.annotation), f"{file}, line {node.lineno}"
    if kind not in KINDS:
        raise ConfigError(f"{place}: a setting is a number of vigan.config.base{nearest(kind, KINDS)}")
    if node.value is None:
        return getattr(base, kind), ...
    try:
        default = ast.literal_eval(node.value)
        return getattr(base, kind), TypeAdapter(getattr(base, kind)).validate_python(default)
    except ValueError:
        raise ConfigError(f"{place}: write the default of '{ast.unparse(node.target)}' as a {kind} number") from None


def checked(name: str, settings: Any) -> dict[str, Any]:
    """Settings of a stabiliser with its defaults. Raises ValueError for one that it lacks or does not take."""
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
