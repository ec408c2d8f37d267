from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.layout import Layout

EXAMPLE = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")
CONFIG = Path(__file__).parents[2] / "config"
STUDIES = [
    text for path in sorted(CONFIG.glob("*.yaml")) if (text := path.read_text(encoding="utf-8")).count("\nexperiments:")
]

Refusal = Callable[[str], str]


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """The one line with which a study file of the given text is refused."""

    def refuse(text: str) -> str:
        path = tmp_path / "study.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load_study(path)
        message = str(caught.value)
        assert message.startswith(str(path))
        assert len(message.splitlines()) == 1
        return message

    return refuse


def edited(old: str, new: str) -> tuple[str, int]:
    """The example with the first `old` replaced, and the line (from 1) where it stood."""
    assert old in EXAMPLE
    return EXAMPLE.replace(old, new, 1), EXAMPLE[: EXAMPLE.index(old)].count("\n") + 1


MISTAKES = {
    "unknown key at the top": ("datasets:", "datasetz:", "did you mean 'datasets'?"),
    "unknown key in an experiment": ("    iterations: 300", "    iteration: 300", "did you mean 'iterations'?"),
    "misspelt `shared`": ("    shared:", "    sharde:", "did you mean 'shared'?"),
    "misspelt key in a network under shared": ("dim: 16", "dims: 16", "did you mean 'dim'?"),
    "misspelt key in an optimiser under shared": ("lr: 1.0e-3", "lrr: 1.0e-3", "did you mean 'lr'?"),
    "misspelt key in D's optimiser": (
        "      optimiser: {kind: adam_tf1, lr: 1.0e-3}", "      d_optimiser: {lrr: 1.0e-3}", "did you mean 'lr'?"
    ),
    "misspelt key in an arm's row": ("{lambda_mean: 0.0}", "{lamda_mean: 0.0}", "did you mean 'lambda_mean'?"),
    "misspelt key in a protocol": ("samples: 256", "sample: 256", "did you mean 'samples'?"),
    "misspelt key in a data set": ("source: digits, side", "source: digits, syde", "did you mean 'side'?"),
    "beta1 of 1 in float32": ("lr: 1.0e-3", "lr: 1.0e-3, beta1: 0.99999999", "0.99999999 is 1 in float32"),
    "beta2 of 1 in float32": ("lr: 1.0e-3", "lr: 1.0e-3, beta2: 0.99999999", "0.99999999 is 1 in float32"),
    "eps of 0 in float32": ("lr: 1.0e-3", "lr: 1.0e-3, eps: 1.0e-50", "1e-50 is 0 in float32"),
    "learning rate of 0 in float32": ("lr: 1.0e-3", "lr: 1.0e-46", "1e-46 is 0 in float32"),
    "learning rate beyond float32": ("lr: 1.0e-3", "lr: 1.0e+39", "1e+39 is larger than float32 can hold"),
    "learning rate that YAML reads as text": (
        "lr: 1.0e-3", "lr: 2e-4", "'2e-4' is text, not a number; write 0.0002",
    ),
    "rate that YAML reads as text, its exponent with a point": ("lr: 1.0e-3", "lr: 2e-5", "number; write 2.0e-05"),
    "lambda that YAML reads as text for want of a sign": (
        "{lambda_mean: 0.0}", "{lambda_mean: 1.0e22}", "'1.0e22' is text, not a number; write 1.0e+22",
    ),
    "count that YAML reads as text": (
        "iterations: 300", "iterations: 1.0e5", "'1.0e5' is text, not a number; write 100000",
    ),
    "count that is a fraction by its form": (
        "iterations: 300", "iterations: 1.0e+5", "100000.0 is not an integer; write 100000",
    ),
    "count that is text": ("iterations: 300", "iterations: many", "'many' is text, not a number"),
    "a list that is one number": ("seeds: [0, 1]", "seeds: 8", "seeds: write a list: [8]"),
    "misspelt key that says what a data set is": (
        "{source: digits, side: 32}", "{sorce: digits, side: 32}", "unknown key 'sorce'; did you mean 'source'?",
    ),
    "data set that does not say what it is": ("{source: digits, side: 32}", "{side: 32}", "'source' is missing"),
    "misspelt `random`": ("    shared:", "    randm: {}\n    shared:", "did you mean 'random'?"),
    "lambda of 0 in float32": ("{lambda_mean: 0.0}", "{lambda_mean: 1.0e-60}", "1e-60 is 0 in float32"),
    "lambda beyond float32": ("{lambda_mean: 0.0}", "{lambda_mean: 1.0e+39}", "1e+39 is larger than float32 can"),
    "negative count": ("iterations: 300", "iterations: -300", "greater than or equal to 1"),
    "no snapshot": ("snapshots: 6", "snapshots: 0", "greater than or equal to 1"),
    "truth value for a number": ("lambda_mean: 0.0", "lambda_mean: yes", "number"),
    "lambda that is not a number": ("lambda_mean: 0.0", "lambda_mean: .nan", "finite"),
    "negative lambda": ("lambda_mean: 0.0", "lambda_mean: -1.0", "greater than or equal to 0"),
    "seed named twice": ("seeds: [0, 1]", "seeds: [1, 1]", "distinct"),
    "negative seed": ("seeds: [0, 1]", "seeds: [0, -1]", "not negative"),
    "no seed": ("seeds: [0, 1]", "seeds: []", "at least 1"),
    "path for a name": ("study: example", "study: ../example", "pattern"),
    "name with a newline": ("study: example", 'study: "example\\n"', "pattern"),
    "unknown source": ("source: ring", "source: rong", "'ring'"),
    "unknown protocol": ("kind: toy-modes", "kind: toy-mode", "kind 'toy-mode'; did you mean 'toy-modes'?"),
    "both lambdas": ("{lambda_mean: 0.0}", "{lambda_mean: 0.0, lambda_sum: 0.0}", "exactly one of 'lambda_mean'"),
    "no lambda": ("{lambda_mean: 0.0}", "{}", "exactly one of 'lambda_mean'"),
    "row without content": ("{lambda_mean: 0.0}", "", "dictionary"),
    "unknown stabiliser": ("{lambda_mean: 0.0}", "{lambda_mean: 0.0, stabilisers: {r11: {}}}", "did you mean 'r1'?"),
    "misspelt setting": (
        "{lambda_mean: 0.0}", "{lambda_mean: 0.0, stabilisers: {r1: {gama: 1.0}}}",
        "stabiliser 'r1' has no setting 'gama'; did you mean 'gamma'?",
    ),
    "missing setting": ("{lambda_mean: 0.0}", "{lambda_mean: 0.0, stabilisers: {r1: {}}}", "'r1': 'gamma' is missing"),
    "setting out of range": (
        "{lambda_mean: 0.0}", "{lambda_mean: 0.0, stabilisers: {ema: {decay: 1.0}}}", "'decay': Input should be less",
    ),
    "setting of one that takes none": (
        "{lambda_mean: 0.0}", "{lambda_mean: 0.0, stabilisers: {spectral_norm: {norm: 1.0}}}", "spectral_norm: {}",
    ),
    "weight for named settings": (
        "{lambda_mean: 0.0}", "{lambda_mean: 0.0, stabilisers: {r1: 1.0}}", "write r1: {gamma: ...}",
    ),
    "regulariser as a stabiliser": (
        "{lambda_mean: 0.0}", "{lambda_mean: 0.0, stabilisers: {proximal: {lambda_mean: 1.0}}}", "is 'lambda_mean' or",
    ),
    "second K for a fixed reading": ("{lambda_mean: 0.0}", "{lambda_mean: 0.0, updates_per_batch: 3}", "'proximal'"),
    "proximal without K": ("{lambda_mean: 0.0}", "{lambda_mean: 0.0, reading: proximal}", "'updates_per_batch'"),
}  # fmt: skip

