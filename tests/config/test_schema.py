from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from vigan.config.schema import study_schema

CONFIG = Path(__file__).parents[2] / "config"
STUDIES = [file for file in sorted(CONFIG.glob("*.yaml")) if "\nexperiments:" in file.read_text(encoding="utf-8")]
SCHEMA = study_schema()


@pytest.mark.generated
def test_the_schema_that_editors_read_is_that_of_the_models() -> None:
    assert json.loads((CONFIG / "study.schema.json").read_text(encoding="utf-8")) == SCHEMA, "type: make generated"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_every_study_file_follows_it_and_says_so(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    jsonschema.validate(yaml.safe_load(text), SCHEMA)
    assert text.startswith("# yaml-language-server: $schema=study.schema.json\n")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("titel",), "x"),
        (("seeds",), "0"),
        (("datasets", "ring", "source"), "rings"),
        (("experiments", "ring", "iteration"), 3),
        (("experiments", "ring", "shared", "network", "widht"), 3),
        (("experiments", "ring", "shared", "reading"), "proximate"),
        (("experiments", "ring", "arms", "ring-plain", "lambda"), 1.0),
        (("experiments", "ring", "arms", "ring-plain", "stabilisers"), {"r2": {}}),
        (("experiments", "ring", "arms", "ring-plain", "stabilisers"), {"r1": {"gama": 1.0}}),
        (("experiments", "ring", "protocols", 0, "kind"), "toy-mode"),
        (("experiments", "ring", "sweep"), {"lambda_sum": [1.0]}),
        (("claims", 0, "test"), "t-test"),
        (("claims", 0, "margins"), 1.0),
    ],
)
def test_what_is_misspelt_does_not_follow_it(path: tuple[str | int, ...], value: Any) -> None:
    study = copy.deepcopy(yaml.safe_load((CONFIG / "smoke.yaml").read_text(encoding="utf-8")))
    place: Any = study
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(study, SCHEMA)
