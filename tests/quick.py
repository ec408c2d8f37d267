"""`vigan` for the jobs of a workflow under test: a process for each, forked from one that has imported everything.

In a job's shell `vigan` is a client. It hands over its words, folder, environment and streams, and ends as the command
does; the command ends with it. What happens to real processes is told by the smoke study and by the tests of faults.
Run as a script, this file is what forks; imported, it starts that.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from functools import cache
from pathlib import Path

CLIENT = """\
#!{python} -IS
import json, os, socket, sys
talk = socket.socket(socket.AF_UNIX)
talk.connect({address!r})
request = {{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
socket.send_fds(talk, [b"\\n"], [0, 1, 2])
talk.sendall(json.dumps(request).encode() + b"\\n")
code = talk.recv(1)
os._exit(code[0] if code else 137)
"""
"""137 as a shell says of what was killed."""


@cache
def environment() -> dict[str, str]:
    """What makes `vigan` a function of every bash, whatever its PATH; one server for all tests of a process."""
    home = tempfile.TemporaryDirectory(prefix="vigan-")
    place, address = Path(home.name), f"{home.name}/talk"
    (place / "vigan").write_text(CLIENT.format(python=sys.executable, address=address))
    (place / "vigan").chmod(0o755)
    server = subprocess.Popen([sys.executable, __file__, address], stdout=subprocess.PIPE)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"

    def close() -> None:
        server.kill()
        server.wait()
        home.cleanup()

    atexit.register(close)
    return {"BASH_FUNC_vigan%%": f'() {{ {place / "vigan"} "$@"\n}}'}


def _serve(address: str) -> None:
    import torch.utils.tensorboard  # noqa: F401

    import vigan.stages.analyse
    import vigan.stages.evaluate
    import vigan.stages.figures
    import vigan.stages.frames
    import vigan.stages.prepare
    import vigan.stages.reference
    import vigan.stages.report
    import vigan.stages.train
    import vigan.training.callbacks  # noqa: F401
    from vigan.provenance import stage_digest

    stage_digest("train", ["vigan.objectives.stabilisers.proximal"])
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, _reap)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        print("ready", flush=True)
        while True:
            talk, _ = server.accept()
            if os.fork() == 0:
                _become(talk)
            talk.close()


def _reap(*_: object) -> None:
    """Wait for commands that have ended; their clients have heard so from themselves."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(talk: socket.socket) -> None:
    """Become the command that a client asks for; tell it the exit code."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _, streams, _, _ = socket.recv_fds(talk, 1, 3)
        request = json.loads(talk.makefile().readline())
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        threading.Thread(target=_end_with, args=(talk,), daemon=True).start()
        code = _run(request["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
        talk.sendall(bytes([code]))
    finally:
        os._exit(code)


def _run(arguments: list[str]) -> int:
    from vigan.cli.parser import main

    try:
        return main(arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1


def _end_with(talk: socket.socket) -> None:
    """Die when the client has."""
    if talk.recv(1) == b"":
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _serve(sys.argv[1])
