"""Reading a study file: one-line errors with the file, the line and the nearest known key."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from vigan.config import plugins
from vigan.config.arm_rows import OF_ROWS
from vigan.config.arms import Arm, Dcgan, Mixture, Mlp, Optimiser
from vigan.config.base import (
    ConfigError,
    explain,
    first_of,
    keys_of,
    last_line_of_key,
    line_of,
    located_error,
    nearest,
    read_yaml,
)
from vigan.config.claims import (
    Collapse,
    OneShare,
    PairedMean,
    PairedShares,
    PairedSign,
    PairedTime,
    Reach,
    Untested,
)
from vigan.config.datasets import CelebA, Digits, Grid, ImageFolder, Ring, StackedDigits, Torchvision
from vigan.config.elsewhere import FORMATS, ElsewhereArm
from vigan.config.experiment import Experiment, Protocol
from vigan.config.methods import METHODS
from vigan.config.study import Study

_MODELS: dict[str, type[BaseModel]] = {
    "experiments": Experiment, "arms": Arm, "optimiser": Optimiser, "d_optimiser": Optimiser,
    "protocols": Protocol, "dcgan": Dcgan, "mlp": Mlp, "mixture": Mixture, **METHODS, "elsewhere": ElsewhereArm,
    **FORMATS,
    "collapse": Collapse, "reach": Reach, "paired-sign": PairedSign, "paired-mean": PairedMean,
    "paired-time": PairedTime, "paired-shares": PairedShares, "share": OneShare, "none": Untested,
    "digits": Digits, "stacked-digits": StackedDigits, "torchvision": Torchvision, "celeba": CelebA,
    "folder": ImageFolder, "ring": Ring, "grid": Grid,
}  # fmt: skip
_NAMED_BY_USERS = {"experiments", "arms", "elsewhere", "datasets"}
"""Keys whose sub-keys are names chosen by users."""

Location = tuple[str | int, ...]


def load_study(path: Path) -> Study:
    """Study described by a YAML file. Raises ConfigError: one line with the file, the line and what to write."""
    if not path.exists():
        raise ConfigError(f"{path}: no such file{_others(path)}")
    raw, tree = read_yaml(path)
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: a study file is a mapping with the keys {', '.join(Study.model_fields)}")
    plugins.use(path, raw.get("plugins"))
    try:
        return Study.model_validate(raw)
    except ValidationError as error:
        location, message = explain(error, _known_keys(error))
        location = _as_written(location)
        line = _line(tree, location) or _line_of_name(tree, message)
        raise located_error(path, line, location, message) from None


def _others(path: Path) -> str:
    """What to write in place of a study file that is not there."""
    there = [one.name for one in path.parent.glob("*.yaml") if one.name not in ("deviations.yaml", "published.yaml")]
    if there:
        return nearest(path.name, there)
    return "; `--config` names a study file, and `vigan init FOLDER` makes a folder with some"


def _as_written(location: Location) -> Location:
    """A place within an arm from elsewhere, as the file has it: under `arms`, without the name of its format."""
    if location[2:3] != ("elsewhere",):
        return location
    return (*location[:2], "arms", *(part for part in location[3:] if part not in FORMATS))


def _line(tree: yaml.Node | None, location: Location) -> int | None:
    """Line of a location in the file, where an arm's key may be under `shared` instead."""
    as_shared: Location = ()
    if "arms" in location:
        at = location.index("arms")
        as_shared = (*location[:at], "shared", *location[at + 2 :])
    found = [(written, *line_of(tree, written)) for written in (location, as_shared)]
    missing = [len(written) - depth if line else len(location) for written, depth, line in found]
    return found[missing.index(min(missing))][2] or None


def _line_of_name(tree: yaml.Node | None, message: str) -> int | None:
    """Line of the first name that a message quotes, for problems of the study as a whole."""
    lines = (last_line_of_key(tree, name) for name in re.findall(r"'([^']+)'", message))
    return next(filter(None, lines), None)


def _known_keys(error: ValidationError) -> list[str]:
    """Keys of the innermost model on the path to the first error."""
    model: type[BaseModel] = Study
    parts = iter(first_of(error)["loc"][:-1])
    for part in parts:
        model = _MODELS.get(str(part), model)
        if part in _NAMED_BY_USERS:
            next(parts, None)
    return sorted({*keys_of(model), *OF_ROWS} - {"elsewhere"}) if model is Experiment else keys_of(model)
