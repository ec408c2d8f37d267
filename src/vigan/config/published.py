"""Published results of other papers, shown beside ours, each with how its protocol differs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from vigan.config.base import Strict, Text, read_checked


class PublishedResult(Strict):
    """One published number.

    `value` is as printed, with its spread; `differs` says why it is not comparable with ours; `read_in` is where it was
    read: in the paper itself, in the documentation of its code, or as quoted by later papers.
    """

    model: Text
    metric: Text
    value: Annotated[str, Field(pattern=r"^\d")]
    protocol: Text
    differs: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    source: Text
    read_in: Literal["paper", "documentation", "later papers"]


class _File(Strict):
    published: Annotated[tuple[PublishedResult, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "anchors" in raw:
            raise ValueError("'anchors' is called 'published' now")
        return raw


def load_published(path: Path) -> tuple[PublishedResult, ...]:
    """Entries of a YAML file, in its order. Raises ConfigError: one line with the file, the line and what is wrong."""
    return read_checked(path, _File, list(PublishedResult.model_fields)).published
