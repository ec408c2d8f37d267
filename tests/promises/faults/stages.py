"""The tiny study, stage by stage, each in a process of its own."""

from __future__ import annotations

from pathlib import Path

from studies import TINY

from .nursery import Nursery

DEVIATIONS = Path(__file__).parents[3] / "config" / "deviations.yaml"
PROTOCOL = ("--dataset", "ring", "--protocol", "toy-modes/n=500/ref=train", "--device", "cpu")
RUNS = [("--arm", arm, "--seed", seed, "--device", "cpu") for arm in ("plain", "regularised") for seed in ("0", "1")]

REPORT = ("report", "--deviations", str(DEVIATIONS), "--published", str(DEVIATIONS.with_name("published.yaml")))
STAGES = [
    *(("train", *run, "--no-tensorboard") for run in RUNS),
    *(("evaluate", *run, "--threads", "1") for run in RUNS),
    ("analyse",),
    *(("figure", "--kind", k, "--experiment", "circle") for k in ("curves", "seeds", "samples", "drift", "telemetry")),
    ("frames", "--experiment", "circle"),
    REPORT,
]
"""Every stage after data and reference, in order."""


class Place:
    """The tiny study in a folder, its data prepared and measured."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        self.folder, self.nursery = folder, nursery
        self.write(TINY)
        if not (folder / "data").exists():
            self.vigan("prepare", "--dataset", "ring")
            self.vigan("reference", *PROTOCOL)

    def write(self, study: str) -> None:
        (self.folder / "study.yaml").write_text(study)

    def vigan(self, stage: str, *arguments: str) -> str:
        """Output of a stage that must succeed."""
        return self.nursery.vigan(self.folder, stage, "--config", "study.yaml", *arguments)

    def refused(self, stage: str, *arguments: str, user: int | None = None) -> str:
        """The one line with which a stage must be refused."""
        return self.nursery.refused(self.folder, stage, "--config", "study.yaml", *arguments, user=user)

    def files(self) -> dict[str, bytes]:
        """All files but logs, by name."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and "logs" not in path.parts)
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}

    def finish(self) -> None:
        """Every other stage, up to the report."""
        for stage in STAGES:
            self.vigan(*stage)
