"""Records of benchmarks: what was measured, on which machine."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from vigan.io.files import write_json
from vigan.provenance import versions


class Measurement(NamedTuple):
    """The result of one benchmark.

    `device` is the name of the hardware, `settings` what was measured and how, `summary` the figures to print,
    `details` everything else worth keeping (single timings). All are JSON values.
    """

    device: str
    settings: dict[str, Any]
    summary: dict[str, Any]
    details: dict[str, Any]


def write_record(folder: Path, name: str, found: Measurement) -> Path:
    """Path of the record of benchmark `name`, written into `folder` with device, versions, date and settings."""
    now = datetime.now(UTC)
    path = folder / f"{name}-{_as_file_name(found.device)}-{now:%Y%m%d-%H%M%S}.json"
    about = {"benchmark": name, "date": now.isoformat(timespec="seconds"), "versions": versions()}
    machine = {"cpus": os.cpu_count(), "platform": f"{platform.system()} {platform.machine()}"}
    write_json(path, {**about, **machine, **found._asdict()})
    return path


def processor() -> str:
    """Name of the CPU, as Linux gives it; elsewhere that of its architecture."""
    source = Path("/proc/cpuinfo")
    lines = source.read_text().splitlines() if source.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _as_file_name(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-")
