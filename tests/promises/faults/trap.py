"""A signal that a process sends itself, at a drawn place of its work or a drawn time of its own: no race with others.

The places are the audit events that Python raises before it calls the system, so that the code that is killed knows
nothing of them; a file half written is torn by the stream that `os.fdopen` gives.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

NEVER = 10**9
PAYLOAD, SEAL = r"checkpoint-(\d{9})\.safetensors", r"checkpoint-(\d{9})\.json"
WITHIN_A_CHECKPOINT = {
    "payload half written": ("torn", PAYLOAD),
    "payload not named": ("os.rename", PAYLOAD),
    "payload not sealed": ("tempfile.mkstemp", SEAL),
    "seal half written": ("torn", SEAL),
    "seal not named": ("os.rename", SEAL),
    "older one half removed": ("os.remove", PAYLOAD),
}
WITHIN_THE_RESULTS = {
    "telemetry not named": ("os.rename", r"telemetry\.csv"),
    "snapshots not named": ("os.rename", "snapshots"),
    "record not named": ("os.rename", r"run\.json"),
}
WITHIN_THE_END = "state half removed"
PLACES = {**WITHIN_A_CHECKPOINT, **WITHIN_THE_RESULTS, WITHIN_THE_END: ("os.rmdir", "snapshots")}
PATH_OF = {"tempfile.mkstemp": 0, "os.rename": 1, "os.remove": 0, "os.rmdir": 0}
"""Which argument of an event is the file that is made or removed."""


class Trap(NamedTuple):
    """Where a process dies: at `place` in or after the checkpoint of iteration `after`.

    Or, at the place "any", `delay` seconds of the process's own time behind the checkpoint of iteration `after` (-1:
    behind its start), at the latest when it begins to write that of iteration `before`. One that `stops` there gets
    SIGSTOP instead, once, and goes on at SIGCONT.
    """

    place: str = "any"
    after: int = -1
    before: int = NEVER
    delay: float = 0.0
    stops: bool = False

    def set(self) -> None:
        """Set the trap in this process, for good."""
        Hunter(self).wait()


STOPPED = Trap(after=NEVER, before=3, stops=True)
"""Stops between two checkpoints: those of iterations 1 and 2 are there, and nothing of the third."""


class Hunter:
    """Looks on while this process works, and kills it."""

    def __init__(self, trap: Trap) -> None:
        self.trap, self.iteration, self.part = trap, -1, ""

    def wait(self) -> None:
        sys.addaudithook(self._notice)
        fdopen = os.fdopen
        os.fdopen = lambda handle, *how, **named: self._perhaps_torn(fdopen(handle, *how, **named))
        if self.trap.place == "any" and self.trap.after < 0:
            self._kill_later()

    def _notice(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in PATH_OF:
            return
        name = re.sub(r"^\.(.+)\.\w{8}\.part$", r"\1", Path(os.fsdecode(arguments[PATH_OF[event]])).name)
        if event == "tempfile.mkstemp":
            self._begin(name)
        if self._is_here(event, name):
            die()
        sealed = event == "os.rename" and re.fullmatch(SEAL, name)
        if sealed and self.trap.place == "any" and self.iteration == self.trap.after:
            self._kill_later()

    def _begin(self, name: str) -> None:
        self.part = name
        if found := re.fullmatch(PAYLOAD, name):
            self.iteration = int(found[1])
            if self.iteration >= self.trap.before:
                self._spring()

    def _spring(self) -> None:
        if not self.trap.stops:
            die()
        self.trap = self.trap._replace(before=NEVER)
        os.kill(os.getpid(), signal.SIGSTOP)

    def _is_here(self, event: str, name: str) -> bool:
        if self.trap.place == "any" or self.iteration < self.trap.after:
            return False
        where, pattern = PLACES[self.trap.place]
        return event == where and bool(re.fullmatch(pattern, name))

    def _perhaps_torn(self, stream: Any) -> Any:
        return Torn(stream) if self._is_here("torn", self.part) else stream

    def _kill_later(self) -> None:
        goal = time.process_time() + self.trap.delay
        threading.Thread(target=_die_at, args=(goal,), daemon=True).start()


class Torn:
    """A stream that takes half of the first bytes and then dies."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> Torn:
        return self

    def __exit__(self, *error: object) -> None:
        self.stream.close()

    def write(self, content: bytes) -> NoReturn:
        self.stream.write(content[: len(content) // 2])
        self.stream.flush()
        die()


def die() -> NoReturn:
    """Kill this process."""
    while True:
        os.kill(os.getpid(), signal.SIGKILL)


def _die_at(goal: float) -> None:
    while time.process_time() < goal:
        time.sleep(0.0005)
    die()
