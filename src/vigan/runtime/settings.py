"""Settings of the machine that a study runs on, which affect no result."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from vigan.errors import UserError
from vigan.provenance import whole_code
from vigan.runtime import nvml

SETTINGS = (
    "celeba", "mnist", "torchvision", "download", "cpu", "state", "inception", "dinov2", "clip", "cache", "gpus",
    "slots_per_gpu", "evals_per_gpu", "slots", "graphs", "image", "longest_minutes",
)  # fmt: skip
"""Where CelebA is; where MNIST is; where torchvision's data sets are; whether to fetch them; whether to train for days
on CPUs; where checkpoints live; where the FID's network is, and those of DINOv2 and CLIP; the folder for what is
fetched once; how many GPUs there are, how many runs share one, how many are measured on one beside them, and the folder
that counts them; whether iterations become CUDA graphs; the container image for `--sdm apptainer`; how long a job of a
cluster may run."""


_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_ANSWERS = {"": None, **dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}


class MachineError(UserError, ValueError):
    """An invalid setting of the machine; the message names it and what to write."""


def setting(name: str, otherwise: str = "") -> str:
    """A setting: VIGAN_NAME in the environment; one that is empty says nothing."""
    return os.environ.get(f"VIGAN_{name.upper()}") or otherwise


def switched_on(name: str) -> bool:
    """Whether a setting says yes. Raises MachineError if it says neither yes nor no."""
    return _answer(name) is True


def switched_off(name: str) -> bool:
    """Whether a setting says no. Raises MachineError if it says neither yes nor no."""
    return _answer(name) is False


def is_yes(text: str) -> bool:
    """Whether the text of a setting says yes."""
    return text.lower() in _YES


def _answer(name: str) -> bool | None:
    """What a setting says, None if nothing."""
    text = setting(name)
    if text.lower() not in _ANSWERS:
        raise MachineError(f"VIGAN_{name.upper()} is '{text}'; write true or false")
    return _ANSWERS[text.lower()]


def enter_root() -> None:
    """Work in VIGAN_ROOT, if it is set."""
    if root := setting("root"):
        Path(root).mkdir(parents=True, exist_ok=True)
        os.chdir(root)


def in_storage() -> bool:
    """Whether files here are copies that Snakemake fetches from a storage, and removes, as jobs come and go."""
    return bool(setting("root"))


def expanded(path: str | Path) -> Path:
    """A path with the home that a "~" stands for. Raises MachineError where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise MachineError(f"{path}: nobody knows this home; write the whole path") from None


def cache_folder() -> Path:
    """Folder of downloaded files: VIGAN_CACHE, else `vigan` under XDG_CACHE_HOME, else ~/.cache/vigan.

    For a user whose home nobody knows, as in some containers, a folder of temporary files.
    """
    if named := setting("cache"):
        return expanded(named)
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))  # its specification says that a relative path counts as unset
    if base.is_absolute():
        return base / "vigan"
    try:
        return expanded("~/.cache/vigan")
    except MachineError:
        return Path(tempfile.gettempdir()) / f"vigan-{os.getuid()}"


def export_settings(study_file: str, values: Mapping[str, object], root: Path | None = None) -> None:
    """Export a study file's path and the settings among `values` to the environment of commands started from here.

    `root` is the folder that these work in, where files are copied from and to a remote storage.

    In the environment they are not part of a rule, so moving a file never makes a result look outdated. PATH gets the
    folder of `vigan`, whether or not its virtual environment is active.
    """
    os.environ["VIGAN_CONFIG"] = os.path.abspath(study_file) if root else study_file
    os.environ["VIGAN_ROOT"] = os.path.abspath(root) if root else ""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for name in SETTINGS:
        if name in values:
            os.environ[f"VIGAN_{name.upper()}"] = str(values[name])
    if setting("image"):  # whose code is to be that of the plan
        os.environ["VIGAN_CODE"] = whole_code()


def gpus() -> list[str]:
    """NVIDIA GPUs that may be used here, as CUDA_VISIBLE_DEVICES names them, found without loading CUDA.

    Those of CUDA_VISIBLE_DEVICES up to the first -1, as CUDA reads it; else VIGAN_GPUS many (for machines whose driver
    cannot be asked, and to try things out); else as many as the driver says (`nvml.count`).
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        named = [name.strip() for name in visible.split(",")]
        return [name for name in named[: named.index("-1") if "-1" in named else None] if name]
    count = _whole("gpus", 0, least=0) if setting("gpus") else nvml.count()
    return [str(index) for index in range(count)]


def slots_per_gpu() -> int:
    """How many runs may share one GPU: VIGAN_SLOTS_PER_GPU, else 1."""
    return _whole("slots_per_gpu", 1, least=1)


def evals_per_gpu() -> int:
    """How many runs may be measured on one GPU at a time, beside those that train: VIGAN_EVALS_PER_GPU, else 1."""
    return _whole("evals_per_gpu", 1, least=1)


def gpu_slots() -> int:
    """How many runs may train on GPUs here at a time; 0 without a GPU."""
    return len(gpus()) * slots_per_gpu()


def eval_slots() -> int:
    """How many runs may be measured on GPUs here at a time; 0 without a GPU."""
    return len(gpus()) * evals_per_gpu()


def longest_minutes() -> int:
    """How long a job of a cluster may run, whatever it asks for: VIGAN_LONGEST_MINUTES, else a day."""
    return _whole("longest_minutes", 24 * 60, least=1)


def _whole(name: str, otherwise: int, least: int) -> int:
    """A setting that is a whole number. Raises MachineError if it is not, or is below `least`."""
    text = setting(name) or str(otherwise)
    if not text.isdecimal() or int(text) < least:
        raise MachineError(f"VIGAN_{name.upper()} is '{text}'; write a whole number, {least} or more")
    return int(text)
