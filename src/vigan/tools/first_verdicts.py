"""The table of a study's first verdicts where its results are joined: it goes along, or earlier verdicts were lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vigan.io.files import RecordError, sha256_file
from vigan.layout import FIRST_VERDICTS


def first_verdicts(folders: Sequence[Path]) -> Path | None:
    """The table that results folders of one study keep; None if none does. Raises RecordError where two differ."""
    found = [folder / FIRST_VERDICTS for folder in folders if (folder / FIRST_VERDICTS).is_file()]
    for other in found[1:]:
        if sha256_file(other) != sha256_file(found[0]):
            raise RecordError(f"{found[0]} and {other}: other first verdicts of one study; decide for one of them")
    return found[0] if found else None
