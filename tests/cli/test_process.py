"""A command's process ends with its exit code and all that it was to say and do, without Python's own clearing up."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vigan.cli.process import quick_imports

ENDING = """
import atexit, sys, threading, time
from vigan.cli.process import run

class Freed:
    def __del__(self):
        print("taken apart")

kept = Freed()
kept.itself = kept

def thread():
    time.sleep(0.2)
    print("the thread is done")

def command():
    atexit.register(print, "what is called at the end")
    threading.Thread(target=thread).start()
    print("said", end="")
    print("complained", end="", file=sys.stderr)
    {ending}

run(command)
"""


def _ended(ending: str) -> subprocess.CompletedProcess[str]:
    script = ENDING.format(ending=ending)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("return 0", 0),
        ("return 141", 141),
        ("sys.exit(2)", 2),
        ("sys.exit()", 0),
        ("sys.exit('refused')", 1),
        ("raise RuntimeError('a mistake')", 1),
    ],
)
def test_the_process_ends_with_the_command_s_code_its_threads_and_what_is_registered_but_takes_nothing_apart(
    ending: str, code: int
) -> None:
    done = _ended(ending)
    assert done.returncode == code
    assert done.stdout == "saidthe thread is done\nwhat is called at the end\n"
    assert done.stderr.startswith("complained")
    assert ("RuntimeError: a mistake" in done.stderr) == ("RuntimeError" in ending)


def test_a_command_that_is_killed_dies_of_the_signal() -> None:
    assert _ended("import os; os.kill(os.getpid(), 15)").returncode == -signal.SIGTERM


@pytest.mark.parametrize("command", [["-m", "vigan.cli"], [str(Path(sys.executable).with_name("vigan"))]])
@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["nonsense"], 2), (["claims", "nothing"], 1)])
def test_vigan_and_its_module_end_alike(command: list[str], words: list[str], code: int, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, *command, *words], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == code
    assert done.stdout if code == 0 else done.stderr


def test_an_import_is_not_searched_for_cycles_and_all_that_comes_after_it_is() -> None:
    before = gc.get_freeze_count()
    with contextlib.suppress(ImportError), quick_imports():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()
    assert gc.get_freeze_count() == before  # this process has other things to free


def test_what_a_command_imported_is_never_searched_again() -> None:
    script = (
        "import gc; from vigan.cli.process import quick_imports, run\n"
        "def command():\n"
        "    with quick_imports(): import pydantic\n"
        "    assert gc.isenabled() and gc.get_freeze_count() > 10_000\n"
        "    return 0\n"
        "run(command)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="no glibc")
def test_memory_that_was_freed_is_used_again_without_asking_the_system_for_every_page() -> None:
    script = (
        "import resource, sys; from vigan.cli.process import run; import numpy as np\n"
        "def command():\n"
        "    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "    for _ in range(20): [np.ones(2**20) for _ in range(8)]  # 64 MiB\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)\n"
        "    return 0\n"
        "if sys.argv[1] == 'run': run(command)\n"
        "command()"
    )
    kept, given_back = (
        int(subprocess.run([sys.executable, "-c", script, how], capture_output=True, check=True).stdout)
        for how in ("run", "plain")
    )
    assert kept < 1.2 * 2**26 / 2**12
    assert given_back >= kept
