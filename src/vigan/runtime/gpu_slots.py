"""Slots on the GPUs of one machine, held by file locks, which the system releases however a job ends."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from vigan.io.locks import lock
from vigan.runtime.settings import MachineError, evals_per_gpu, gpus, setting, slots_per_gpu, switched_on

Work = Literal["train", "eval"]
"""What a slot is for: runs are measured beside those that train, and do not take their places."""

PAUSE = 0.5
"""Seconds between two searches for a free slot."""


@contextmanager
def reserve_gpu(work: Work = "train") -> Iterator[str | None]:
    """The GPU of a free slot for `work`; within, CUDA sees that one alone, so it must not have been called before.

    Waits while all slots are taken. Yields None, changing nothing, without a GPU or with VIGAN_CPU. An inherited
    CUDA_VISIBLE_DEVICES is respected: slots are taken among its devices.
    """
    devices = [] if switched_on("cpu") else gpus()
    if not devices:
        yield None
        return
    inherited = os.environ.get("CUDA_VISIBLE_DEVICES")
    device, handle = _wait(devices, work)
    with handle:
        os.environ["CUDA_VISIBLE_DEVICES"] = device
        try:
            yield device
        finally:
            _restore(inherited)


def folder() -> Path:
    """Folder of the locks: VIGAN_SLOTS, else one of this user and cluster job in the machine's temporary folder.

    It is local, because locks on network drives are unreliable; by cluster job, because a cluster numbers the GPUs of
    each job from 0.
    """
    if named := setting("slots"):
        return Path(named)
    return Path(tempfile.gettempdir()) / "-".join(
        ["vigan-slots", str(os.getuid()), *filter(None, [os.environ.get("SLURM_JOB_ID")])]
    )


def _wait(devices: Sequence[str], work: Work) -> tuple[str, IO[str]]:
    announced = False
    while (taken := _take(devices, work)) is None:
        if not announced:
            print(f"waiting for a slot on GPU {', '.join(devices)}", flush=True)
            announced = True
        time.sleep(PAUSE)
    return taken


def _take(devices: Sequence[str], work: Work) -> tuple[str, IO[str]] | None:
    """The first free slot and its lock: no GPU gets a second job while another has none.

    Raises MachineError where slots cannot be locked.
    """
    home = folder()
    home.mkdir(parents=True, exist_ok=True)
    count, kind = (slots_per_gpu(), "") if work == "train" else (evals_per_gpu(), "eval.")
    for number in range(count):
        for device in devices:
            handle = (home / f"{device.replace('/', '-')}.{kind}{number}").open("a+")
            taken = lock(handle.fileno())
            if taken:
                return device, handle
            handle.close()
            if taken is None:
                raise MachineError(f"{home}: its file system has no locks; set VIGAN_SLOTS to a folder on a local disk")
    return None


def _restore(inherited: str | None) -> None:
    if inherited is None:
        del os.environ["CUDA_VISIBLE_DEVICES"]
    else:
        os.environ["CUDA_VISIBLE_DEVICES"] = inherited
