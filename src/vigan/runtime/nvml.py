"""What the NVIDIA driver says of its GPUs, through its own library: without CUDA, and where there is no /proc entry."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, NamedTuple

LIBRARIES = ("libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1")
"""Where the driver puts the library, under WSL2 too."""
DRIVER = Path("/proc/driver/nvidia/gpus")


class Card(NamedTuple):
    """A GPU: its name, and bytes of memory in all and free."""

    name: str
    memory: int
    free: int


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def library() -> Any:
    """The driver's library, started (again, which costs little); None where there is none, or it does not start."""
    for name in LIBRARIES:
        try:
            found = ctypes.CDLL(name)
        except OSError:
            continue
        return None if found.nvmlInit_v2() else found
    return None


def count() -> int:
    """How many GPUs there are: by the library, else, as in a container without it, by the driver's /proc entries."""
    nvml, found = library(), ctypes.c_uint()
    if nvml is None or nvml.nvmlDeviceGetCount_v2(ctypes.byref(found)):
        return len(list(DRIVER.glob("*")))
    return found.value


def driver_version() -> str:
    """The driver's version, such as "550.54.15"; "" where it cannot be asked."""
    nvml, text = library(), ctypes.create_string_buffer(80)
    return "" if nvml is None or nvml.nvmlSystemGetDriverVersion(text, 80) else text.value.decode()


def cards() -> list[Card]:
    """Every GPU that the library tells of."""
    nvml = library()
    return [] if nvml is None else [_card(nvml, index) for index in range(count())]


def _card(nvml: Any, index: int) -> Card:
    handle, memory, name = ctypes.c_void_p(), _Memory(), ctypes.create_string_buffer(96)
    nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))
    nvml.nvmlDeviceGetName(handle, name, 96)
    nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory))
    return Card(name.value.decode(), memory.total, memory.free)