UNDER_SHARED = {
    "misspelt key under shared": ("batch_size: 64", "bach_size: 64", "did you mean 'batch_size'?"),
    "negative count under shared": ("d_batches: 1", "d_batches: -1", "greater than or equal to 0"),
    "no D update under shared": ("d_batches: 1", "d_batches: 0", "the D of 'gan' needs at least 1"),
    "fraction for a count": ("g_batches: 1", "g_batches: 1.5", "integer"),
    "batch of one": ("batch_size: 64", "batch_size: 1", "greater than or equal to 2"),
    "unknown reading": ("reading: released", "reading: relaesed", "'released', 'literal' or 'proximal'"),
    "unknown network": ("kind: dcgan", "kind: dcgun", "'dcgan', 'mlp'"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", UNDER_SHARED)
def test_a_mistake_under_shared_is_refused_with_what_to_write(mistake: str, refusal: Refusal) -> None:
    old, new, hint = UNDER_SHARED[mistake]
    message = refusal(edited(old, new)[0])
    assert "experiments.digits-bn." in message
    assert hint in message


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_its_line_and_what_to_write(mistake: str, refusal: Refusal) -> None:
    old, new, hint = MISTAKES[mistake]
    text, line = edited(old, new)
    message = refusal(text)
    assert f"study.yaml, line {line}: " in message
    assert hint in message


def test_a_rule_on_a_metric_that_its_protocol_gives_of_more_samples_only_is_refused(refusal: Refusal) -> None:
    rule = "    collapse: {metric: birthday, protocol: efflite0-128, below: 0.5}\n    snapshots: 6"
    message = refusal(edited("    snapshots: 6", rule)[0])
    assert "experiment 'digits-bn': 'birthday' needs at least 1,000 samples, and 'efflite0-128' takes 256" in message


def test_the_known_keys_are_those_that_a_file_may_have(refusal: Refusal) -> None:
    known = refusal(edited("    snapshots: 6", "    snapshots: 6\n    zzz: 1")[0]).partition("known: ")[2].split(", ")
    assert {"random", "shared", "sweep", "arms"} <= set(known)
    assert "elsewhere" not in known


def test_a_key_named_twice_is_refused_at_its_second_line(refusal: Refusal) -> None:
    text, line = edited("    iterations: 300\n", "    iterations: 300\n    iterations: 4\n")
    assert f"line {line + 1}: 'iterations' is named twice" in refusal(text)


def test_an_arm_named_twice_in_one_experiment_is_refused(refusal: Refusal) -> None:
    text, line = edited("      bn-regularised:", "      bn-plain:")
    assert f"line {line}: 'bn-plain' is named twice" in refusal(text)


def test_a_missing_key_is_refused_at_the_mapping_that_lacks_it(refusal: Refusal) -> None:
    text, line = edited('    title: "Experiment 1 on digits: BN, one D update per iteration"\n', "")
    message = refusal(text)
    assert f"line {line - 1}: " in message
    assert "'title' is missing" in message


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("      nobn-plain:", "      bn-plain:", ["'bn-plain'", "'digits-bn'", "'digits-nobn'"]),
        ("kind: toy-modes", "kind: digit-modes", ["'digit-modes'", "'ring'"]),
        ("kind: toy-modes", "kind: efflite0-128", ["'efflite0-128'", "'ring'"]),
        ("kind: digit-modes", "kind: toy-modes", ["'toy-modes'", "'digits'"]),
        ("source: digits, side: 32", "source: folder, path: faces, side: 32", ["'digit-modes'", "'folder'"]),
        ("{kind: dcgan, dim: 16, batch_norm: true}", "{kind: mlp}", ["'bn-plain'", "'mlp'", "'digits'"]),
        ("samples: 256", "samples: 899", ["'efflite0-128'", "1,798", "'digits' has 1,797", "at most 898"]),
        ("samples: 1000", "samples: 1798", ["'digit-modes'", "1,798", "'digits' has 1,797", "at most 1,797"]),
        ("source: ring", "source: ring, count: 2499", ["'toy-modes'", "2,500", "'ring' has 2,499", "at most 2,499"]),
        (
            "source: digits, side: 32",
            "source: celeba, count: 511",
            ["'efflite0-128'", "512", "'digits' has 511", "at most 255"],
        ),
        ("dataset: digits", "dataset: digit", ["'digit'", "did you mean 'digits'?"]),
        (
            "{kind: toy-modes, samples: 2500}",
            "{kind: reconstruction, samples: 500}\n      - {kind: reconstruction, samples: 900}",
            ["arm 'ring-plain'", "no encoder", "put the arm into another experiment"],
        ),
    ],
)
def test_parts_that_do_not_fit_together_are_refused_by_name(
    old: str, new: str, parts: list[str], refusal: Refusal
) -> None:
    message = refusal(edited(old, new)[0])
    assert all(part in message for part in parts)


