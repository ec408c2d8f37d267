"""What the repository keeps of studies."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def kept(pattern: str) -> list[Path]:
    """Files of results and figures that match and that git does not ignore; all that are there, without git."""
    asked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "results", "figures"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    listed = set(asked.stdout.splitlines())
    found = [path for path in sorted(ROOT.glob(pattern)) if path.is_file()]
    return [path for path in found if asked.returncode or str(path.relative_to(ROOT)) in listed]


def is_ignored(path: Path) -> bool:
    """Whether a clone lacks a file that is here: git has not been given it and ignores it."""
    asked = ["git", "-C", str(ROOT), "check-ignore", "--quiet", str(path)]
    return subprocess.run(asked, check=False, stderr=subprocess.DEVNULL).returncode == 0
