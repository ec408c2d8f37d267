"""Which code stands behind the numbers of protocols: that of a stage, and what their kinds import by name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from vigan.config.base import digest_of
from vigan.config.experiment import Protocol
from vigan.protocols.registry import KINDS, MODULES
from vigan.provenance import stage_digest


def protocol_code(stage: str, protocols: Iterable[Protocol]) -> str:
    """Digest of the code of a stage that measures by some protocols, and of what their kinds declare of it."""
    return _measuring(stage, tuple(sorted({protocol.kind for protocol in protocols})))


@cache
def _measuring(stage: str, kinds: tuple[str, ...]) -> str:
    modules = {module for kind in kinds for module in KINDS[kind].modules}
    return digest_of([stage_digest(stage, sorted(modules)), *(KINDS[kind].computation for kind in kinds)])


def reporting_code(stage: str, protocols: Iterable[Protocol], files: Iterable[Path] = ()) -> str:
    """Digest of the code of a stage that tells what was measured: what its kinds say of their metrics is part of it."""
    return _reporting(stage, tuple(sorted({MODULES[protocol.kind] for protocol in protocols})), tuple(files))


@cache
def _reporting(stage: str, modules: tuple[str, ...], files: tuple[Path, ...]) -> str:
    return stage_digest(stage, modules, files)
