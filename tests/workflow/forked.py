"""A process that has imported Snakemake and forks one process for each plan: real ones, without the imports.

It reads one JSON a line: {"arguments", "folder", "environment", "output", "seconds"}, and answers with the exit code.
Imported, it is the other end of that talk.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Forked:
    """Runs `snakemake` in a process of its own as often as asked."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path) -> int:
        """Exit code, or minus the signal it died of; what it prints is in `output`."""
        request = {"arguments": arguments, "folder": str(folder), "environment": dict(environment)}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request | {"output": str(output), "seconds": 1500}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _run(request: Mapping[str, Any]) -> int:
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    signal.alarm(request["seconds"])
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for target in (1, 2):
        os.dup2(output, target)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["snakemake", *request["arguments"]]
    code = 1
    try:
        from snakemake.cli import main

        main(sys.argv[1:])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve() -> None:
    import snakemake.cli
    import snakemake.dag
    import snakemake.workflow  # noqa: F401

    import vigan.config.load
    import vigan.data.identity
    import vigan.evaluation.code
    import vigan.layout
    import vigan.report.captions
    import vigan.stages.made_from
    import vigan.stages.settle
    import vigan.tools.planning  # noqa: F401

    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


if __name__ == "__main__":
    _serve()
