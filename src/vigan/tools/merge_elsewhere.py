"""What was read of arms that were made elsewhere, in several results folders of one study: each once, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from vigan.config.base import digest_of
from vigan.io.elsewhere_record import METRICS, RECORD, SAMPLES, ElsewhereRecord
from vigan.io.files import RecordError, read_json, sha256_file
from vigan.io.run_record import MEASURED
from vigan.io.stamp import check_files, read_stamp, unsealed

PLACE = "elsewhere"
"""The folder of such arms in a results folder."""
WRITTEN = (RECORD, METRICS, SAMPLES, MEASURED)
"""What reading an arm leaves, in the order of its making; samples only where they were measured here."""


class Imported(NamedTuple):
    """An arm in a results folder: the folder, the arm's record, and what that was made from."""

    source: Path
    record: ElsewhereRecord
    made_from: Mapping[str, str]

    @property
    def place(self) -> Path:
        """Its place in any results folder."""
        return Path(PLACE, self.record.arm)

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return self.source / self.place

    def digest(self, name: str) -> str:
        """Digest of the record, or of the table's bytes."""
        return digest_of(self.record.model_dump(mode="json")) if name == RECORD else sha256_file(self.folder / name)

    def traits(self) -> Iterator[tuple[str, str, Any]]:
        """(what, of what, value) of everything that must be equal in every source: its files' content above all."""
        home = f"arm '{self.record.arm}', "
        yield "config", home, self.record.identity
        yield "content of the files", home, self.record.content
        for name, digest in self.made_from.items():
            yield {"code": "reading code"}.get(name, f"'{name}'"), home, digest
        yield from (("claim", f"'{claim}', ", digest_of(rule)) for claim, rule in self.record.rules.items())


def imported(source: Path) -> list[Imported]:
    """The arms of a results folder. Raises RecordError naming one that is damaged, or lies in the place of another."""
    return [_imported(source, path.parent) for path in sorted(source.glob(f"{PLACE}/*/{RECORD}"))]


def _imported(source: Path, folder: Path) -> Imported:
    remedy, stamp_at = f"read it again (`vigan import --arm {folder.name}`)", folder / MEASURED
    stamp = read_stamp(stamp_at, remedy)
    check_files(stamp_at, stamp, [folder / name for name in WRITTEN if name in stamp.files], remedy)
    try:
        record = ElsewhereRecord.model_validate(unsealed(read_json(folder / RECORD)))
    except (ValidationError, ValueError):
        raise RecordError(f"{folder / RECORD}: damaged; {remedy}") from None
    if record.arm != folder.name:
        raise RecordError(f"{folder / RECORD}: it is the record of {PLACE}/{record.arm}; put its folder there")
    return Imported(source, record, stamp.made_from)


def each_once(arms: Sequence[Imported]) -> list[Imported]:
    """Each arm once. Raises RecordError naming a file of one that was read to other numbers from the same files."""
    chosen: dict[str, Imported] = {}
    for arm in arms:
        other = chosen.setdefault(arm.record.arm, arm)
        for name in (RECORD, METRICS):
            one, two = other.digest(name), arm.digest(name)
            if one != two:
                raise RecordError(
                    f"{other.folder / name} and {arm.folder / name}: the same files, read to other content (digests "
                    f"{one[:12]} and {two[:12]}); decide for one of them and remove the other's folder"
                )
    return list(chosen.values())
