from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from vigan.cli import parser
from vigan.config.base import ConfigError
from vigan.config.deviations import Deviation, as_markdown, load_deviations

ROOT = Path(__file__).parents[2]
FILE = ROOT / "config" / "deviations.yaml"
ENTRIES = load_deviations(FILE)
REQUIRED = {
    "double-g-update", "literal-inert", "regulariser-reduction", "old-fakes-in-one-forward", "old-fakes-move-averages",
    "first-forward-reused", "d-pass-race", "adam-eps", "bn-moving-variance", "bn-not-fused", "no-bias-without-bn",
    "initial-weights", "seeds", "uint8-storage", "antialiased-resize", "epoch-order", "latents", "budgets",
    "inference-mode-samples", "evaluation", "float32-order",
}  # fmt: skip


@cache
def test_functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


test_functions.__test__ = False  # type: ignore[attr-defined]


def test_every_required_topic_has_its_entry() -> None:
    assert {entry.id for entry in ENTRIES} >= REQUIRED


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_test_named_in_an_entry_exists(entry: Deviation) -> None:
    for name in entry.tests:
        file, _, function = name.partition("::")
        assert (ROOT / file).is_file(), name
        assert function in test_functions(ROOT / file), name


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_line_quoted_of_the_released_code_names_a_file_whose_commit_the_page_gives(entry: Deviation) -> None:
    preamble = as_markdown([]).partition("|")[0]
    for word in entry.released.replace("(", " ").replace(")", " ").replace(",", " ").split():
        if ".py:" in word:
            assert word.partition(":")[0] in preamble, word


def test_the_page_in_docs_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert parser.main(["deviations"]) == 0
    assert (ROOT / "docs" / "deviations.md").read_text(encoding="utf-8") == capsys.readouterr().out


def test_every_word_of_an_entry_stands_on_the_page() -> None:
    page = as_markdown(ENTRIES)
    for entry in ENTRIES:
        for text in (entry.topic, entry.article, entry.released, entry.ours, entry.effect.rstrip("."), *entry.tests):
            assert text in page
        assert page.count(f'id="{entry.id}"') == page.count(f"(#{entry.id})") == 1


def test_references_between_entries_lead_somewhere() -> None:
    ids = {entry.id for entry in ENTRIES}
    for entry in ENTRIES:
        for text in (entry.effect, entry.released, entry.ours):
            see = text.partition("see `")[2].partition("`")[0]
            assert see in ids | {""}, see


def entry(**changes: Any) -> dict[str, Any]:
    first = ENTRIES[0].model_dump(mode="json")
    return {key: value for key, value in {**first, **changes}.items() if value is not None}


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[Any], str]:
    def load(content: Any) -> str:
        path = tmp_path / "list.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump({"deviations": content}))
        with pytest.raises(ConfigError) as caught:
            load_deviations(path)
        assert "\n" not in str(caught.value)
        assert "list.yaml" in str(caught.value)
        return str(caught.value)

    return load


def test_an_entry_that_claims_an_effect_without_a_test_is_refused(refusal: Callable[[Any], str]) -> None:
    for claim in ("yes", "no"):
        assert "needs 'tests' that hold it" in refusal([entry(tests=[], moves_numbers=claim)])


@pytest.mark.parametrize("changes", [{"moves_numbers": "unknown"}, {"effect": "not measured"}], ids=str)
def test_an_entry_that_claims_nothing_measured_needs_no_test(changes: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    path.write_text(yaml.safe_dump({"deviations": [entry(tests=[], **changes)]}))
    assert load_deviations(path)[0].tests == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"moves_numbers": True}, "'yes', 'no' or 'unknown'"),
        ({"moves_numbers": "maybe"}, "'yes', 'no' or 'unknown'"),
        ({"artikle": "x"}, "unknown key 'artikle'; did you mean 'article'?"),
        ({"effect": None}, "'effect' is missing"),
        ({"effect": ""}, "at least 3 characters"),
        ({"tests": ["tests/training/test_engine.py"]}, "tests.0"),
        ({"id": "Double G"}, "id"),
    ],
    ids=str,
)
def test_a_malformed_entry_is_refused_with_its_place(
    changes: dict[str, Any], message: str, refusal: Callable[[Any], str]
) -> None:
    said = refusal([entry(), entry(**{"id": "other", **changes})])
    assert message in said
    assert "deviations.1" in said
    assert ", line " in said


def test_an_id_given_twice_is_refused(refusal: Callable[[Any], str]) -> None:
    assert "id 'double-g-update' is given twice" in refusal([entry(), entry()])


@pytest.mark.parametrize("content", ["", "- 1\n", "deviations: []\n", "deviations: 3\n", "{"], ids=repr)
def test_a_file_that_is_no_list_of_deviations_is_refused_in_one_line(
    content: str, refusal: Callable[[Any], str]
) -> None:
    refusal(content)


def test_a_missing_file_is_one_line_at_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert parser.main(["deviations", "--file", str(tmp_path / "none.yaml")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
