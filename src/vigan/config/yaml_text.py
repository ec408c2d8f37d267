"""YAML as study files use it: every name is text, every number decimal, no entry stands for a million others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from vigan.errors import UserError

LONGEST = 2**19
"""Bytes of the largest file that is read: a hundred times the longest study here."""
MOST_ENTRIES = 100_000
"""Entries of a file with every alias written out."""
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_TEXT_TAG, _MERGE_TAG = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


class YamlError(UserError, ValueError):
    """Text that is no YAML, or YAML that does not mean what it seems to say; with the line and what to write."""


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses what YAML 1.1 reads as something else than it looks like."""

    def whole(self, node: yaml.ScalarNode) -> int:
        """A decimal number of at most 18 digits: 010 would be 8, and 1:20 would be 80."""
        if not _DECIMAL.fullmatch(node.value) or len(node.value) > 19:
            raise _at(node, _quoted(node))
        return self.construct_yaml_int(node)

    def real(self, node: yaml.ScalarNode) -> float:
        """A number with a point: 1:20.5 would be 80.5."""
        if ":" in node.value:
            raise _at(node, _quoted(node))
        return self.construct_yaml_float(node)

    def truth(self, node: yaml.ScalarNode) -> bool:
        """True or false: "on", "off", "yes" and "no" are rather names."""
        if node.value.lower() not in ("true", "false"):
            raise _at(node, _quoted(node))
        return self.construct_yaml_bool(node)

    def date(self, node: yaml.ScalarNode) -> None:
        """No setting is a date."""
        raise _at(node, _quoted(node))


for _kind, _construct in (("int", _Loader.whole), ("float", _Loader.real), ("bool", _Loader.truth)):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _construct)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.date)


def _quoted(node: yaml.ScalarNode) -> str:
    return node.value[:40]


def _at(node: yaml.Node, what: str) -> YamlError:
    kind = node.tag.rpartition(":")[2]
    return YamlError(
        f"line {node.start_mark.line + 1}: {what} is read as YAML's {kind}, not as it looks; put it in quotes if it is "
        f'text ("{what.removeprefix("the name ")}"), write a decimal number or true or false if not'
    )


def parse(text: str) -> tuple[Any, yaml.Node | None]:
    """Content of YAML text and its node tree (for line numbers). Raises YamlError with the line."""
    if len(text) > LONGEST:
        raise YamlError(f"{len(text)} characters, at most {LONGEST} are read; this is no study")
    try:
        loader = _Loader(text)
        tree = loader.get_single_node()
        if tree is None:
            return None, None
        _check_size(tree)
        _check_names(tree, set())
        return loader.construct_document(tree), tree
    except (yaml.YAMLError, RecursionError, TypeError, ValueError, LookupError, AttributeError) as error:
        if isinstance(error, YamlError):
            raise
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = str(getattr(error, "problem", None) or error) or type(error).__name__
        raise YamlError(f"{where}not valid YAML ({problem.splitlines()[0]})") from None


def _check_size(tree: yaml.Node) -> None:
    """Raise YamlError if an alias stands within what it stands for, or all aliases for too much together."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if sizes.get(id(node)) == 0:
            raise YamlError(f"line {node.start_mark.line + 1}: an alias within what it stands for")
        if id(node) not in sizes:
            sizes[id(node)] = 0
            sizes[id(node)] = 1 + sum(map(size, _children(node)))
        return sizes[id(node)]

    if (total := size(tree)) > MOST_ENTRIES:
        raise YamlError(f"{total} entries with all aliases written out, at most {MOST_ENTRIES} are read")


def _check_names(node: yaml.Node, seen: set[int]) -> None:
    """Raise YamlError for a name that is no text, or is written twice: before merges, by which one may come again."""
    if id(node) in seen:
        return
    seen.add(id(node))
    names: set[str] = set()
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.tag == _MERGE_TAG:
            continue
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError(f"line {key.start_mark.line + 1}: a name that is no text")
        if key.tag != _TEXT_TAG:
            raise _at(key, f"the name {_quoted(key)}")
        if key.value in names:
            raise YamlError(f"line {key.start_mark.line + 1}: '{key.value}' is named twice")
        names.add(key.value)
    for child in _children(node):
        _check_names(child, seen)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def read_text(path: Path) -> str:
    """The text of a file. Raises YamlError if it cannot be read, or is too long to be a study."""
    try:
        if path.stat().st_size > LONGEST and path.is_file():
            raise YamlError(f"{path.stat().st_size} bytes, at most {LONGEST} are read; this is no study")
        with path.open(encoding="utf-8") as stream:
            return stream.read(LONGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise YamlError(f"cannot be read ({error})") from None
