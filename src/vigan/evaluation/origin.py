"""What values of real data and the numbers of a run are made from: digests by name, written and compared alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vigan.config.base import digest_of
from vigan.config.experiment import Protocol
from vigan.io.files import RecordError, read_json
from vigan.io.run_record import RunRecord
from vigan.io.stamp import unsealed
from vigan.protocols.registry import KINDS


def read_floor(path: Path) -> Any:
    """What a reference's JSON says. Raises RecordError unless it is what `vigan reference` wrote."""
    try:
        record = unsealed(read_json(path))
        _ = {name: record[name] for name in ("protocol", "data_sha256", "code_sha256", "floor")}
    except (ValueError, TypeError, KeyError):
        raise RecordError(f"{path}: damaged, or of an earlier version; run `vigan reference` again") from None
    return record


def reference_identity(record: Mapping[str, Any]) -> str:
    """Digest of what decided a value of real data; with the libraries' versions, where numbers depend on them.

    They do, on all, where samples are compared with real data, else on those that the kind of protocol names. After an
    upgrade real data are measured again, and with them the samples.
    """
    named = [record[name] for name in ("data_sha256", "protocol", "code_sha256")]
    kind, versions = KINDS[str(record["protocol"]).split("/")[0]], record.get("versions", {})
    if not kind.compares:
        versions = {name: versions.get(name) for name in kind.libraries}
    return digest_of([*named, versions] if versions or kind.compares else named)


def of_measurement(
    record: RunRecord, measured: Iterable[Protocol], references: Mapping[str, str], code: str
) -> dict[str, str]:
    """What the numbers of a run are made from; `references` are digests by protocol."""
    declared = {p.name: digest_of([p.redraws, p.definition.computation]) for p in measured}
    return {
        "run": record.identity,
        "code": code,
        **{f"protocols.{name}": digest for name, digest in declared.items()},
        **{f"references.{name}": references[name] for name in declared},
    }
