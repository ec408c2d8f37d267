"""Paths of a study on this machine."""

from __future__ import annotations

from pathlib import Path

from vigan.config.study import Study
from vigan.layout import Layout


def layout_of(study: Study, archive: Path | None = None, state: Path = Path("state")) -> Layout:
    """Paths of a study here, its data sets told by their files where these are at hand."""
    from vigan.data.identity import sources

    found = sources(study.datasets.values(), archive)
    return Layout(study, state, {digest: source.key for digest, source in found.items()})
