"""`vigan check`: what this package's own parts are held to, tried on a plug-in; `vigan plugins`: a list of them."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vigan import plugins
from vigan.config import plugins as used
from vigan.config.base import ConfigError, nearest
from vigan.config.datasets import Dataset, DataSource, Digits, ImageFolder, Ring
from vigan.config.experiment import Protocol
from vigan.config.methods import PLUGGED
from vigan.config.plugin_imports import load_watched
from vigan.config.stabilisers import GROUP, declares_stabiliser, settings_of
from vigan.data.prepare import prepare
from vigan.data.store import Prepared, load
from vigan.evaluation.references import make_reference, measurement
from vigan.objectives.hooks import stabiliser_class
from vigan.protocols import registry
from vigan.protocols.base import IMAGES, POINTS, ProtocolKind
from vigan.provenance import MEASURING, code_digest
from vigan.tools.check_stabiliser import stabiliser_checks
from vigan.tools.check_training import NETWORKS, Check, PromiseError, method_row, training_checks

SEVERAL = 64
"""Samples on which a protocol is tried, where it takes so few."""


class Part(NamedTuple):
    """Something that a plug-in adds: what sort of thing it is, its name in a study, its module; or what is wrong."""

    sort: str
    name: str
    module: str
    broken: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of its code, which is in the digest of what uses it."""
        return code_digest([self.module])


class Result(NamedTuple):
    """A promise, and how it was broken; "" where it holds."""

    promise: str
    failure: str


def parts() -> list[Part]:
    """All that plug-ins add: those of installed packages, and the files of the study in use."""
    return [*_installed(), *(part for name in plugins.files() for part in _of_file(name))]


def _installed() -> Iterator[Part]:
    sorts = {
        GROUP: "stabiliser",
        registry.GROUP: "protocol",
        **{group: sort.what for group, sort in used.SORTS.items()},
    }
    for group, sort in sorts.items():
        for name, modules in plugins.entries(group).items():
            yield Part(sort, name, " and ".join(modules), _broken(group, name, modules))


def _broken(group: str, name: str, modules: list[str]) -> str:
    if len(modules) > 1:
        return f"several packages have a plug-in '{name}'"
    if group != GROUP:
        return {**registry.BROKEN, **used.BROKEN}.get(name, "")
    try:
        if name in used.own_stabilisers():
            return f"there is a stabiliser '{name}' already"
        settings_of(name)
        plugins.load(modules[0])
    except ValueError as error:
        return str(error)
    return ""


def _of_file(name: str) -> Iterator[Part]:
    module = plugins.module_of(name)
    if declares_stabiliser(plugins.files()[name].source):
        yield Part("stabiliser", name, module)
    yield from (Part("protocol", kind, module) for kind, home in registry.MODULES.items() if home == module)
    for sort in used.SORTS.values():
        yield from (Part(sort.what, own, module) for own, kind in sort.theirs.items() if kind.__module__ == module)


def check(name: str) -> Iterator[tuple[Part, list[Result]]]:
    """What a plug-in adds, one part after the other, and how the promises fared that its sort is held to.

    `name` is a file, with which those beside it are used that it imports, or the name of an entry point. Raises
    ConfigError or PluginError, in one line, for a plug-in that cannot be used.
    """
    if name.endswith(".py"):
        used.use_files(plugins.with_those_beside(Path(name)))
        chosen = list(_of_file(Path(name).stem))
    else:
        used.use_files([])
        chosen = [part for part in _installed() if part.name == name]
    if not chosen:
        raise ConfigError(f"no plug-in '{name}' is installed{nearest(name, [part.name for part in _installed()])}")
    for part in chosen:
        if part.broken:
            raise ConfigError(f"plug-in '{name}': {part.broken}")
        if part.sort == "stabiliser":
            load_watched([part.module])
            stabiliser_class(part.name)  # one that cannot be defined ends here, in one line
        yield part, [_tried(each) for each in _checks(part)]


def _tried(check: Check) -> Result:
    try:
        check.run()
    except PromiseError as failure:
        return Result(check.promise, str(failure))
    except Exception as error:  # whatever a plug-in does
        return Result(check.promise, plugins.blame(error) or f"{type(error).__name__}: {error}")
    return Result(check.promise, "")


def _checks(part: Part) -> list[Check]:
    match part.sort:
        case "stabiliser":
            return stabiliser_checks(part.name)
        case "model":
            return _model_checks(part.name)
        case "source":
            return [Check("it delivers what it declares, the same each time", lambda: _delivers(part.name))]
        case _:
            kind = registry.KINDS[part.name]
            return [
                Check("it gives the numbers that it declares, the same each time", lambda: _measures(kind)),
                Check("it names the libraries that it imports", lambda: _names_libraries(kind)),
            ]