@pytest.mark.parametrize(("old", "new"), [("samples: 256", "samples: 898"), ("samples: 1000", "samples: 1797")])
def test_all_of_the_data_may_be_asked_for(old: str, new: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(edited(old, new)[0], encoding="utf-8")
    load_study(tmp_path / "study.yaml")


@pytest.mark.parametrize("text", ["", "# nothing\n", "- study\n- title\n", "smoke\n", "3\n", "null\n"])
def test_a_file_that_is_no_mapping_is_told_the_keys_of_a_study(text: str, refusal: Refusal) -> None:
    assert "study, title, seeds, datasets, experiments" in refusal(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("study: example\nseeds: [0, 1\n", 3),
        ("study:\n\t- tab\n", 2),
        ("study: *unknown\n", 1),
        ("study: a\n---\nstudy: b\n", 2),
        ("study: !!python/object/apply:os.getcwd []\n", 1),
    ],
)
def test_a_file_that_is_not_yaml_is_refused_at_the_line_of_the_problem(text: str, line: int, refusal: Refusal) -> None:
    assert re.search(rf"study\.yaml, line {line}: not valid YAML \(.+\)$", refusal(text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("? [a]\n: 1\n", "line 1: a name that is no text"),
        ("seeds: [2020-13-45]\n", "line 1: 2020-13-45 is read as YAML's timestamp"),
        ("a: " + "[" * 3000, "not valid YAML"),
        ("study: a\x00b\n", "not valid YAML"),
    ],
)
def test_stranger_files_are_refused_too(text: str, told: str, refusal: Refusal) -> None:
    assert told in refusal(text)


