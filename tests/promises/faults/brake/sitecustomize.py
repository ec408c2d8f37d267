"""A brake on trainings, which every Python process takes up that finds this folder on its path.

A trainer waits before it writes a checkpoint beyond the iteration that VIGAN_TEST_BRAKE/ARM holds, until that file
says otherwise or is gone. What it writes it notes first, as "process iteration", in VIGAN_TEST_BRAKE/ARM.written.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import Any

BRAKE = Path(os.environ["VIGAN_TEST_BRAKE"])
PART = re.compile(r"(?P<arm>[a-z]+)-[^/]*/\.checkpoint-(?P<iteration>\d{9})\.safetensors\.\w+\.part$")


def wait_for_permission(event: str, arguments: tuple[Any, ...]) -> None:
    """Wait where a checkpoint is about to be written."""
    if event != "tempfile.mkstemp" or not (found := PART.search(arguments[0])):
        return
    while int(found["iteration"]) > _limit(BRAKE / found["arm"]):
        time.sleep(0.01)
    with (BRAKE / f"{found['arm']}.written").open("a") as written:
        written.write(f"{os.getpid()} {int(found['iteration'])}\n")


def _limit(file: Path) -> float:
    try:
        return float(file.read_text())
    except FileNotFoundError:
        return float("inf")


sys.addaudithook(wait_for_permission)
