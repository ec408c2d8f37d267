"""An arm that was not trained here: where its numbers or samples are, and how its files say them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, field_validator, model_serializer

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


class _Runs(_Numbers):
    """Numbers of runs that have folders, or files, of their own, named as these are, or by their path below `path`.

    `runs` are those of this arm, where others lie beside them; all, if none is named. `seeds` are those of runs whose
    files say none, or what is wrong.
    """

    runs: Annotated[tuple[Words, ...], Field(max_length=1000, strict=False)] = ()
    seeds: dict[str, Seed] = Field(default_factory=dict)

    @model_serializer(mode="wrap")
    def _omit_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if key != "runs" or value}


class StyleGan(_Runs):
    """A folder of run folders with `metric-*.jsonl`, as StyleGAN 2 and 3 write them. Steps are thousands of images.

    Seeds are those that `training_options.json` says.
    """

    format: Literal["stylegan"]


class StudioGan(_Runs):
    """StudioGAN's logs, a file a run, below a folder. Seeds are those that the logs say."""

    format: Literal["studiogan"]


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
