"""One line about a study that is being carried out, in the terminal: runs done, rate, time left."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TextIO

from vigan.config.study import RunKey
from vigan.describe.durations import human
from vigan.errors import say
from vigan.layout import Layout
from vigan.runtime.resources import iteration_seconds, protocol_seconds

EVERY = {True: 30.0, False: 300.0}
"""Seconds between two lines, on a terminal and in a log."""

_CHECKPOINT = re.compile(r"checkpoint-([0-9]{9,})")


class Done(NamedTuple):
    """What is done of a study: runs trained, runs measured, runs in all, share of the work that trains and measures."""

    trained: int
    measured: int
    runs: int
    share: float


class Work:
    """The work of a study, run by run; a run that is being trained counts up to its last checkpoint."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.runs = layout, list(layout.study.runs())
        arms = {run.arm for run in self.runs}
        self.iterations = {arm: layout.study.run_spec(arm).iterations for arm in arms}
        self.training = {arm: self._training_seconds(arm) for arm in arms}
        self.measuring = {arm: self._measuring_seconds(arm) for arm in arms}

    def _training_seconds(self, arm: str) -> float:
        spec = self.layout.study.run_spec(arm)
        return spec.iterations * iteration_seconds(spec, gpu=False)

    def _measuring_seconds(self, arm: str) -> float:
        study = self.layout.study
        steps = len(study.experiments[study.experiment_of(arm)].snapshot_steps)
        return sum(protocol_seconds(p, gpu=False) * (steps + p.redraws) for p in study.protocols_of(arm))

    def done(self) -> Done:
        """What is done now."""
        reached = self._reached()
        trained = {run for run in self.runs if (self.layout.run(run) / "run.json").exists()}
        measured = {run for run in trained if (self.layout.run(run) / "metrics.csv").exists()}
        work = 0.0
        for run in self.runs:
            share = 1.0 if run in trained else min(1.0, reached.get(run, 0) / self.iterations[run.arm])
            work += share * self.training[run.arm] + (run in measured) * self.measuring[run.arm]
        whole = sum(self.training[run.arm] + self.measuring[run.arm] for run in self.runs)
        return Done(len(trained), len(measured), len(self.runs), work / whole if self.runs else 1.0)

    def _reached(self) -> dict[RunKey, int]:
        """Iterations of the newest checkpoint of each run that is being trained.

        The newest is that which was written last: earlier code, or other data, may have left some that are further on.
        """
        states = self.layout.state_root / self.layout.study.study
        newest: dict[str, tuple[int, int]] = {}
        for path in states.glob("*/checkpoint-*.json"):
            if found := _CHECKPOINT.fullmatch(path.stem):
                name = path.parent.name.rpartition("-")[0]
                newest[name] = max(newest.get(name, (0, 0)), (_written(path), int(found[1])))
        return {run: newest[name][1] for run in self.runs if (name := self._state_name(run)) in newest}

    def _state_name(self, run: RunKey) -> str:
        return self.layout.state(run, "").name.removesuffix("-")


def _written(path: Path) -> int:
    """When a checkpoint was written, in nanoseconds; 0 if another has replaced it meanwhile."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def line(first: Done, now: Done, seconds: float) -> str:
    """What is told `seconds` after `first`: runs done; and, once something has been done since, rate and time left."""
    told = f"{now.trained} of {now.runs} runs trained, {now.measured} measured"
    gained = now.share - first.share
    if gained <= 0 or seconds <= 0:
        return told
    per_hour = gained * now.runs / seconds * 3600
    rate = f"{per_hour:.1f} runs an hour" if per_hour < 60 else f"{per_hour / 60:.1f} runs a minute"
    return f"{told}; {rate}, about {human((1 - now.share) / gained * seconds)} left"


def tell(layout: Layout, stream: TextIO | None = None) -> Callable[[], None]:
    """Print a line at intervals, in a thread that ends with this process or by the function returned."""
    out, ended = stream or sys.stderr, threading.Event()
    work = Work(layout)
    begun, first = time.monotonic(), work.done()

    def watch() -> None:
        while not ended.wait(EVERY[out.isatty()]):
            now = work.done()
            if now.share < 1:
                say(f"vigan: {line(first, now, time.monotonic() - begun)}", out)

    threading.Thread(target=watch, daemon=True).start()
    return ended.set
