"""What a study's folder is made of: the Snakefile, rules, studies and lists that this installation came with."""

from __future__ import annotations

import shutil
from pathlib import Path

from vigan.errors import UserError

_PACKAGE = Path(__file__).parents[1]
CONTENTS = ("Snakefile", "workflow", "config", "environment.yml", "profiles")


def shipped() -> Path:
    """The folder that holds `CONTENTS`: in the installed package, or the checkout of an editable install."""
    installed = _PACKAGE / "project"
    return installed if installed.is_dir() else _PACKAGE.parents[1]


def create(folder: Path) -> None:
    """Make a folder in which studies can be run. Raises UserError if there is one that is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: there already, and not empty; name a new folder")
    source = shipped()
    if not (source / "Snakefile").is_file():
        raise UserError(
            f"{source}: this installation came without a Snakefile; install vigan's wheel, or from its checkout"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in CONTENTS:
        for path in [source / name, *sorted((source / name).rglob("*"))]:
            to = folder / path.relative_to(source)
            if path.is_dir():
                to.mkdir()
            else:
                shutil.copyfile(path, to)  # not its mode: an installation may be read-only
