"""Plug-ins: modules that add stabilisers, models, protocols or sources of data without being part of this package.

A file that a study names under `plugins` is the module `vigan_plugins.NAME`, NAME being that of the file. It is read
once: what is imported is what is digested, whatever happens to the file meanwhile. Other installed packages name
their modules in their entry points, in one of `GROUPS`.
"""

from __future__ import annotations

import ast
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module, util
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from vigan.errors import UserError

PACKAGE = "vigan_plugins"
"""The package that plug-in files are modules of."""
GROUPS = ("vigan.stabilisers", "vigan.methods", "vigan.protocols", "vigan.datasets")
"""Entry points by which other packages add things: `name = "package.module"`."""


class PluginError(UserError, ValueError):
    """A plug-in that cannot be used; the message is one line that names it."""


class PluginFile(NamedTuple):
    """A file beside a study, as it was when the study was read."""

    path: Path
    source: bytes


_FILES: dict[str, PluginFile] = {}
_WHEN_CHANGED: list[Callable[[], None]] = []


def files() -> Mapping[str, PluginFile]:
    """The plug-in files of the study that was read last, by name."""
    return _FILES


def when_changed(act: Callable[[], None]) -> Callable[[], None]:
    """Have `act` called whenever other plug-in files, or others of their contents, are in use: a decorator."""
    _WHEN_CHANGED.append(act)
    return act


def use(paths: Iterable[Path]) -> None:
    """Use these plug-in files and no others. Raises PluginError for one that cannot be read, or two of one name."""
    found: dict[str, PluginFile] = {}
    for path in paths:
        read = _read(path)
        if path.stem in found:
            raise PluginError(f"{path}: plug-in '{path.stem}' is also {found[path.stem].path}; rename one of them")
        found[path.stem] = read
    if found == _FILES:
        return
    for name in {*found, *_FILES}:  # also of files that are the same: they may have imported one that is not
        sys.modules.pop(f"{PACKAGE}.{name}", None)
    _FILES.clear()
    _FILES.update(found)
    for act in _WHEN_CHANGED:
        act()


def _read(path: Path) -> PluginFile:
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise PluginError(f"{path}: the file of a plug-in is named as it is in a study, such as my_penalty.py")
    try:
        source = path.read_bytes()
    except OSError as error:
        raise PluginError(
            f"{path}: plug-in cannot be read ({error.strerror}); paths are relative to the study"
        ) from None
    try:
        ast.parse(source, str(path))
    except (SyntaxError, ValueError) as error:
        raise PluginError(_located(path, getattr(error, "lineno", None), error)) from None
    return PluginFile(path.resolve(), source)


class _OfFile(Loader):
    """Loads a plug-in file from what was read of it."""

    def __init__(self, file: PluginFile) -> None:
        self.file = file

    def exec_module(self, module: ModuleType) -> None:
        """Run the source."""
        exec(compile(self.file.source, str(self.file.path), "exec"), vars(module))  # noqa: S102 - as any import does


class _Finder(MetaPathFinder):
    """Finds plug-in files where `import vigan_plugins.NAME` looks for modules."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """The package, or one of `files`; None for all else."""
        if fullname == PACKAGE:
            return ModuleSpec(PACKAGE, None, is_package=True)
        package, _, name = fullname.partition(".")
        if package != PACKAGE or name not in _FILES:
            return None
        spec = ModuleSpec(fullname, _OfFile(_FILES[name]), origin=str(_FILES[name].path))
        spec.has_location = True
        return spec


sys.meta_path.append(_Finder())


def module_of(name: str) -> str:
    """The module of a plug-in file."""
    return f"{PACKAGE}.{name}"


def installed(group: str) -> dict[str, str]:
    """Modules that other packages add, by the name of their entry point; of two with one name neither."""
    return {name: modules[0] for name, modules in entries(group).items() if len(modules) == 1}


def entries(group: str) -> dict[str, list[str]]:
    """All modules that other packages add under each name, in the order of the names."""
    found: dict[str, list[str]] = {}
    for name, module in sorted({(point.name, point.module) for point in _points(tuple(sys.path)).select(group=group)}):
        found.setdefault(name, []).append(module)
    return found


@cache
def _points(path: tuple[str, ...]) -> Any:  # noqa: ARG001 - packages are found along it
    return entry_points()


def with_those_beside(path: Path) -> list[Path]:
    """A plug-in file, and those in its folder that it imports as plug-in files. Raises PluginError as `use` does."""
    found = [path]
    for file in found:  # which grows
        names = {name.split(".")[1] for name in imported(_read(file).source) if name.startswith(f"{PACKAGE}.")}
        beside = (path.with_name(f"{name}.py") for name in sorted(names))
        found += [other for other in beside if other.is_file() and other not in found]
    return found


def source_of(module: str) -> tuple[Path, bytes]:
    """File and source of a plug-in's module, which is not imported. Raises PluginError if there is none."""
    package, _, name = module.partition(".")
    if package == PACKAGE and name in _FILES:
        return _FILES[name]
    try:
        spec = util.find_spec(module)
    except Exception as error:
        raise PluginError(f"plug-in {module}: {_words(error)}") from error
    if spec is None or not spec.origin or not Path(spec.origin).is_file():
        raise PluginError(f"plug-in {module}: no such module is installed")
    return Path(spec.origin), Path(spec.origin).read_bytes()


