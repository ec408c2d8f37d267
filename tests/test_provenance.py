from __future__ import annotations

import ast
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import grimp
import pytest

import vigan
from vigan import provenance

SOURCE = Path(vigan.__file__).parent
ENGINE = "training/engine.py"

Digests = Callable[..., "list[str]"]


OBJECTIVES = (
    [],
    ["vigan.objectives.stabilisers.proximal"],
    [
        "vigan.objectives.stabilisers.proximal",
        "vigan.objectives.stabilisers.r1",
    ],
)
PROTOCOLS = ("efflite0-128", "inception-clean", "pixel-bins-32", "reconstruction")


@pytest.fixture(scope="module")
def digests(tmp_path_factory: pytest.TempPathFactory) -> Digests:
    """Digests in a copy of the package after edits (file, old, new).

    Those of training (bare, with proximal, with both); of evaluation by each of `PROTOCOLS`; of telling what the first
    and the third of them gave.
    """
    root = tmp_path_factory.mktemp("copy")
    copy = root / "vigan"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    script = (
        "from vigan.protocols.registry import KINDS, MODULES\n"
        "from vigan.provenance import stage_digest\n"
        f"import vigan; assert vigan.__file__.startswith({str(root)!r})\n"
        f"for names in {OBJECTIVES!r}: print(stage_digest('train', names))\n"
        f"for name in {PROTOCOLS!r}: print(stage_digest('evaluate', modules=KINDS[name].modules))\n"
        f"for name in {PROTOCOLS[::2]!r}: print(stage_digest('report', modules=[MODULES[name]]))"
    )

    def run(*edits: tuple[str, str, str]) -> list[str]:
        for file, old, new in edits:
            text = (SOURCE / file).read_text(encoding="utf-8")
            assert old in text
            (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, cwd=root
        )
        for file, _, _ in edits:
            shutil.copyfile(SOURCE / file, copy / file)
        return done.stdout.split()

    return run


@pytest.fixture(scope="module")
def untouched(digests: Digests) -> list[str]:
    """Digests of the package as it is."""
    return digests()


def test_a_digest_is_the_same_wherever_the_package_lies(untouched: list[str]) -> None:
    here = [provenance.stage_digest("train", names) for names in OBJECTIVES]
    assert untouched[:3] == here
    assert len(set(untouched)) == len(untouched)


def test_comments_docstrings_and_layout_leave_the_digest_alone(digests: Digests, untouched: list[str]) -> None:
    edits = [
        (ENGINE, "def _total(", "# A remark.\n\n\ndef _total("),
        ("training/optimisers.py", '"""Adam as TensorFlow 1 computes it', '"""Adam, as they compute it'),
        ("golden/bn_order.py", '"""D\'s moving', '"""Their moving'),
        ("models/dcgan.py", '"""Logits (N,) for images', '"""The logits (N,) for images'),
        ("rng.py", 'digest = hashlib.sha256(f"{seed}|', 'digest = hashlib.sha256(\n        f"{seed}|'),
    ]
    assert digests(*edits) == untouched


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (ENGINE, "repeat == 0 and", "repeat == 1 and"),
        ("models/dcgan.py", "STD = 0.02", "STD = 0.03"),
        ("rng.py", "{seed}|{stream}", "{seed}-{stream}"),
        ("config/arms.py", '"released": 2, "literal": 1}', '"released": 3, "literal": 1}'),
        ("objectives/losses.py", "zeros_like(fake_logits))) / 2", "zeros_like(fake_logits))) / 3"),
    ],
)
def test_code_that_trains_changes_the_digest(
    file: str, old: str, new: str, digests: Digests, untouched: list[str]
) -> None:
    assert not set(digests((file, old, new))[:3]) & set(untouched)


def _changed(before: list[str], after: list[str]) -> tuple[set[str], set[str]]:
    """Protocols whose evaluation, and whose telling, is another."""
    measured, told = zip(before[3:7], after[3:7], strict=True), zip(before[7:], after[7:], strict=True)
    return (
        {name for name, (old, new) in zip(PROTOCOLS, measured, strict=True) if old != new},
        {name for name, (old, new) in zip(PROTOCOLS[::2], told, strict=True) if old != new},
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "measured"),
    [
        ("evaluation/features.py", "return FeatureMetrics(make", "return  FeatureMetrics( make", set()),
        ("evaluation/features.py", "self.extractor(samples))", "self.extractor(samples[1:]))", set(PROTOCOLS[:2])),
        ("metrics/frechet.py", "from __future__ import annotations\n", "import sys\n", set(PROTOCOLS[:2])),
        ("features/efflite.py", "    side = 128", "    side = 256", {"efflite0-128"}),
        ("features/inception.py", "    side = 299", "    side = 300", {"inception-clean"}),
        ("evaluation/pixel_bins.py", "SIDE = 32", "SIDE = 16", {"pixel-bins-32"}),
        ("metrics/bins.py", "from __future__ import annotations\n", "import sys\n", {"pixel-bins-32"}),
        ("metrics/reconstruction.py", "127.5", "128", {"reconstruction"}),
        ("evaluation/estimator.py", '[arrays["reals"]] if', '[arrays["fakes"]] if', {"reconstruction"}),
        ("evaluation/references.py", "needed = samples * count", "needed = samples + count", set(PROTOCOLS)),
        ("evaluation/digit_modes.py", "DIGITS = 10", "DIGITS = 9", set()),
    ],
)
def test_code_that_measures_changes_the_digest_of_the_protocols_that_use_it(
    file: str, old: str, new: str, measured: set[str], digests: Digests, untouched: list[str]
) -> None:
    assert _changed(untouched, digests((file, old, new)))[0] == measured


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("protocols/pixel_bins.py", "Share of statistically", "Part of statistically", {"pixel-bins-32"}),
        ("protocols/features.py", "Recall (k = 3)", "Recall", set(PROTOCOLS[::2])),
        ("protocols/toy_modes.py", "Points of the plane", "Points in the plane", set()),
    ],
)
def test_a_record_s_words_change_what_is_told_and_not_what_is_measured(
    file: str, old: str, new: str, told: set[str], digests: Digests, untouched: list[str]
) -> None:
    measured, retold = _changed(untouched, digests((file, old, new)))
    assert measured == set()
    assert retold == told


