"""An arm that was not trained here: where its numbers or samples are, and how its files say them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from vigan.config.base import Strict, Words, nearest
from vigan.protocols.registry import METRICS

READING = "elsewhere"
"""Stands in every table in the place of a reading."""

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Cell = Annotated[str, BeforeValidator(lambda cell: str(cell) if type(cell) is int else cell)]
"""What a cell of a table says: a number without quotes is meant as it is written."""
Column = Literal["seed", "step", "metric", "value", "protocol"]


class _From(Strict):
    """`path` is a file or folder, from the project's root on."""

    path: Words


class _Numbers(_From):
    """Numbers that others measured.

    `metrics` says which of their names is which of ours, and that all others are left out; `protocol` is that of
    numbers whose file does not say.
    """

    metrics: dict[str, str] = Field(default_factory=dict, max_length=100)
    protocol: str | None = None

    @field_validator("metrics")
    @classmethod
    def _known(cls, metrics: dict[str, str]) -> dict[str, str]:
        for ours in metrics.values():
            if ours not in METRICS:
                raise ValueError(f"unknown metric '{ours}'" + nearest(ours, list(METRICS)))
        return metrics


class Table(_Numbers):
    """A long table, CSV or Parquet: a row has seed, step, metric, value and, if it has the column, protocol.

    `columns` are their names, where these are others; `where` picks the rows of this arm: {method: baseline}. Without
    columns of metrics and values, `metrics` names columns that are one metric each.
    """

    format: Literal["table"]
    columns: dict[Column, str] = Field(default_factory=dict)
    where: dict[str, Cell] = Field(default_factory=dict, max_length=20)

    def column(self, name: Column) -> str:
        """The name of a column in the file."""
        return self.columns.get(name, name)


class StyleGan(_Numbers):
    """A folder of run folders with `metric-*.jsonl`, as StyleGAN 2 and 3 write them. Steps are thousands of images.

    `seeds` are those of run folders, by name, where `training_options.json` does not say, or says what is wrong.
    """

    format: Literal["stylegan"]
    seeds: dict[str, Seed] = Field(default_factory=dict)


class StudioGan(_Numbers):
    """StudioGAN's logs, a file a run, below a folder; `seeds` are those of logs, by name, where they do not say."""

    format: Literal["studiogan"]
    seeds: dict[str, Seed] = Field(default_factory=dict)


class Samples(_From):
    """Samples, which the study's protocols measure: `seed-0/step-1000/` with images, or `seed-0/step-1000.npz`."""

    format: Literal["samples"]


FORMATS: Mapping[str, type[_From]] = {
    "table": Table, "stylegan": StyleGan, "studiogan": StudioGan, "samples": Samples,
}  # fmt: skip


def _spelt_out(raw: Any) -> Any:
    """A table that is named by its file alone, with its format."""
    if not isinstance(raw, str):
        return raw
    if re.search(r"\.(csv|parquet)$", raw, re.IGNORECASE):
        return {"format": "table", "path": raw}
    raise ValueError(f"'{raw[:80]}': write {{format: {' | '.join(FORMATS)}, path: {raw[:80]}}}")


Numbers = Table | StyleGan | StudioGan
Origin = Annotated[
    Annotated[Numbers | Samples, Field(discriminator="format")],
    BeforeValidator(_spelt_out),
]


class ElsewhereArm(Strict):
    """An arm whose runs were made elsewhere: `from` says where they are, `about` what they are."""

    origin: Origin = Field(alias="from")
    about: Words | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """All that decides how its files are read; their place decides nothing."""
        return self.model_dump(mode="json", exclude={"about": True, "origin": {"path"}})