def load(module: str) -> ModuleType:
    """The module of a plug-in, imported. Raises PluginError with the plug-in, the line in it and what is wrong.

    Also where its import draws random numbers: what is made of them would be something else in every process.
    """
    from vigan import rng  # imports numpy, which takes longer than all else where nothing is plugged in

    known = set(sys.modules)
    try:
        with rng.global_draws() as drawn:
            loaded = import_module(module)
    except (Exception, SystemExit) as error:
        raise PluginError(blame(error, (module,)) or f"plug-in {module}: {_words(error)}") from error
    if drawn:
        for name in {name for name in sys.modules if _root(name) == _root(module)} - known:
            del sys.modules[name]
        raise PluginError(
            f"plug-in {source_of(module)[0]}: its import draws from {drawn[0]}'s global generator, or seeds it, and "
            "would get other numbers in every process; draw by vigan.rng, with a seed of its own"
        )
    return loaded


@contextmanager
def imported_anew(modules: Iterable[str]) -> Iterator[None]:
    """Within, these modules of plug-ins are imported anew where they are asked for; files with all files of a study."""
    named = {module for module in modules if _root(module) != "vigan"}
    held = {name: sys.modules.pop(name) for name in list(sys.modules) if name in named or _is_file_beside(name, named)}
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name in named or _is_file_beside(name, named)]:
            del sys.modules[name]
        sys.modules.update(held)


def _is_file_beside(name: str, named: Iterable[str]) -> bool:
    return _root(name) == PACKAGE and PACKAGE in map(_root, named)


def _root(module: str) -> str:
    return module.partition(".")[0]


def blame(error: BaseException, modules: Iterable[str] = ()) -> str | None:
    """One line with the plug-in file that an exception comes from, the line in it and what is wrong; None if none.

    The files of the study in use, and those of `modules`, are plug-ins.
    """
    places = {str(file.path) for file in _FILES.values()} | {str(place) for place in _places(modules)}
    if isinstance(error, SyntaxError) and error.filename in places:
        return _located(Path(error.filename), error.lineno, error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in places]
    return _located(Path(frames[-1].filename), frames[-1].lineno, error) if frames else None


def _places(modules: Iterable[str]) -> Iterator[Path]:
    for module in modules:
        try:
            yield source_of(module)[0]
        except PluginError:
            continue


def _located(path: Path, line: int | None, error: BaseException) -> str:
    where = f", line {line}" if line else ""
    return f"plug-in {path}{where}: {_words(error)}"


def _words(error: BaseException) -> str:
    """An exception in one line; a module that is missing may be another plug-in."""
    if isinstance(error, UserError):
        return str(error.args[0])
    text = error.msg if isinstance(error, SyntaxError) else str(error).strip().partition("\n")[0]
    hint = ""
    if isinstance(error, ModuleNotFoundError) and error.name:
        name = error.name.removeprefix(f"{PACKAGE}.")
        hint = f"; install it, or, if it is a file beside the study, add it to `plugins` and import {PACKAGE}.{name}"
    return f"{type(error).__name__}: {text}{hint}" if text else type(error).__name__


def imported(source: bytes, package: str = PACKAGE) -> set[str]:
    """Names of modules that a plug-in's source imports; with them what may be names within these.

    `package` is that which the plug-in lies in: what it imports from dots on is there.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            beside = package.rsplit(".", node.level - 1)[0] if node.level else ""
            home = ".".join(filter(None, (beside, node.module)))
            found |= {home} | {f"{home}.{alias.name}" for alias in node.names}
    return found
