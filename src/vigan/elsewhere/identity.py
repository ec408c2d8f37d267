"""What an arm's files are, by content; remembered until a size or a time of one changes."""

from __future__ import annotations

import contextlib
from pathlib import Path

from vigan.config.elsewhere import ElsewhereArm
from vigan.elsewhere import files
from vigan.io.files import RecordError, read_json, write_json
from vigan.io.stamp import sealed, unsealed

SEEN = "seen.json"
"""Beside what was read of an arm: when its files were last read in full, and what they were."""


def content_of(arm: ElsewhereArm, folder: Path) -> str | None:
    """Digest of an arm's files; None where they are not at hand. Raises RecordError where they are refused.

    What was found is kept in the arm's `folder` of results, and holds while no file changes its size or time.
    """
    if not files.is_at_hand(arm):
        return None
    found = files.files_of(arm)
    glance = files.glance(found)
    if (known := _known(folder / SEEN, glance)) is not None:
        return known
    content = files.content(files.place_of(arm), found)
    with contextlib.suppress(OSError):
        write_json(folder / SEEN, sealed({"glance": glance, "content": content}))
    return content


def _known(path: Path, glance: str) -> str | None:
    try:
        record = unsealed(read_json(path)) if path.is_file() else {}
        return str(record["content"]) if record["glance"] == glance else None
    except (RecordError, ValueError, KeyError, TypeError):
        return None
