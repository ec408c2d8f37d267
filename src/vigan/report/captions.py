"""Words of a study in the captions of `snakemake --report`, which are reStructuredText."""

from __future__ import annotations

import re
from typing import Any

_PLAIN = re.compile(r"[A-Za-z0-9]+([-./=]+[A-Za-z0-9]+)*")
_MARKS = re.compile(r"([!-/:-@\[-`{-~])")


def escaped(value: Any) -> Any:
    """A record as JSON whose texts are no markup, wherever a caption has them: one line, every mark escaped.

    Names, which captions also compare with others, stay as they are: in them is nothing to escape. This is the one
    place at which a study's words become part of a caption.
    """
    match value:
        case dict():
            return {key: escaped(entry) for key, entry in value.items()}
        case list():
            return [escaped(entry) for entry in value]
        case str() if not _PLAIN.fullmatch(value):
            return _MARKS.sub(r"\\\1", " ".join(value.split()))
    return value
