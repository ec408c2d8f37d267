"""The report's table of published results, of studies of CelebA."""

from __future__ import annotations

from pathlib import Path

from vigan.config.datasets import CelebA
from vigan.config.published import PublishedResult, load_published
from vigan.config.study import Study
from vigan.report.cells import Cell, Table


def published_table(study: Study, path: Path) -> Table | None:
    """Published results on CelebA, for studies of CelebA."""
    if not any(isinstance(dataset, CelebA) for dataset in study.datasets.values()):
        return None
    columns = ["model", "metric", "value", "protocol", "why it cannot be compared", "source", "read in"]
    return Table(
        "As printed there.", columns, [_published_row(result) for result in load_published(path)], wrapped=True
    )


def _published_row(result: PublishedResult) -> list[Cell]:
    words = (
        result.model, result.metric, result.value, result.protocol, "; ".join(result.differs), result.source,
        result.read_in,
    )  # fmt: skip
    return [Cell(word) for word in words]
