"""What a machine is, and what is wrong with it for a study: each problem with what to type."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import torch

from vigan.bench.record import processor
from vigan.features import inception
from vigan.runtime import nvml, settings
from vigan.runtime.cores import cores

CORES_A_GPU = 5
"""Cores that one run in training and one in evaluation keep busy."""
LEAST_FREE = 4 << 30


class Problem(NamedTuple):
    """What is wrong, and what to type."""

    what: str
    remedy: str


def machine() -> dict[str, Any]:
    """Facts of this machine: its CPU, its cards as the driver and as CUDA see them, what shares them."""
    usable = torch.cuda.is_available()
    return {
        "processor": processor(),
        "cores": cores(),
        "load": round(os.getloadavg()[0], 1),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torch_cuda": torch.version.cuda,
        "driver": nvml.driver_version(),
        "nvml": nvml.library() is not None,
        "gpus": nvml.count(),
        "used": settings.gpus(),
        "cards": [card._asdict() for card in nvml.cards()],
        "cuda": usable,
        "capabilities": [_capability(index) for index in range(torch.cuda.device_count())] if usable else [],
        "built_for": torch.cuda.get_arch_list() if usable else [],
        "mps": _mps(),
        "inception": inception.at_hand(),
        "settings": {name: settings.setting(name) for name in settings.SETTINGS if settings.setting(name)},
    }


def problems(facts: dict[str, Any]) -> list[Problem]:
    """What stands in the way of a study on the GPUs of a machine, by its facts."""
    if not facts["gpus"] and not facts["cuda"]:
        return []
    return [problem for found in (_torch, _sharing, _room) for problem in found(facts)]


def _torch(facts: dict[str, Any]) -> list[Problem]:
    """What keeps torch off the cards."""
    if facts["torch_cuda"] is None:
        return [Problem("this torch was built without CUDA", "install a torch wheel with CUDA in .venv")]
    if not facts["cuda"]:
        message = f"driver {facts['driver'] or 'unknown'} does not start CUDA {facts['torch_cuda']}"
        return [Problem(message, "nvidia-smi; if that works, update the driver, or take a torch for an older CUDA")]
    if settings.is_yes(facts["settings"].get("cpu", "")):
        return [Problem("VIGAN_CPU says to do without the GPU", "unset VIGAN_CPU")]
    if not facts["used"]:
        if "CUDA_VISIBLE_DEVICES" in os.environ:
            return [Problem("CUDA_VISIBLE_DEVICES names no GPU", "unset CUDA_VISIBLE_DEVICES")]
        return [Problem("CUDA works, but the driver tells of no GPU: jobs would take none", "export VIGAN_GPUS=1")]
    old = [card for card in facts["capabilities"] if not _built(card, facts["built_for"])]
    return [Problem(f"this torch has no kernels for {', '.join(old)}", "install a torch wheel for it")] if old else []


def _built(capability: str, built_for: list[str]) -> bool:
    """Whether kernels of this torch run on a card: built for it, for its generation, or to be compiled there."""
    major, minor = (int(part) for part in capability.split("."))
    for name in built_for:
        kind, _, number = name.rstrip("af").partition("_")
        theirs = divmod(int(number), 10)
        if (kind == "sm" and theirs[0] == major and theirs[1] <= minor) or (
            kind == "compute" and theirs <= (major, minor)
        ):
            return True
    return False


def _sharing(facts: dict[str, Any]) -> list[Problem]:
    """Too few cores beside the cards, or runs that share one without MPS."""
    found = []
    if facts["used"] and facts["cores"] < CORES_A_GPU * len(facts["used"]):
        message = f"{facts['cores']} cores for {len(facts['used'])} GPUs: evaluation will hold up training"
        found.append(Problem(message, f"ask for {CORES_A_GPU} cores a GPU"))
    if facts["settings"].get("slots_per_gpu", "1") != "1" and facts["mps"] == "installed":
        found.append(Problem("several runs share a GPU by turns: MPS is not running", "nvidia-cuda-mps-control -d"))
    return found


def _room(facts: dict[str, Any]) -> list[Problem]:
    """Cards that others fill."""
    full = [card["name"] for card in facts["cards"] if card["free"] < LEAST_FREE]
    message = f"less than 4 GiB are free on {', '.join(full)}"
    return [Problem(message, "nvidia-smi, and end what fills it")] if full else []


def _capability(index: int) -> str:
    major, minor = torch.cuda.get_device_capability(index)
    return f"{major}.{minor}"


def _mps() -> str:
    """Whether CUDA's service for processes that share a card is "running", "installed" or "absent"."""
    if Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps"), "control").exists():  # noqa: S108
        return "running"
    return "installed" if shutil.which("nvidia-cuda-mps-control") else "absent"
