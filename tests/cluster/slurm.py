"""A real SLURM of one node, for as long as the tests need it: keys, state and logs lie in one folder.

Only its configuration must lie where SLURM looks for it: the executor's job steps do not pass SLURM_CONF on.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from waiting import wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
SYSTEM = Path("/etc/slurm/slurm.conf")
PATH = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"

CONFIGURATION = """\
ClusterName=vigan
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MailProg=/bin/true
ReturnToService=2
KillWait=2
MinJobAge=600
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=1000000 State=UNKNOWN
PartitionName=only Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why there can be no SLURM here; empty if there can."""
    if os.geteuid() != 0:
        return "starting slurmd needs root"
    if (SYSTEM.exists() or SYSTEM.is_symlink()) and not is_left_behind():
        return f"there is a SLURM on this machine already: {SYSTEM}"
    absent = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    return f"not installed: {', '.join(absent)} (Debian: slurm-wlm, munge)" if absent else ""


def is_left_behind() -> bool:
    """Whether the configuration is the link of tests that were killed, and their controller is gone."""
    if not SYSTEM.is_symlink() or "pytest-of-" not in os.readlink(SYSTEM):
        return False
    pid_file = SYSTEM.readlink().with_name("slurmctld.pid")
    return not (pid_file.is_file() and Path("/proc", pid_file.read_text().strip(), "stat").exists())


class OneNode:
    """Controller, node and keys on 127.0.0.1, on ports that are free now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "PATH": PATH}

    def __enter__(self) -> OneNode:
        if why := missing():
            raise RuntimeError(why)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # or a killed pytest would leave daemons behind
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        host = socket.gethostname().partition(".")[0]
        ports = {"controller_port": _free_port(), "node_port": _free_port()}
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(host=host, folder=self.folder, **ports))
        if is_left_behind():
            SYSTEM.unlink()
        SYSTEM.symlink_to(self.folder / "slurm.conf")
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        files = {"key-file": key, "socket": self.folder / "munge.socket", "pid-file": self.folder / "munged.pid"}
        files |= {"log-file": self.folder / "munged.log", "seed-file": self.folder / "munged.seed"}
        self.call("munged", "--force", *(f"--{name}={path}" for name, path in files.items()))
        self.call("slurmctld")
        self.call("slurmd")
        wait_until(lambda: "idle" in self.call("sinfo", "--noheader", "--format=%t"), 60, "the node never came up")

    def __exit__(self, *_: object) -> None:
        try:
            if (self.folder / "slurmctld.pid").exists():
                self.call("scancel", "--user=root")
                wait_until(lambda: not self.call("squeue", "--noheader"), 30, "jobs outlived scancel")
        finally:
            for name in ("slurmd", "slurmctld", "munged"):
                _end(self.folder / f"{name}.pid")
            SYSTEM.unlink()

    def call(self, *command: str) -> str:
        """Output of a command that sees this SLURM."""
        done = subprocess.run(
            command, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end(pid_file: Path) -> None:
    """End a daemon and wait until it is gone."""
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text())
    for kill, patience in ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, kill)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                os.kill(pid, 0)
                time.sleep(0.1)
        except ProcessLookupError:
            return
