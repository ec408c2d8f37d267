"""A recording of the released graph: reads it, whole or compact, and refuses what is none before anything is built."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vigan.config.arms import UPDATES_PER_BATCH, Arm, Dcgan, Optimiser
from vigan.golden.full_size import NORMS, PROJECTIONS, fingerprint, initial
from vigan.golden.tf_variables import to_tensorflow, variables
from vigan.io.files import RecordError
from vigan.models.build import Networks

SIDE, CHANNELS, LATENT = 64, 3, 100
LAMBDA_MEAN = 5.0
LARGEST = 1 << 30
"""Bytes of all arrays of a recording; the article's full size takes 0.1 GB."""

_LIMITS = {
    "seed": (0, 2**32 - 1), "dim": (1, 128), "batch_size": (2, 64), "iterations": (1, 1000), "inner": (1, 64),
    "g_updates_per_batch": (1, 64), "regularised": (0, 1), "batch_norm": (0, 1),
}  # fmt: skip
LOSSES = ("loss", "adversarial", "penalty")
_UNREADABLE = (
    OSError, EOFError, TypeError, ValueError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_REQUIRED = (*_LIMITS, "z_sample", "sample_before", "sample_after", "kind", *LOSSES)


class RecordingError(RecordError):
    """A file that is no recording of the released graph: nothing can be said of the engine by it."""

    code = 2


class Recording(NamedTuple):
    """Arrays of a recording by key, and its settings as whole numbers."""

    file: Path
    arrays: Mapping[str, np.ndarray]
    settings: Mapping[str, int]

    @property
    def compact(self) -> bool:
        """Whether its start is a seed, and its end projections."""
        return "init_seed" in self.arrays

    @property
    def arm(self) -> Arm:
        """The arm whose run was recorded: experiment 1 or 2 as the released code has it."""
        return Arm(
            network=Dcgan(kind="dcgan", dim=self.settings["dim"], batch_norm=bool(self.settings["batch_norm"])),
            reading="released",
            d_batches=self.settings["inner"],
            g_batches=self.settings["inner"],
            batch_size=self.settings["batch_size"],
            lambda_mean=LAMBDA_MEAN if self.settings["regularised"] else 0.0,
            optimiser=Optimiser(kind="adam_tf1"),
        )

    def start(self, networks: Networks) -> dict[str, np.ndarray]:
        """Start values of all variables. Raises RecordingError where one is missing or has another shape."""
        shapes = {name: value.shape for name, value in tensorflow_values(networks).items()}
        if self.compact:
            start = initial(self._number("init_seed", 0, 2**32 - 1), shapes)
            if fingerprint(start) != self._number("init_crc32", 0, 2**32 - 1):
                raise self.refusal("the start weights drawn from its seed are not those it was made with")
        else:
            start = {name: self.array(f"init/{name}") for name in shapes}
        foreign = {key.partition("/")[2] for key in self.arrays if "/" in key} - set(shapes)
        if foreign:
            raise self.refusal(f"'{min(foreign)}' is no variable of its networks")
        for name, shape in shapes.items():
            ends = self._ends(name, shape)
            found = {f"init/{name}": start[name], **{key: self.array(key) for key in ends}}
            for key, wanted in {f"init/{name}": shape, **ends}.items():
                if found[key].shape != wanted:
                    raise self.refusal(f"'{key}' has shape {found[key].shape}, not {wanted}")
        return start

    def array(self, key: str) -> np.ndarray:
        """An array of the recording. Raises RecordingError where it has none."""
        if key not in self.arrays:
            raise self.refusal(f"no '{key}'")
        return self.arrays[key]

    def refusal(self, why: str) -> RecordingError:
        """What is raised of a file that is no recording."""
        return RecordingError(f"{self.file}: not a recording of the released graph ({why})")

    def _ends(self, name: str, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Shapes of what is kept of a final variable: itself, or its norms and projections and, if small, itself."""
        whole = {f"final/{name}": shape}
        compact = {f"norms/{name}": (NORMS,), f"moved/{name}": (PROJECTIONS,)}
        return (compact | (whole if f"final/{name}" in self.arrays else {})) if self.compact else whole

    def _number(self, key: str, low: int, high: int) -> int:
        value = self.array(key)
        if value.shape != () or not np.issubdtype(value.dtype, np.integer) or not low <= int(value) <= high:
            raise self.refusal(f"'{key}' is not one whole number from {low} to {high}")
        return int(value)


def load(file: Path) -> Recording:
    """A recording. Raises RecordingError naming the file if it cannot be one."""
    found = Recording(file, _arrays(file), {})
    for key in _REQUIRED:
        found.array(key)
    found = found._replace(settings={key: found._number(key, *limits) for key, limits in _LIMITS.items()})
    if (k := found.settings["g_updates_per_batch"]) != (released := UPDATES_PER_BATCH["released"]):
        raise found.refusal(f"{k} G updates on each batch of z; the released code makes {released}")
    for key, value in found.arrays.items():
        numeric = value.dtype.kind in "fiub"
        if key != "kind" and not (numeric and np.isfinite(value).all()):
            raise found.refusal(f"'{key}' does not hold finite numbers")
    samples = len(found.arrays["z_sample"]) if found.arrays["z_sample"].ndim else 0
    shapes = {"z_sample": (samples, LATENT)} | {
        f"sample_{at}": (samples, SIDE, SIDE, CHANNELS) for at in ("before", "after")
    }
    for key, shape in shapes.items():
        if not 1 <= samples <= 256 or found.arrays[key].shape != shape:
            raise found.refusal(
                f"'{key}' has shape {found.arrays[key].shape}, not (n, {', '.join(map(str, shape[1:]))})"
            )
    return found


def tensorflow_values(networks: Networks) -> dict[str, Any]:
    """Parameters and moving averages of the networks by TensorFlow's names, as views with TensorFlow's axes."""
    return {
        name: to_tensorflow(tensor) for role, network in networks.items() for name, tensor in variables(role, network)
    }


def _arrays(file: Path) -> dict[str, np.ndarray]:
    """Arrays of a zip by key; what else is packed with them, such as a text, is left alone."""
    try:
        with zipfile.ZipFile(file) as archive:
            if (size := sum(member.file_size for member in archive.infolist())) > LARGEST:
                raise ValueError(f"{size / 2**30:.0f} GiB of arrays")
        with np.load(file, allow_pickle=False) as archive:
            return {key: value for key, value in archive.items() if isinstance(value, np.ndarray)}
    except _UNREADABLE as error:
        raise RecordingError(f"{file}: not a recording of the released graph ({error})") from None