def _model_checks(kind: str) -> list[Check]:
    method = PLUGGED[kind]
    networks = [name for name in NETWORKS if name in method.networks]
    found = []
    for settings in method.examples:
        named = ", ".join(f"{key} {value}" for key, value in settings.items())
        checks = training_checks(lambda own=settings: method_row(kind, method, own), networks)
        found += [Check(f"{check.promise}{f' ({named})' if named else ''}", check.run) for check in checks]
    return found


def _delivers(name: str) -> None:
    made = _example(used.SORTS["vigan.datasets"].theirs[name])
    with tempfile.TemporaryDirectory() as folder:
        first, again = (prepare(made, Path(folder) / str(time), workers=1) for time in range(2))
        load(Path(folder) / "0", verify=True)
    if first["sha256"] != again["sha256"]:
        raise PromiseError("its examples are others the second time; draw them by vigan.rng from a seed of their own")
    if made.most() is not None and made.most() != first["count"]:
        raise PromiseError(f"most() says {made.most()} examples, and there are {first['count']}")


def _example(kind: type[DataSource]) -> DataSource:
    required = [name for name, field in kind.model_fields.items() if field.is_required() and name != "source"]
    if required:
        raise PromiseError(f"not tried: give '{required[0]}' a default")
    return kind.model_validate({"source": kind.model_fields["source"].annotation.__args__[0]})  # pyright: ignore


def _measures(kind: ProtocolKind) -> None:
    dataset, examples = _measurable(kind)
    protocol, device = Protocol(kind=kind.name, samples=max(kind.least, SEVERAL)), "cpu"
    prepared = Prepared(examples(3 * protocol.samples), None, {"sha256": "0" * 64})
    if kind.input != "samples":
        raise PromiseError("not tried: it measures networks of a run, and needs one")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reference.npz"
        make_reference(protocol, dataset, prepared, device, path)
        measure = measurement(protocol, dataset, prepared, device, path).measure
        samples = examples(protocol.samples)
        found, again = measure(samples), measure(samples)
    if repr(found) != repr(again):  # as which one that is no number equals itself
        raise PromiseError("its numbers are others the second time; draw by a generator of a fixed seed")
    if set(found) != (declared := set(kind.given(protocol.samples))):
        raise PromiseError(f"it gives {', '.join(sorted(found))}, and declares {', '.join(sorted(declared))}")
    for name, value in found.items():
        metric = kind.metrics[name]
        if not metric.low <= value <= metric.high:
            raise PromiseError(
                f"'{name}' is {value:.6g}, outside the range {metric.low:g} to {metric.high:g} that it declares"
            )


def _names_libraries(kind: ProtocolKind) -> None:
    named, distributions = {*MEASURING, *map(_normal, kind.libraries)}, metadata.packages_distributions()
    imported = {root: [_normal(name) for name in distributions.get(root, ())] for root in _foreign_roots(kind.modules)}
    ours = [own.libraries for own in registry.KINDS.values() if own.extractor and own.extractor == kind.extractor]
    imported |= {library: [library] for libraries in ours for library in libraries}
    for root, names in sorted(imported.items()):
        if names and not named.intersection(names):
            raise PromiseError(
                f"it imports {root}, whose next version may give other numbers: libraries=({names[0]!r},) in its "
                "declaration has them measured again then"
            )


def _normal(distribution: str) -> str:
    """A distribution's name as PyPI compares it: PyYAML is pyyaml, and `_` and `.` are `-`."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _foreign_roots(modules: Iterable[str]) -> set[str]:
    """What a plug-in's modules, and those of its own that they import, import of others but Python and vigan."""
    waiting, seen, roots = [module for module in modules if not module.startswith("vigan.")], set[str](), set[str]()
    own = {plugins.PACKAGE, *(module.partition(".")[0] for module in waiting)}
    while waiting:
        if (module := waiting.pop()) in seen or module.partition(".")[0] not in own:
            continue
        seen.add(module)
        try:
            file, source = plugins.source_of(module)
        except plugins.PluginError:  # a name within a module
            continue
        named = plugins.imported(source, module if file.name == "__init__.py" else module.rpartition(".")[0] or module)
        roots |= {name.partition(".")[0] for name in named}
        waiting += named
    return roots - sys.stdlib_module_names - own - {"vigan"}


def _measurable(kind: ProtocolKind) -> tuple[Dataset, Any]:
    """A data set that a kind can measure, and what makes examples like those of it."""
    draws = np.random.default_rng(0)
    if kind.sources & {POINTS, "ring", "grid"}:
        return Ring(source="ring"), lambda count: draws.standard_normal((count, 2)).astype(np.float32)
    folder, digits = ImageFolder(source="folder", path="anywhere", side=32), Digits(source="digits")
    chosen = folder if kind.sources & {IMAGES, folder.source} else digits
    return chosen, lambda count: draws.integers(0, 256, (count, *chosen.shape), dtype=np.uint8)