def test_a_stabiliser_s_code_counts_only_where_it_is_named(digests: Digests, untouched: list[str]) -> None:
    changed = digests(("objectives/stabilisers/r1.py", ".mean() / 2)", ".mean() / 3)"))
    assert changed[:2] == untouched[:2]
    assert changed[2] != untouched[2]
    assert changed[3:] == untouched[3:]


def test_code_that_no_run_needs_leaves_the_digest_alone(digests: Digests, untouched: list[str]) -> None:
    top = "from __future__ import annotations\n"
    others = ("metrics/frechet.py", "analysis/tables.py", "figures/curves.py", "report/page.py", "cli/parser.py")
    edits = [(file, top, f"{top}import sys\n") for file in others]
    assert digests(("data/toy.py", "2 * np.pi", "3 * np.pi"), *edits)[:3] == untouched[:3]


def test_training_is_behind_its_digest_and_nothing_else_is() -> None:
    graph = grimp.build_graph("vigan", cache_dir=None)
    closure = graph.find_upstream_modules("vigan.stages.train")
    needed = {"training.engine", "training.optimisers", "training.run", "training.batches", "training.checkpoint",
              "models.dcgan", "models.mlp", "models.batch_norm", "objectives.losses", "objectives.hooks", "rng",
              "config.arms"}  # fmt: skip
    assert {f"vigan.{name}" for name in needed} <= closure
    for package in ("metrics", "analysis", "figures", "report", "features", "cli", "golden"):
        assert not {module for module in closure if module.startswith(f"vigan.{package}")}
    assert {module for module in closure if module.startswith("vigan.data.")} == {"vigan.data.store"}
    assert {module for module in closure if module.startswith("vigan.stages.")} == {"vigan.stages.publish"}


def test_files_count_by_name_and_content_in_any_order(tmp_path: Path) -> None:
    first, second = tmp_path / "a.html", tmp_path / "b.html"
    first.write_text("a")
    second.write_text("b")
    module = ["vigan.rng"]
    both = provenance.code_digest(module, [first, second])
    assert provenance.code_digest(module, [second, first]) == both
    assert provenance.code_digest(module, [first]) != both
    second.write_text("c")
    assert provenance.code_digest(module, [first, second]) != both


def test_a_module_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no module vigan\.stages\.trian"):
        provenance.stage_digest("trian")


def test_versions_name_every_library_behind_a_number() -> None:
    found = provenance.versions()
    assert {"python", "vigan", "numpy", "torch"} <= set(found)
    assert found["python"] == sys.version.split()[0]
    assert all(found.values())


def test_versions_are_those_that_libraries_say_of_themselves() -> None:
    known = {"scikit-learn": "sklearn", "pillow": "PIL"}
    told = {name: importlib.import_module(known.get(name, name)).__version__ for name in provenance.LIBRARIES}
    assert {name: provenance.versions()[name].partition("+")[0] for name in provenance.LIBRARIES} == {
        name: version.partition("+")[0] for name, version in told.items()
    }
    assert provenance._version("no-such-distribution") == "not installed"


SHOWN = """\
def shown(name, width, row):
    yield f"{row['name']!r}: {name:<{width}} and {{braces}}"
    f'{name}'
"""


def test_how_a_python_quotes_f_strings_is_in_no_digest() -> None:
    """Python 3.12 writes other quotes than 3.11: digests of two machines differed in a fifth of all modules."""
    told = provenance.bare(SHOWN.encode())
    assert not any(isinstance(node, ast.JoinedStr | ast.FormattedValue) for node in ast.walk(ast.parse(told)))
    for old, new in (("!r", "!s"), ("<", ">"), ("['name']", "['other']"), ("{width}", "8"), ("and", "or")):
        assert provenance.bare(SHOWN.replace(old, new).encode()) != told


def test_an_empty_end_of_a_format_is_in_no_digest() -> None:
    """Python 3.12.1 reads one after a width in braces."""
    read = ast.parse("f'{name:<{width}}'")
    spec = next(node for node in ast.walk(read) if isinstance(node, ast.FormattedValue)).format_spec
    assert isinstance(spec, ast.JoinedStr)
    plain = provenance.bare(b"f'{name:<{width}}'")
    spec.values.append(ast.Constant(""))
    assert ast.unparse(provenance._WithoutText().visit(read)) == plain
