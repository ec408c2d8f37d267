"""Reading a study file: one-line errors with the file, the line and the nearest known key."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from vigan.config.arms import Arm, Dcgan, Mlp, Optimiser
from vigan.config.base import ConfigError, explain, first_of, line_of, read_yaml
from vigan.config.datasets import CelebA, Digits, Grid, ImageFolder, Ring
from vigan.config.study import Experiment, Protocol, Study

_MODELS: dict[str, type[BaseModel]] = {
    "experiments": Experiment, "arms": Arm, "optimiser": Optimiser, "protocols": Protocol, "dcgan": Dcgan, "mlp": Mlp,
    "digits": Digits, "celeba": CelebA, "folder": ImageFolder, "ring": Ring, "grid": Grid,
}  # fmt: skip

Location = tuple[str | int, ...]


def load_study(path: Path) -> Study:
    """Study described by a YAML file. Raises ConfigError: one line with the file, the line and what to write."""
    raw, tree = read_yaml(path)
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: a study file is a mapping with the keys {', '.join(Study.model_fields)}")
    try:
        return Study.model_validate(raw)
    except ValidationError as error:
        location, message = explain(error, _known_keys(error))
        line = _line(tree, location)
        place = ".".join(str(part) for part in location)
        raise ConfigError(
            f"{path}{f', line {line}' if line else ''}: {place + ': ' if place else ''}{message}"
        ) from None


def _line(tree: yaml.Node | None, location: Location) -> int | None:
    """Line of a location as written in the file, where an arm's key may stand under `shared`."""
    as_shared: Location = ()
    if "arms" in location:
        at = location.index("arms")
        as_shared = (*location[:at], "shared", *location[at + 2 :])
    depth, line = max(line_of(tree, location), line_of(tree, as_shared))
    return line if depth else None


def _known_keys(error: ValidationError) -> list[str]:
    """Keys of the innermost model that the first error's location passes through."""
    model: type[BaseModel] = Study
    for part in first_of(error)["loc"][:-1]:
        model = _MODELS.get(str(part), model)
    return [*model.model_fields, *(["shared"] if model is Experiment else [])]
