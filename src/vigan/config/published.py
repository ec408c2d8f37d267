"""Numbers of other papers that may stand beside ours, each with how its protocol differs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from vigan.config.base import Strict, read_checked

Text = Annotated[str, Field(min_length=3, pattern=r"^\S[^\n]*\S$")]


class PublishedResult(Strict):
    """One published number.

    `value` as printed there, with its unit of spread; `differs` says what keeps it from being compared with ours;
    `read_in` whether it was read in the paper itself, in its code's documentation, or transcribed by later papers.
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
