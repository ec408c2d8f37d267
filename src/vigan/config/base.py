"""Strict models and readable errors: file, line and, for an unknown key, the nearest known one."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from vigan.config.yaml_text import YamlError, parse, read_text
from vigan.errors import UserError, is_unseen

File = TypeVar("File", bound=BaseModel)
_ABSENT = object()


def _seen(text: str) -> str:
    if odd := [letter for letter in text if letter != "\n" and is_unseen(letter)]:
        raise ValueError(f"it holds U+{ord(odd[0]):04X}, a character that cannot be seen; leave it out")
    return text


def _one_line(text: str) -> str:
    if not text.strip() or "\n" in text:
        raise ValueError("write one line, which is not empty")
    return _seen(text)


Words = Annotated[str, Field(max_length=1000), AfterValidator(_one_line)]
Prose = Annotated[str, Field(max_length=20_000), AfterValidator(_seen)]
"""Free text, of one line and of several: it reaches terminals, figures and pages, so every character can be seen."""

Text = Annotated[str, Field(min_length=3, pattern=r"^\S[^\n]*\S$")]
"""A line of the project's own lists, with nothing to trim."""

Count = Annotated[int, Field(ge=1, le=10**9)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
"""Types of numeric settings."""


class ConfigError(UserError, ValueError):
    """A study file that cannot be run; the message is one line a user can act on."""


class Strict(BaseModel):
    """Immutable record: unknown keys and wrong types are errors, never defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON of this record; equal records have equal digests."""
        return digest_of(self.model_dump(mode="json"))


def plugged(tag: str, known: Mapping[str, type[BaseModel]]) -> WrapValidator:
    """Validates by the class among `known` that a record's `tag` names, and all else as without plug-ins."""

    def validate(raw: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        name = raw.get(tag) if isinstance(raw, Mapping) else None
        schema = known.get(name) if isinstance(name, str) else None
        if schema is None:
            return raw if type(raw) in known.values() else _by_ours(raw, handler, known)
        try:
            return schema.model_validate(raw)
        except ValidationError as error:
            raise ValueError(f"{tag} '{name}': {explain(error, keys_of(schema))[1]}") from None

    return WrapValidator(validate)


def _by_ours(raw: Any, handler: ValidatorFunctionWrapHandler, known: Mapping[str, type[BaseModel]]) -> Any:
    """A record as without plug-ins. Raises ValueError with their names, too, among those that it may have."""
    try:
        return handler(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] != "union_tag_invalid" or not known:
            raise
        raise ValueError(", ".join([first["msg"], *(f"'{name}'" for name in known)])) from None


def digest_of(value: Any) -> str:
    """SHA-256 (hex) of `value` as JSON with sorted keys and no spaces."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def differing_fields(mine: Mapping[str, Any], theirs: object) -> list[str]:
    """Dotted names of the fields in which two records (as JSON) differ, sorted, such as "arm.lambda_mean".

    A field that one of them lacks differs; if `theirs` is no record, every field of `mine` does.
    """
    if not isinstance(theirs, Mapping):
        return sorted(mine)
    return [
        field
        for name in sorted({*mine, *theirs})
        for field in _differing(name, mine.get(name, _ABSENT), theirs.get(name, _ABSENT))
    ]


def _differing(name: str, mine: object, theirs: object) -> list[str]:
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return [f"{name}.{field}" for field in differing_fields(mine, theirs)]
    return [] if mine == theirs else [name]


def read_yaml(path: Path) -> tuple[Any, yaml.Node | None]:
    """Content of a YAML file and its node tree (for line numbers).

    Raises ConfigError naming the file, and the line, when it is missing, unreadable, or not as study files are.
    """
    try:
        text = read_text(path)
    except YamlError as error:
        raise ConfigError(f"{path}: {error}") from None
    try:
        return parse(text)
    except YamlError as error:
        separator = ", " if str(error).startswith("line ") else ": "
        raise ConfigError(f"{path}{separator}{error}") from None


def line_of(node: yaml.Node | None, location: Sequence[str | int]) -> tuple[int, int]:
    """How many parts of `location` are found in a YAML node tree, and the line (from 1) of the deepest (0 if none)."""
    depth = line = 0
    for part in location:
        child = _child(node, part)
        if child is not None:
            node, line = child
            depth += 1
    return depth, line


def last_line_of_key(node: yaml.Node | None, name: str) -> int | None:
    """Line (from 1) of the last mapping key called `name`, anywhere in a YAML node tree."""
    if not isinstance(node, yaml.MappingNode):
        return None
    lines = [last_line_of_key(value, name) for _, value in node.value]
    lines += [key.start_mark.line + 1 for key, _ in node.value if key.value == name]
    return max((line for line in lines if line), default=None)


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part].start_mark.line + 1
    return None


def keys_of(schema: type[BaseModel]) -> list[str]:
    """What a file calls the fields of a model."""
    return [field.alias or name for name, field in schema.model_fields.items()]


def nearest(name: str, known: Sequence[str]) -> str:
    """`; did you mean 'x'?` for the known name closest to `name`, or the list of known names."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(sorted(known))}"


def first_of(error: ValidationError) -> Any:
    """The problem to show: a misspelt key explains the missing one it causes."""
    return min(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")


def explain(error: ValidationError, known_keys: Sequence[str]) -> tuple[tuple[str | int, ...], str]:
    """Location and one-line explanation of the first problem in a pydantic error, unknown keys before others."""
    first = first_of(error)
    location, given = first["loc"], first.get("input")
    match first["type"]:
        case "extra_forbidden":
            return location, f"unknown key '{location[-1]}'" + nearest(str(location[-1]), known_keys)
        case "missing":
            return location, f"'{location[-1]}' is missing"
        case "union_tag_not_found":
            return _without_tag(location, first["ctx"]["discriminator"].strip("'"), given)
        case "tuple_type":
            return location, f"write a list: [{'...' if given is None or isinstance(given, Mapping) else given}]"
        case "float_type" | "int_type" as wanted if isinstance(given, str):
            return location, f"'{given}' is text, not a number{_as_number(given, whole=wanted == 'int_type')}"
        case "int_type" if isinstance(given, float):
            return location, f"{given!r} is not an integer{_as_number(given, whole=True)}"
    return location, first["msg"].removeprefix("Value error, ")


def _without_tag(location: tuple[str | int, ...], tag: str, given: Any) -> tuple[tuple[str | int, ...], str]:
    """The same for a mapping without the key that says what it is; what is nearly that key is meant for it."""
    for close in difflib.get_close_matches(tag, map(str, given), n=1):
        return (*location, close), f"unknown key '{close}'{nearest(close, [tag])}"
    return location, f"'{tag}' is missing"


def _as_number(given: str | float, *, whole: bool) -> str:
    """How YAML 1.1 wants a number written that it read as something else; nothing of what is none."""
    with suppress(ValueError):
        number = float(given)
        if math.isfinite(number) and (not whole or number.is_integer()):
            return f"; write {yaml.safe_dump(int(number) if whole else number).split()[0]}"
    return ""


def read_checked(path: Path, schema: type[File], known_keys: Sequence[str]) -> File:
    """A YAML file, validated against a schema. Raises ConfigError: one line with file, line and what is wrong."""
    raw, tree = read_yaml(path)
    try:
        return schema.model_validate(raw)
    except ValidationError as error:
        location, message = explain(error, known_keys)
        raise located_error(path, line_of(tree, location)[1], location, message) from None


def located_error(path: Path, line: int | None, location: Sequence[str | int], message: str) -> ConfigError:
    """A one-line error: file, line, key, and what is wrong."""
    where = f"{path}, line {line}" if line else str(path)
    place = ".".join(str(part) for part in location)
    return ConfigError(" ".join(": ".join(filter(None, (where, place, message))).split()))
