"""Which code, and which libraries, stand behind the numbers of protocols."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from vigan import plugins
from vigan.config.base import digest_of
from vigan.config.experiment import Protocol
from vigan.protocols.registry import MODULES
from vigan.provenance import measuring_versions, stage_digest


def protocol_code(stage: str, protocols: Iterable[Protocol]) -> str:
    """Digest of the code of a stage that measures by some protocols, and of what their kinds declare of it."""
    kinds = {protocol.kind: protocol.definition for protocol in sorted(protocols, key=lambda protocol: protocol.kind)}
    modules = {module for kind in kinds.values() for module in kind.modules}
    return digest_of([_measuring(stage, tuple(sorted(modules))), *(kind.computation for kind in kinds.values())])


def protocol_versions(protocol: Protocol) -> dict[str, str]:
    """Versions of the libraries that can move the numbers of a protocol."""
    return measuring_versions(protocol.definition.libraries)


@plugins.when_changed
def _forget() -> None:
    _measuring.cache_clear()
    _reporting.cache_clear()


@cache
def _measuring(stage: str, modules: tuple[str, ...]) -> str:
    return stage_digest(stage, modules)


def reporting_code(stage: str, protocols: Iterable[Protocol], files: Iterable[Path] = ()) -> str:
    """Digest of the code of a stage that tells what was measured: what its kinds say of their metrics is part of it."""
    return _reporting(stage, tuple(sorted({MODULES[protocol.kind] for protocol in protocols})), tuple(files))


@cache
def _reporting(stage: str, modules: tuple[str, ...], files: tuple[Path, ...]) -> str:
    return stage_digest(stage, modules, files)
