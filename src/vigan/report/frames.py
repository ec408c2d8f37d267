"""The pictures behind the page's slider, one per run and step, as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from vigan.config.base import Strict
from vigan.io.files import RecordError, read_json

Picture = Annotated[str, Field(pattern=r"^data:image/webp;base64,[A-Za-z0-9+/]+=*$")]


class RunPictures(Strict):
    """The pictures of one run, one per step; where there is none, `missing` says why.

    `elsewhere`: it was not trained here.
    """

    arm: str
    seed: int
    elsewhere: bool = False
    pictures: Annotated[tuple[Picture | None, ...], Field(strict=False)]
    missing: Annotated[tuple[Literal["", "diverged", "not finite", "no samples"], ...], Field(strict=False)]


class Frames(Strict):
    """The pictures of one experiment: `runs` of equal seeds are shown side by side.

    `shown` is the number of samples in each picture, `kind` what they are, `width` and `height` are pixels. `real`
    shows as many real examples in the same way, where they may be passed on.
    """

    experiment: str
    kind: Literal["images", "points"]
    shown: int
    width: int
    height: int
    steps: Annotated[tuple[int, ...], Field(strict=False)]
    runs: Annotated[tuple[RunPictures, ...], Field(strict=False, min_length=1)]
    real: Picture | None = None

    @model_validator(mode="after")
    def _aligned(self) -> Frames:
        for run in self.runs:
            if not len(run.pictures) == len(run.missing) == len(self.steps):
                raise ValueError(f"arm '{run.arm}', seed {run.seed}: not one picture a step")
            if any((picture is None) != bool(why) for picture, why in zip(run.pictures, run.missing, strict=True)):
                raise ValueError(f"arm '{run.arm}', seed {run.seed}: a picture is missing without a reason")
        return self

    @property
    def seeds(self) -> list[int]:
        """Seeds with pictures, in order."""
        return list(dict.fromkeys(run.seed for run in self.runs))


def read_frames(path: Path) -> Frames:
    """An experiment's pictures. Raises RecordError naming the file if it holds something else."""
    try:
        return Frames.model_validate(read_json(path))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise RecordError(f"{path}: not pictures of an experiment ({where}: {problem['msg']}); delete it") from None
