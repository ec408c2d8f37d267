"""JSON schema of study files, from the models that read them: for editors that complete and check while one writes."""

from __future__ import annotations

from typing import Any

from vigan.config.random_settings import Random
from vigan.config.stabilisers import known_stabilisers, settings_of
from vigan.config.study import Study
from vigan.protocols.registry import KINDS

Schema = dict[str, Any]
_REFERENCE = "#/$defs/"


def study_schema() -> Schema:
    """JSON schema (draft 2020-12) of a study file, with `shared`, `sweep` and all protocols and stabilisers by name.

    It knows what a key may hold and where a key is misspelt. What only the study as a whole can tell (an arm that
    no `shared` completes, a claim about an arm that is not there) is checked when the file is read.
    """
    schema = Study.model_json_schema()
    definitions: dict[str, Schema] = schema["$defs"]
    definitions["Protocol"]["properties"]["kind"]["enum"] = sorted(KINDS)
    definitions["Arm"]["properties"]["stabilisers"] = _stabilisers()
    _add_rows(definitions)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A study of vigan", **schema}


def _add_rows(definitions: dict[str, Schema]) -> None:
    """Let an arm's keys be spread over `shared`, `sweep` and its own row, of which none need be whole."""
    experiment, row = definitions["Experiment"], _optional("Arm", definitions)
    experiment["required"] = [key for key in experiment["required"] if key not in {"arms", "snapshots"}]
    del experiment["properties"]["elsewhere"]  # its arms stand under `arms`, too
    apart = definitions["ElsewhereArm"]["properties"]
    apart["from"] = {
        "anyOf": [{"type": "string", "pattern": r"\.([cC][sS][vV]|[pP][aA][rR][qQ][uU][eE][tT])$"}, apart["from"]]
    }
    arms: Schema = experiment["properties"]["arms"]
    either = {"anyOf": [row, {"$ref": f"{_REFERENCE}ElsewhereArm"}]}
    arms.update(patternProperties=dict.fromkeys(arms["patternProperties"], either))
    experiment["properties"]["shared"] = {**row, "description": "What all arms have that do not say otherwise."}
    experiment["properties"]["sweep"] = {
        "type": "object",
        "description": "An arm for each combination of the settings listed.",
        "required": ["name"],
        "properties": {"name": {"type": "string", "examples": ["k{updates_per_batch}"]}},
        "additionalProperties": {"type": "array", "minItems": 1},
    }
    experiment["properties"]["random"] = Random.model_json_schema()


def _optional(name: str, definitions: dict[str, Schema]) -> Schema:
    """A reference to a copy of a definition in which no key is required, nor in what it refers to."""
    part = f"{name}Row"
    if part not in definitions:
        definitions[part] = {}  # before its own references are followed
        copied = _references_optional(definitions[name], definitions)
        definitions[part].update({key: value for key, value in copied.items() if key != "required"})
    return {"$ref": f"{_REFERENCE}{part}"}


def _references_optional(schema: Any, definitions: dict[str, Schema]) -> Any:
    match schema:
        case {"$ref": str(reference), **rest}:
            return {**_optional(reference.removeprefix(_REFERENCE), definitions), **rest}
        case {"oneOf": choices, **rest}:  # without its `kind`, a row may fit several
            rest.pop("discriminator", None)
            return {"anyOf": _references_optional(choices, definitions), **_references_optional(rest, definitions)}
        case dict():
            return {key: _references_optional(value, definitions) for key, value in schema.items()}
        case list():
            return [_references_optional(value, definitions) for value in schema]
        case _:
            return schema


def _settings(name: str) -> Schema | None:
    """The settings of a stabiliser; None where those of an installed plug-in cannot be read: `vigan plugins` tells."""
    try:
        return settings_of(name).model_json_schema()
    except ValueError:
        return None


def _stabilisers() -> Schema:
    settings = {name: schema for name in known_stabilisers() if name != "proximal" and (schema := _settings(name))}
    return {"type": "object", "properties": settings, "additionalProperties": False, "default": {}}
