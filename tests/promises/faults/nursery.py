"""A process that has imported vigan and forks one process for each command: real ones, without seconds of imports.

It reads one JSON a line: {"folder", "log", "arguments", "user", "trap"} starts a command and is answered with
its process id, {"wait": id} with [exit code, or minus the signal; most memory in KiB], {"stop": id}, once a trap has
stopped it or it has ended, with whether it stopped. Imported, it is the other end of that talk.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Child:
    """One command of a nursery."""

    def __init__(self, nursery: Nursery, pid: int, log: Path) -> None:
        self.nursery, self.pid, self.log = nursery, pid, log
        self.memory = 0

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait_until_stopped(self) -> None:
        """Return once a trap has stopped it; fail if it ends instead."""
        assert self.nursery.ask({"stop": self.pid}), self.output()

    def wait(self) -> int:
        """Exit code, or minus the signal it died of; `memory` is then the most it held, in KiB."""
        code, self.memory = self.nursery.ask({"wait": self.pid})
        return code

    def output(self) -> str:
        return self.log.read_bytes().decode()

    def refusal(self) -> str:
        """The one line with which it is refused; a progress bar may stand before it."""
        assert self.wait() == 1, self.output()
        assert "Traceback" not in self.output(), self.output()
        before, _, line = self.output().partition("vigan: ")
        assert all(not line or "it/s]" in line for line in before.splitlines()), self.output()
        return line.partition("\n")[0]


class Nursery:
    """Starts `vigan` in a process of its own as often as asked."""

    def __init__(self, logs: Path) -> None:
        self.logs, self.started = logs, 0
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._answer()

    def start(
        self, folder: Path, *arguments: str, user: int | None = None, trap: Sequence[object] | None = None
    ) -> Child:
        """A command that has begun in `folder`, as another user if one is named; with a `Trap`, it kills itself."""
        self.started += 1
        log = self.logs / f"{self.started}.log"
        request = {"folder": str(folder), "log": str(log), "arguments": arguments, "user": user, "trap": trap}
        return Child(self, self.ask(request), log)

    def vigan(self, folder: Path, *arguments: str) -> str:
        """Output of a command that must succeed."""
        child = self.start(folder, *arguments)
        assert child.wait() == 0, child.output()
        return child.output()

    def refused(self, folder: Path, *arguments: str, user: int | None = None) -> str:
        """The one line with which a command must be refused."""
        return self.start(folder, *arguments, user=user).refusal()

    def ask(self, request: dict[str, object]) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _begin(request: dict[str, Any]) -> int:
    """Process id of a command, in a process group of its own; in the child, its exit."""
    if pid := os.fork():
        return pid
    from trap import Trap  # beside this file, which runs as a script

    from vigan.cli.parser import main

    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it
    log = os.open(str(request["log"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for target in (1, 2):
        os.dup2(log, target)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(str(request["folder"]))
    if request["user"] is not None:
        os.setgroups([])
        os.setgid(request["user"])
        os.setuid(request["user"])
    if request["trap"] is not None:
        Trap(*request["trap"]).set()
    code = main(request["arguments"])
    sys.stdout.flush()
    os._exit(code)


def _wait(pid: int) -> list[int]:
    _, status, usage = os.wait4(pid, 0)
    return [os.waitstatus_to_exitcode(status), usage.ru_maxrss]


def _stopped(pid: int) -> bool:
    return os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])


def _answer(request: dict[str, Any]) -> object:
    if "stop" in request:
        return _stopped(request["stop"])
    return _wait(request["wait"]) if "wait" in request else _begin(request)


def _serve() -> None:
    import torch._dynamo  # that any optimiser imports, for a second or two
    import torch.utils.tensorboard  # noqa: F401

    import vigan.stages.analyse
    import vigan.stages.evaluate
    import vigan.stages.figures
    import vigan.stages.prepare
    import vigan.stages.reference
    import vigan.stages.report
    import vigan.stages.train
    import vigan.training.callbacks  # noqa: F401
    from vigan.provenance import stage_digest

    stage_digest("train", ["vigan.objectives.stabilisers.proximal"])
    gc.collect()
    gc.freeze()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    _serve()
