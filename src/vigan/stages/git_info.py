"""The commit and the lock file behind a report."""

from __future__ import annotations

import subprocess
from pathlib import Path

import vigan
from vigan.io.files import sha256_file

ROOT = Path(vigan.__file__).parents[2]
"""The checkout that the package runs from, if it runs from one."""
MADE = ("figures", "results/*.html")


def commit(root: Path = ROOT) -> str:
    """The commit of a checkout and whether files differ from it, as text; also if there is none.

    Pages and figures do not count: they are what is made.
    """
    if _git(root, "rev-parse", "--show-toplevel") != str(root.resolve()):
        return "unknown: git does not read this checkout" if (root / ".git").exists() else "not a git checkout"
    head = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--", ".", *(f":!{made}" for made in MADE))
    return f"{head}, with changes that are not committed" if changed else head


def lock(root: Path = ROOT) -> str:
    """SHA-256 of the lock that environments are made from, or that there is none."""
    path = root / "requirements.txt"
    return sha256_file(path) if path.is_file() else "no requirements.txt"


def _git(root: Path, *arguments: str) -> str:
    """Output of a git command, "" if it fails."""
    try:
        asked = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""
