"""Provenance: digests of a stage's code, versions of libraries."""

from __future__ import annotations

import ast
import hashlib
import platform
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

from vigan import plugins
from vigan.source_memory import remembered

if TYPE_CHECKING:
    import grimp

LIBRARIES = ("numpy", "torch", "scipy", "pandas", "scikit-learn", "pillow")
MEASURING = ("numpy", "torch", "scipy", "scikit-learn", "pillow")


@cache
def _graph(*others: str) -> grimp.ImportGraph:
    """What imports what in this package, and in others that add to it."""
    import grimp  # takes longer than all else where the digest is remembered

    return grimp.build_graph("vigan", *others, cache_dir=None)


def code_digest(modules: Iterable[str], files: Iterable[Path] = ()) -> str:
    """SHA-256 (hex) of the modules, of all that they import within their packages, and of other files.

    The packages that a module lies in count, for Python runs them first. Comments, docstrings and layout do not.
    Modules that are imported by name at run time (models, stabilisers, what protocols name) must be named by the
    caller. A plug-in of a single file, or of a folder without `__init__.py`, counts with all that it imports of this
    package and of its like. Raises ValueError for a module that does not exist.
    """
    packaged, loose = _sorted_out(modules)
    total = hashlib.sha256(remembered(tuple(sorted(packaged)), _digest_of_modules).encode())
    for module, source in sorted(loose.items()):
        total.update(f"{module}\n{bare(source)}\n".encode())
    for file in sorted(files):
        total.update(file.name.encode() + file.read_bytes())
    return total.hexdigest()


def _sorted_out(modules: Iterable[str]) -> tuple[set[str], dict[str, bytes]]:
    """Modules of packages, and the sources of those that lie in none, with what the latter import of either."""
    waiting, packaged, loose = list(modules), set[str](), dict[str, bytes]()
    while waiting:
        module = waiting.pop()
        if not _is_loose(module):
            packaged.add(module)
        elif module not in loose:
            file, loose[module] = plugins.source_of(module)
            package = module if file.name == "__init__.py" else module.rpartition(".")[0]
            named = plugins.imported(loose[module], package) | set(_packages(module))
            waiting += (name for name in named if _counts(name, of=module))
    return packaged, loose


def _is_loose(module: str) -> bool:
    """Whether a module is a plug-in file, or an installed one that is no package's."""
    root = module.partition(".")[0]
    if root in ("vigan", plugins.PACKAGE):
        return root != "vigan"
    spec = util.find_spec(root)
    return spec is not None and (spec.origin is None or spec.submodule_search_locations is None)


def _counts(name: str, of: str) -> bool:
    """Whether a name that a plug-in imports is a module of this package, another plug-in file, or of its own folder."""
    root, _, rest = name.partition(".")
    if root == plugins.PACKAGE:
        return rest in plugins.files()
    if root not in ("vigan", of.partition(".")[0]) or not rest:
        return False
    spec = util.find_spec(root)
    folders = (spec and spec.submodule_search_locations) or ()
    places = [Path(folder, *rest.split(".")) for folder in folders]
    return any(place.with_suffix(".py").is_file() or (place / "__init__.py").is_file() for place in places)


def _digest_of_modules(modules: tuple[str, ...]) -> str:
    total = hashlib.sha256()
    for module in sorted(_closure(modules)):
        total.update(f"{module}\n{_bare_source(module)}\n".encode())
    return total.hexdigest()


def _closure(modules: Iterable[str]) -> set[str]:
    """The modules, all that they import within their packages, and the packages that any of these lies in."""
    waiting, closure = list(modules), set[str]()
    graph = _graph(*sorted({module.partition(".")[0] for module in waiting} - {"vigan"}))
    while waiting:
        module = waiting.pop()
        if module not in graph.modules:
            raise ValueError(f"no module {module}")
        found = {module, *graph.find_upstream_modules(module)}
        waiting += {package for name in found for package in _packages(name)} - closure - found
        closure |= found
    return closure


def stage_digest(stage: str, modules: Iterable[str] = (), files: Iterable[Path] = ()) -> str:
    """Digest of the code behind one stage, and of modules that it imports by name where a study names them.

    These are a model's, a stabiliser's, a protocol's: `modules` are their whole names, such as "vigan.objectives.gan".
    """
    return code_digest([f"vigan.stages.{stage}", *modules], files)


def whole_code() -> str:
    """Digest of the code of all commands."""
    return code_digest(["vigan.cli.parser"])


def _packages(module: str) -> Iterator[str]:
    """The packages that a module lies in, from within."""
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


@cache
def _bare_source(module: str) -> str:
    """Source of a module without comments and docstrings."""
    spec = util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ValueError(f"no source of {module}")
    return bare(Path(spec.origin).read_bytes())


def bare(source: bytes) -> str:
    """A source without comments, docstrings and layout, the same in Python 3.11, 3.12 and 3.13."""
    return ast.unparse(_WithoutText().visit(ast.parse(source)))


class _WithoutText(ast.NodeTransformer):
    """Drops docstrings, of whatever they stand under, and writes f-strings as calls.

    Which quotes `ast.unparse` takes for an f-string depends on the version of Python, and so does whether a
    format ends in an empty string.
    """

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if is_text:
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        parts = [part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")]
        return ast.Call(ast.Name("__f_string__"), parts, [])

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        self.generic_visit(node)
        spec = node.format_spec or ast.Constant(None)
        return ast.Call(ast.Name("__f_value__"), [node.value, ast.Constant(node.conversion), spec], [])


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that numbers depend on."""
    return {"python": platform.python_version(), **{name: _version(name) for name in ("vigan", *LIBRARIES)}}


def measuring_versions(also: Iterable[str] = ()) -> dict[str, str]:
    """Versions of the libraries that can move what is measured, without what only says how they were built.

    Those that all measuring rests on, and those that a kind of protocol names.
    """
    return {library: _version(library).partition("+")[0] for library in (*MEASURING, *sorted(also))}


@cache
def _version(name: str) -> str:
    """Version of an installed distribution; found in its text, which takes milliseconds to be parsed."""
    try:
        text = metadata.distribution(name).read_text("METADATA") or ""
    except metadata.PackageNotFoundError:  # as where this checkout is used without being installed
        return "not installed"
    found = re.search(r"^Version: *(\S+)", text, re.MULTILINE)
    return found[1] if found else metadata.version(name)
