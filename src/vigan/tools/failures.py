"""What failed in a workflow, why, and what to type: from Snakemake's own log and those of its jobs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from vigan.errors import shown

_FAILED = re.compile(
    r"^Error in rule (?P<rule>[a-z_]+).*?:$(?:(?!^\S).*\n|\n)*?    jobid: (?P<job>\d+)$(?:(?!^\S).*\n|\n)*?"
    r"    log: (?P<log>.+?)(?: \(send to storage\))?(?: \(check log file)",
    re.MULTILINE,
)
_REFUSED = re.compile(r"^\w+ in rule (?P<rule>[a-z_]+) in file .*:$\n(?P<reason>.+)", re.MULTILINE)
"""What Snakemake itself has against a job that ended well."""
_FINISHED = re.compile(r"^Finished jobid: (\d+)", re.MULTILINE)
_MOST = 10


def tell(log: Path, command: str, lies_at: Callable[[str], Path] = Path) -> str:
    """A line for each job that failed, with the last thing it said; then what to type. Empty if none is found.

    `lies_at` finds a job's log by the name that Snakemake has for it.
    """
    try:
        told = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    mended = {found[1]: found.start() for found in _FINISHED.finditer(told)}
    failures = [found for found in _FAILED.finditer(told) if mended.get(found["job"], 0) < found.start()]
    failed = {found["log"]: found["rule"] for found in failures}
    lines = [f"  {rule} ({file}): {_reason(lies_at(file))}" for file, rule in failed.items()]
    refused = {found["reason"].partition(" (")[0]: found for found in _REFUSED.finditer(told)}  # each attempt is told
    lines += [f"  {found['rule']}: {shown(found['reason'])[:500]}" for found in refused.values()]
    if not lines:
        return ""
    heading = f"vigan: {len(lines)} of the jobs failed:"
    if len(lines) > _MOST:
        lines[_MOST:] = [f"  and {len(lines) - _MOST} more"]
    return "\n".join([heading, *lines, "What is finished stays. Mend that, then type:", f"  {command}"])


def _reason(log: Path) -> str:
    """The last line of a job's log that says something, best one of vigan's own."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "no log"
    said = [line for line in lines if line.strip()]
    own = [line.removeprefix("vigan: ") for line in said if line.startswith("vigan: ")]
    return shown((own or said or ["nothing"])[-1])[:500]
