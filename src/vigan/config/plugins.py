"""What a study may name beside what this package brings: its plug-in files, and what installed packages add."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, get_args

from vigan import plugins
from vigan.config.base import ConfigError, Strict
from vigan.config.datasets import SOURCES, Dataset, DataSource
from vigan.config.methods import METHODS, PLUGGED
from vigan.config.methods.base import Method
from vigan.config.plugin_imports import watched
from vigan.config.stabilisers import GROUP, declares_stabiliser, own_stabilisers, settings_of
from vigan.plugins import PluginError
from vigan.protocols import registry

DECLARING = ("vigan.protocols", "vigan.config.methods", "vigan.config.datasets")
"""A plug-in file that imports any of these is imported when the study is read; any other, where it is trained with."""


class Sort(NamedTuple):
    """A sort of thing that a plug-in declares by a class: what it is called, its base, the field that names it.

    `ours` are the names of this package, `theirs` the classes of plug-ins in use.
    """

    what: str
    base: type[Strict]
    tag: str
    ours: frozenset[str]
    theirs: dict[str, Any]


_OWN_SOURCES = {get_args(kind.model_fields["source"].annotation)[0] for kind in get_args(get_args(Dataset)[0])}
SORTS = {
    "vigan.methods": Sort("model", Method, "kind", frozenset(METHODS), PLUGGED),
    "vigan.datasets": Sort("source", DataSource, "source", frozenset(_OWN_SOURCES), SOURCES),
}
"""By the group of entry points."""


@plugins.when_changed
def _forget_package() -> None:
    """Forget the package of plug-in files: modules of it that were imported before are its attributes."""
    sys.modules.pop(plugins.PACKAGE, None)


BROKEN: dict[str, str] = {}
"""What is wrong with installed models and sources of data, by their entry point; they are left out."""


def use(study: Path, names: Any) -> None:
    """Use the plug-in files that the study in file `study` names, and no others; their paths are relative to it.

    Raises ConfigError in one line that names a plug-in which cannot be used. What is no list of names is not taken: the
    study will be refused for it.
    """
    named = names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []
    use_files([study.parent / name for name in named])


def use_files(paths: list[Path]) -> None:
    """Use these plug-in files, and no others. Raises ConfigError as `use` does."""
    try:
        with watched("a plug-in of the study"):
            _use(paths)
    except ValueError as error:
        _use([])
        raise ConfigError(str(error)) from None


def _use(paths: list[Path]) -> None:
    plugins.use(paths)
    for sort in SORTS.values():
        sort.theirs.clear()
    _add_installed()
    registry.use([plugins.module_of(name) for name in plugins.files() if _is_imported(name)])
    for name in plugins.files():
        _add_file(name)


def _is_imported(name: str) -> bool:
    """Whether a plug-in file may declare something that a study names, besides a stabiliser."""
    return any(module.startswith(DECLARING) for module in plugins.imported(plugins.files()[name].source))


def _add_file(name: str) -> None:
    """Add what a plug-in file declares. Raises PluginError if that is nothing, or has a name that is taken."""
    path, source = plugins.files()[name]
    found = 0
    if declares_stabiliser(source):
        if name in own_stabilisers() or name in plugins.installed(GROUP):
            raise PluginError(f"plug-in {path}: there is a stabiliser '{name}' already; give the file another name")
        settings_of(name)
        found += 1
    if _is_imported(name):
        module = plugins.load(plugins.module_of(name))
        found += len(registry.kinds_in(module)) + sum(_add(sort, module, str(path)) for sort in SORTS.values())
    if not found and not _is_used(name):
        raise PluginError(
            f"plug-in {path}: declares no Stabiliser, ProtocolKind, Method or DataSource, and no other imports it"
        )


def _is_used(name: str) -> bool:
    """Whether another plug-in file imports this one."""
    others = (file.source for other, file in plugins.files().items() if other != name)
    return any(plugins.module_of(name) in plugins.imported(source) for source in others)


def _add(sort: Sort, module: ModuleType, place: str) -> int:
    """Add the classes of a sort that a module declares, and return how many. Raises PluginError for a name taken."""
    found = list(_declared(sort, module))
    for name, declared in found:
        if name in sort.ours or sort.theirs.get(name, declared) is not declared:
            raise PluginError(f"plug-in {place}: there is a {sort.what} '{name}' already; rename {declared.__name__}'s")
        if not declared.model_config.get("frozen"):
            raise PluginError(f"plug-in {place}: {declared.__name__} can be changed; leave out its model_config")
        sort.theirs[name] = declared
    return len(found)


def _declared(sort: Sort, module: ModuleType) -> Iterator[tuple[str, type[Strict]]]:
    """Classes of a sort that are defined in a module, by the name that a study gives them."""
    for value in list(vars(module).values()):
        if isinstance(value, type) and issubclass(value, sort.base) and value.__module__ == module.__name__:
            names = get_args(value.model_fields[sort.tag].annotation)
            if len(names) != 1 or not re.fullmatch(r"[a-z][a-z-]*", str(names[0])):
                wanted = f'{sort.tag}: Literal["its-name"], of a-z and -'
                raise PluginError(f"plug-in {module.__file__}: {value.__name__} lacks {wanted}")
            yield names[0], value


def _add_installed() -> None:
    """Add the models and sources of installed packages; those that cannot be used are left out, and told."""
    for group, sort in SORTS.items():
        for name, module in plugins.installed(group).items():
            try:
                _add(sort, plugins.load(module), module)
            except PluginError as error:
                BROKEN[name] = str(error)