def test_missing_unreadable_and_binary_files_are_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00study")
    for path, told in (
        (tmp_path / "none.yaml", "no such file"),
        (tmp_path, "cannot be read"),
        (binary, "cannot be read"),
    ):
        with pytest.raises(ConfigError, match=re.escape(f"{path}: {told}")):
            load_study(path)


VALUES = st.sampled_from(
    ["", "0", "-1", "1", "3.5", "1e-3", "2.0e-4", "yes", "null", "text", "[]", "[1]", "[0, 0]", "{}", "{a: 1}", ".nan",
     ".inf", "'0'", "../x", "&a [*a]", "*a", "!!set {0}", "2020-01-01", "1_000", "0x1F", "\t", "{", "'", "9" * 40, "é"]
)  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A study with one to three lines deleted, doubled, swapped, indented anew, or given another value."""
    lines = draw(st.sampled_from(STUDIES)).splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["delete", "double", "swap", "indent", "value", "value", "inner"]))
        if kind == "delete":
            del lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == "indent":
            lines[at] = " " * draw(st.integers(0, 8)) + lines[at].lstrip()
        elif kind == "value":
            lines[at] = lines[at].partition(":")[0] + ": " + draw(VALUES)
        else:
            inner = re.findall(r"(?<=: )[^,{}\[\]]+(?=[,}\]])", lines[at])
            lines[at] = lines[at].replace(draw(st.sampled_from(inner)), draw(VALUES), 1) if inner else lines[at]
    return "\n".join(lines) + "\n"


@settings(max_examples=2000, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(text=mutations())
def test_a_mutated_study_is_a_plan_or_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mutated.yaml"
    path.write_text(text, encoding="utf-8")
    outcome = _outcome(path)
    if isinstance(outcome, Study):
        layout = Layout(outcome)
        assert all(run.spec.iterations in run.spec.snapshots for run in layout.run_files())
        assert layout.floors() or not any(experiment.arms for experiment in outcome.experiments.values())
        assert all(not file.is_absolute() and ".." not in file.parts for file in layout.all_tables().values())
        assert all(outcome.rules().values())
    else:
        assert outcome.startswith(str(path))
        assert len(outcome.splitlines()) == 1


def test_every_study_is_mutated() -> None:
    assert len(STUDIES) >= 5


def _outcome(path: Path) -> Study | str:
    try:
        return load_study(path)
    except ConfigError as error:
        return str(error)
