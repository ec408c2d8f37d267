"""Another tool as a witness: its own code on the same images with the same network, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from vigan.config.base import ConfigError, nearest
from vigan.data.load_images import Gallery
from vigan.evaluation import witness_tools
from vigan.features.base import Extractor
from vigan.io.files import RecordError

RESIZING = {
    "pytorch-fid": "it resizes bilinearly, without antialiasing",
    "torch-fidelity": "it resizes bilinearly as TensorFlow 1 does, without antialiasing",
}
ONE_SIDE = {
    "pytorch-fid": "the images are resized by one tool, the reference by the other",
    "torch-fidelity": "the images are resized by one tool, the reference by the other",
}
SURFACE = {"prdc": "it counts a point on a ball's surface as outside"}
REASONS: dict[str, dict[str, str]] = {
    "frechet": {"clean-fid": "its matrix root is not exact where images are fewer than features", **RESIZING},
    "frechet_by_ours": ONE_SIDE,
    "frechet_by_theirs": ONE_SIDE,
    "kid_mean": {
        "clean-fid": "other random subsets",
        "torch-fidelity": "other random subsets, and its resizing where there is any",
    },
    "kid_of_all": RESIZING,
    "precision": {**SURFACE, **RESIZING},
    "recall": {**SURFACE, **RESIZING},
}
"""Why a tool's number may be another than ours, by metric and tool."""

CLOSE = 1e-3
"""A relative difference that needs no reason."""


class Case(NamedTuple):
    """Two folders (or zips) of images, and our features of them."""

    images: Path
    reference: Path
    fake: np.ndarray
    real: np.ndarray


class Witness(NamedTuple):
    """A tool, and the Python that has it."""

    tool: str
    python: Path

    @classmethod
    def named(cls, text: str) -> Witness:
        """Of "TOOL" or "TOOL=PYTHON". Raises ConfigError for a tool that is not known."""
        tool, _, python = text.partition("=")
        if tool not in witness_tools.TOOLS:
            raise ConfigError(f"no witness '{tool}'{nearest(tool, list(witness_tools.TOOLS))}")
        return cls(tool, Path(python).expanduser() if python else Path(sys.executable))


def ask(
    witness: Witness, extractor: Extractor, case: Case, *, exchange: Path | None = None, threads: int = 1
) -> dict[str, Any]:
    """What the tool says: its version and its numbers by our names for them.

    With `exchange`, a folder with our statistics of the reference (`ours.npz`, `ours.pt`), the tool also writes its own
    there (`theirs.npz`, `theirs.pt`) and measures the images by ours. Raises RecordError with the tool's last line if
    it fails.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "features.npz", real=case.real, fake=case.fake)
        export(extractor, folder / "network.pt")
        asked = {
            "tool": witness.tool, "images": str(case.images), "reference": str(case.reference), "side": extractor.side,
            "dimension": extractor.dimension, "network": str(folder / "network.pt"), "threads": threads,
            "features": str(folder / "features.npz"), "least": min(len(case.real), len(case.fake)),
            "exchange": str(exchange) if exchange else None, "answer": str(folder / "answer.json"),
        }  # fmt: skip
        (folder / "question.json").write_text(json.dumps(asked), encoding="utf-8")
        _run(witness, folder / "question.json")
        return json.loads((folder / "answer.json").read_text(encoding="utf-8"))


def check_tool(witness: Witness) -> None:
    """Raise RecordError if its Python cannot be run, or cannot import the tool."""
    with tempfile.TemporaryDirectory() as name:
        question = Path(name) / "question.json"
        question.write_text(json.dumps({"tool": witness.tool}), encoding="utf-8")
        _run(witness, question)


def _run(witness: Witness, question: Path) -> None:
    command = [
        str(witness.python),
        "-I",
        str(Path(witness_tools.__file__)),
        str(question),
    ]  # -I: nothing of this folder
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise RecordError(
            f"{witness.python}: cannot be run ({error.strerror}); name a Python with {witness.tool}"
        ) from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        advice = f"write --witness {witness.tool}=PYTHON for a Python that has it"
        raise RecordError(f"{witness.tool}, run by {witness.python}: {said[-1]}; {advice}")


def beside(ours: Mapping[str, float], tool: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Our numbers, the tool's, and how far apart: relative to ours, and why where it is known."""
    theirs = {name: value for name, value in answer["numbers"].items() if name in ours}
    apart = {name: relative(value, ours[name]) for name, value in theirs.items()}
    return {
        "tool": f"{tool} {answer['version']}",
        "ours": {name: ours[name] for name in theirs},
        "theirs": theirs,
        "difference": apart,
        "reasons": {name: reason(tool, name) for name, value in apart.items() if abs(value) > CLOSE},
    }


def reason(tool: str, metric: str) -> str:
    """Why a tool's number may be another than ours."""
    return REASONS.get(metric, {}).get(tool, "not known")


def relative(theirs: float, ours: float) -> float:
    """Relative difference (theirs - ours) / abs(ours); where ours is 0, theirs itself."""
    return (theirs - ours) / abs(ours) if ours else theirs


def write_files(gallery: Gallery, folder: Path) -> Path:
    """The folder, with every image as a PNG in it: for tools that read files."""
    folder.mkdir()
    for index in range(len(gallery)):
        picture = np.asarray(gallery[index : index + 1][0])
        Image.fromarray(np.moveaxis(picture, 0, 2).squeeze()).save(folder / f"{index:08d}.png")
    return folder


class _Exported(nn.Module):
    """The extractor's network from images in [0, 255]."""

    def __init__(self, extractor: Extractor) -> None:
        super().__init__()
        self.extractor, self.module = extractor, extractor.module

    def forward(self, batch: Tensor) -> Tensor:
        return self.extractor.network(batch)


def export(extractor: Extractor, path: Path) -> None:
    """Write an extractor's network as TorchScript, from images (n, 3, side, side) in [0, 255] to features (n, d).

    It runs where the extractor does, and nowhere else.
    """
    example = torch.zeros(2, 3, extractor.side, extractor.side, device=extractor.device)
    with warnings.catch_warnings(action="ignore"), torch.inference_mode(False), torch.no_grad():
        torch.jit.save(torch.jit.trace(_Exported(extractor), example, check_trace=False), path)
