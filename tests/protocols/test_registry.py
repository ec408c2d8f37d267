"""Kinds of protocol are found where they stand, in this package and in others."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vigan import provenance, source_memory
from vigan.config.datasets import Ring
from vigan.config.experiment import Protocol
from vigan.data.store import Prepared
from vigan.evaluation.references import make_reference, measurement
from vigan.protocols import registry
from vigan.protocols.base import ProtocolKind
from vigan.protocols.registry import KINDS, METRICS, MODULES, by_name, find, metrics_of
from vigan.protocols.toy_modes import TOY_MODES

KIND = """
from vigan.protocols.base import POINTS, Metric, ProtocolKind

SPREAD = ProtocolKind(
    name="spread",
    metrics={"spread": Metric(title="Spread", definition="deviation over that of reals", source="here", better="none")},
    sources=frozenset({POINTS}),
    notes=(("Samples", "{n}"),),
    estimator="another.estimators:spread",
)
"""
ESTIMATOR = """
def spread(reals, samples):
    return samples.std() / reals.std()
"""


@pytest.fixture
def another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another package, installed, that adds a kind of protocol."""
    package, installed = tmp_path / "another", tmp_path / "another-1.0.dist-info"
    for folder in (package, installed):
        folder.mkdir()
    (package / "__init__.py").touch()
    (package / "kinds.py").write_text(KIND)
    (package / "estimators.py").write_text(ESTIMATOR)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[vigan.protocols]\nspread = another.kinds\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "another"]:
        del sys.modules[name]
    provenance._graph.cache_clear()
    provenance._bare_source.cache_clear()


def test_a_kind_is_known_by_its_name_with_the_module_it_stands_in() -> None:
    assert KINDS["toy-modes"] is TOY_MODES
    assert MODULES["toy-modes"] == "vigan.protocols.toy_modes"


def test_metrics_are_shown_in_the_order_of_their_kinds_places() -> None:
    places = [kind.place for kind in KINDS.values()]
    assert places == sorted(places)
    assert list(METRICS)[:2] == ["frechet", "kid_mean"]


def test_two_kinds_of_one_name_are_refused_with_where_they_stand() -> None:
    with pytest.raises(ValueError, match="'toy-modes' is declared in here and in there"):
        by_name([(TOY_MODES, "here"), (replace(TOY_MODES), "there")])
    assert list(by_name([(TOY_MODES, "here"), (TOY_MODES, "there")])) == ["toy-modes"]


def test_one_name_for_two_metrics_is_refused() -> None:
    other = replace(TOY_MODES, name="other", metrics={"modes": replace(TOY_MODES.metrics["modes"], better="lower")})
    with pytest.raises(ValueError, match="'other': metric 'modes' is declared otherwise"):
        metrics_of([TOY_MODES, other])


def test_another_package_s_kind_is_found_and_measures(
    another: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {name: kind for name, (kind, _) in by_name(find()).items()}
    assert kinds.keys() - KINDS.keys() == {"spread"}
    assert list(kinds)[-1] == "spread"
    monkeypatch.setitem(KINDS, "spread", kinds["spread"])
    points = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    prepared, protocol = Prepared(points, None, {"sha256": "0" * 64}), Protocol(kind="spread", samples=20)
    floor = make_reference(protocol, Ring(source="ring"), prepared, "cpu", tmp_path / "kept.npz")
    assert 0.5 < floor["spread"] < 2
    measure = measurement(protocol, Ring(source="ring"), prepared, "cpu", tmp_path / "kept.npz").measure
    assert measure(2 * points)["spread"] == pytest.approx(2 * measure(points)["spread"])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import nowhere\n", r"kinds\.py, line 1: ModuleNotFoundError: No module named 'nowhere'"),
        (KIND.replace('name="spread"', 'name="toy-modes"'), "'toy-modes' is declared in .* and in another.kinds"),
        (KIND.replace('name="spread"', 'name="a spread"'), "the name of a kind of protocol is made of a-z"),
    ],
    ids=["an import", "a name of ours", "no name"],
)
def test_another_package_s_broken_kinds_are_left_out_and_told(
    another: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: str
) -> None:
    (another / "kinds.py").write_text(text)
    monkeypatch.setattr(registry, "BROKEN", {})
    assert {kind.name for kind, _ in find()} == set(KINDS)
    assert re.search(line, registry.BROKEN["spread"])


def test_another_package_s_code_is_part_of_the_digest_of_what_measures_with_it(another: Path) -> None:
    def digest() -> str:
        provenance._graph.cache_clear()
        provenance._bare_source.cache_clear()
        provenance.remembered.cache_clear()
        source_memory._glance.cache_clear()
        (kind,) = (kind for kind, module in find() if module == "another.kinds")
        return provenance.stage_digest("evaluate", modules=kind.modules)

    before = digest()
    assert before != provenance.stage_digest("evaluate")
    (another / "estimators.py").write_text(ESTIMATOR.replace("def", "# A remark.\ndef"))
    assert digest() == before
    (another / "estimators.py").write_text(ESTIMATOR.replace(".std()", ".var()"))
    assert digest() != before


def test_what_is_no_kind_is_not_taken_for_one() -> None:
    assert all(isinstance(kind, ProtocolKind) for kind in KINDS.values())
    assert not registry.MODULES.keys() - KINDS.keys()
