"""Every kind of protocol is held to what it declares, whoever wrote it."""

from __future__ import annotations

import pkgutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from vigan.config.counts import modes_of
from vigan.config.datasets import Dataset
from vigan.config.experiment import Protocol
from vigan.config.study import Study
from vigan.data.prepare import prepare
from vigan.data.store import Prepared, load
from vigan.evaluation import features, references
from vigan.evaluation.base import Arrays, Evaluator, Measure, Subject, make_evaluator
from vigan.evaluation.references import make_reference, measurement
from vigan.io.files import RecordError
from vigan.protocols.base import IMAGES, POINTS, ProtocolKind
from vigan.protocols.registry import KINDS, METRICS

SOURCES: dict[str, dict[str, Any]] = {
    "digits": {},
    "stacked-digits": {"origin": "sklearn", "count": 2200},
    "torchvision": {"name": "CIFAR10"},
    "celeba": {},
    "folder": {"path": "photographs"},
    "ring": {"count": 3000},
    "grid": {"count": 3000},
}
STAND_INS = {IMAGES: "stacked-digits", POINTS: "ring"}
"""A source that can be made here, for all of a sort."""

ENOUGH = 400
"""Examples enough to fit a classifier to."""

MEASURABLE = [
    pytest.param(kind, STAND_INS.get(source, source), id=f"{kind.name}-{source}")
    for kind in KINDS.values()
    if kind.input in {"samples", "decoded"}
    for source in sorted(kind.sources)
]
"""What D says is tried where there are runs: tests/stages/test_evaluate_discriminator.py."""
HERE = {name: kind for name, kind in KINDS.items() if kind.measured}
every_kind = pytest.mark.parametrize("kind", HERE.values(), ids=HERE.keys())


@cache
def made(source: str) -> tuple[Dataset, Prepared]:
    """A small data set of a source."""
    with TemporaryDirectory() as folder:
        prepare(dataset_of(source), Path(folder))
        found = load(Path(folder))
        return dataset_of(source), Prepared(np.array(found.array), found.labels, found.manifest)


def dataset_of(source: str) -> Dataset:
    return TypeAdapter(Dataset).validate_python({"source": source, **SOURCES[source]})


def study(source: str, kind: str) -> Study:
    """A study of one run that measures a source of data by a kind of protocol."""
    points = source in {"ring", "grid"}
    network = {"kind": "mlp"} if points else {"kind": "dcgan", "batch_norm": False}
    arm = {"reading": "literal", "d_batches": 0, "g_batches": 1, "lambda_sum": 0.0}
    judged = KINDS[kind].input == "judged"
    arm |= {"d_batches": 1} if judged else {"model": {"kind": "vae", "std": 0.2}}
    run = {
        "title": "A run", "dataset": "data", "iterations": 2, "snapshots": 1, "keep_discriminator": judged,
        "protocols": [{"kind": kind, "samples": 500}], "arms": {"arm": {**arm, "network": network}},
    }  # fmt: skip
    data = {"source": source, **SOURCES[source], **({"held_out": 500} if judged else {})}
    whole = {"study": "one", "title": "One", "seeds": [0], "datasets": {"data": data}, "experiments": {"run": run}}
    return Study.model_validate(whole)


class Projected:
    """An extractor without a network: 12 random projections of each image."""

    name, weights_sha256, dimension = "projected", "0" * 64, 12

    def __call__(self, images: np.ndarray) -> np.ndarray:
        flat = images.reshape(len(images), -1) / 255
        directions = np.random.default_rng(0).normal(size=(flat.shape[1], self.dimension))
        return (flat @ directions / 8).astype(np.float32)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "make_extractor", lambda name, device: Projected())


def some_samples(prepared: Prepared, count: int) -> dict[str, np.ndarray]:
    """Samples as a generator might make them, good and bad, in the form in which examples are stored."""
    array, draw = prepared.array, np.random.default_rng(1)
    spread = 256 if array.dtype == np.uint8 else 3
    noise = (draw.random((count, *array.shape[1:])) * spread).astype(array.dtype)
    few = array[draw.integers(0, 7, count)]
    return {"real": array[-count:], "noise": noise, "few": few, "far": noise // 2 if spread > 3 else noise + 100}


@pytest.mark.parametrize(("kind", "source"), MEASURABLE)
def test_it_gives_every_metric_that_it_declares_within_its_range(
    kind: ProtocolKind, source: str, tmp_path: Path
) -> None:
    dataset, prepared = made(source)
    for count in sorted({kind.least, *(metric.least for metric in kind.metrics.values() if metric.least > kind.least)}):
        protocol = Protocol(kind=kind.name, samples=count)
        floor = make_reference(protocol, dataset, prepared, "cpu", tmp_path / "kept.npz")
        measure = measurement(protocol, dataset, prepared, "cpu", tmp_path / "kept.npz").measure
        told = {"floor": floor, **{name: measure(s) for name, s in some_samples(prepared, count).items()}}
        for of, values in told.items():
            assert set(values) == set(kind.given(count)), of
            for name, value in values.items():
                metric = kind.metrics[name]
                assert metric.low - 1e-9 <= value <= metric.highest(modes_of(dataset)) + 1e-9, (of, name)
                assert np.isfinite(value), (of, name)


@every_kind
def test_all_that_it_declares_is_given_of_enough_samples(kind: ProtocolKind) -> None:
    assert kind.given(10_000) == list(kind.metrics)


@every_kind
def test_fewer_samples_than_it_needs_are_refused(kind: ProtocolKind) -> None:
    assert Protocol(kind=kind.name, samples=kind.least).samples == kind.least
    with pytest.raises(ValidationError, match=f"'{kind.name}' needs at least {kind.least} samples"):
        Protocol(kind=kind.name, samples=kind.least - 1)


class Watched(Evaluator):
    """An evaluator that remembers every real example it was given."""

    def __init__(self, inner: Evaluator, seen: set[bytes]) -> None:
        self.inner, self.seen = inner, seen

    def see(self, examples: np.ndarray) -> np.ndarray:
        self.seen.update(example.tobytes() for example in examples)
        return examples

    def key(self) -> dict[str, str]:
        return self.inner.key()

    def reference_arrays(self, reals: np.ndarray) -> dict[str, np.ndarray]:
        return self.inner.reference_arrays(self.see(reals))

    def measure(self, arrays: Arrays) -> Measure:
        measure = self.inner.measure(arrays)
        return lambda samples: measure(self.see(samples))


@pytest.mark.parametrize(("kind", "source"), MEASURABLE)
def test_it_reads_as_many_samples_of_real_data_as_it_declares(
    kind: ProtocolKind, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, prepared = made(source)
    count = max(kind.least, ENOUGH)
    needed = kind.real_samples * count
    seen: set[bytes] = set()
    monkeypatch.setattr(references, "make_evaluator", lambda subject: Watched(make_evaluator(subject), seen))

    def measure_reals(examples: int) -> None:
        labels = None if prepared.labels is None else prepared.labels[:examples]
        some = Prepared(prepared.array[:examples], labels, prepared.manifest)
        make_reference(Protocol(kind=kind.name, samples=count), dataset, some, "cpu", tmp_path / "kept.npz")

    with pytest.raises(RecordError, match=f"which takes {needed}"):
        measure_reals(needed - 1)
    assert not seen
    measure_reals(needed)
    assert seen == {example.tobytes() for example in prepared.array[:needed]}


@pytest.mark.parametrize(("kind", "source"), MEASURABLE)
def test_it_needs_a_reference_only_where_it_compares(kind: ProtocolKind, source: str, tmp_path: Path) -> None:
    protocol, (dataset, prepared) = Protocol(kind=kind.name, samples=kind.least), made(source)
    if kind.compares:
        with pytest.raises(RecordError, match=r"absent\.npz: not there; run `vigan reference`"):
            measurement(protocol, dataset, prepared, "cpu", tmp_path / "absent.npz")
    else:
        assert measurement(protocol, dataset, prepared, "cpu", tmp_path / "absent.npz").reals is None


@pytest.mark.parametrize(("kind", "source"), [one for one in MEASURABLE if one.values[0].compares])
def test_what_it_keeps_of_the_reference_is_all_it_compares_with(
    kind: ProtocolKind, source: str, tmp_path: Path
) -> None:
    protocol, (dataset, prepared) = Protocol(kind=kind.name, samples=kind.least), made(source)
    others = Prepared(np.roll(prepared.array, 1, axis=0), prepared.labels, prepared.manifest)
    samples = some_samples(prepared, kind.least)["noise"]
    for name, reals in (("one", prepared), ("other", others)):
        make_reference(protocol, dataset, reals, "cpu", tmp_path / f"{name}.npz")
    found = measurement(protocol, dataset, prepared, "cpu", tmp_path / "one.npz")
    assert measurement(protocol, dataset, others, "cpu", tmp_path / "one.npz").measure(samples) == found.measure(
        samples
    )
    other = measurement(protocol, dataset, prepared, "cpu", tmp_path / "other.npz")
    assert other.measure(samples) != found.measure(samples)
    assert (found.reals is not None) == (kind.input == "decoded")
    assert found.reals is None or len(found.reals) == kind.least


@pytest.mark.parametrize("source", SOURCES)
@every_kind
def test_a_study_may_measure_the_sources_that_it_declares_and_no_other(kind: ProtocolKind, source: str) -> None:
    if {source, POINTS if source in {"ring", "grid"} else IMAGES} & kind.sources:
        assert study(source, kind.name).measured()[0][1].kind == kind.name
    else:
        with pytest.raises(ValidationError, match=f"protocol '{kind.name}' cannot measure '{source}' data"):
            study(source, kind.name)


@every_kind
def test_further_latents_are_refused_where_none_are_drawn(kind: ProtocolKind) -> None:
    if kind.input == "samples":
        assert Protocol(kind=kind.name, samples=kind.least, redraws=1).redraws == 1
    else:
        with pytest.raises(ValidationError, match=f"'{kind.name}' does not measure samples alone"):
            Protocol(kind=kind.name, samples=kind.least, redraws=1)


@every_kind
def test_what_it_imports_to_measure_is_there_and_an_extractor_has_its_name(kind: ProtocolKind) -> None:
    assert all(callable(pkgutil.resolve_name(name)) for name in kind.imports)
    assert kind.extractor is None or pkgutil.resolve_name(kind.extractor).name == kind.network


@every_kind
def test_its_notes_say_how_many_samples_there_are_and_its_metrics_where_they_are_from(kind: ProtocolKind) -> None:
    words = [text for _, text in kind.notes]
    assert any("{n}" in text for text in words)
    assert not any("{" in text.replace("{n}", "") for text in words)
    for metric in kind.metrics.values():
        assert metric.title
        assert metric.definition
        assert metric.source
        assert metric.low < metric.highest(8)


def test_every_metric_of_the_long_table_is_given_by_a_kind_but_for_finite() -> None:
    assert list(METRICS)[-1] == "finite"
    assert set(METRICS) - {"finite"} == {name for kind in KINDS.values() for name in kind.metrics}


@every_kind
def test_more_samples_cost_more_and_a_faster_machine_less(kind: ProtocolKind) -> None:
    cost = kind.cost
    assert 0 < cost.seconds(100, 1e10) < cost.seconds(10_000, 1e10)
    assert cost.seconds(1000, 1e12) <= cost.seconds(1000, 1e10)


def test_what_was_measured_elsewhere_imports_nothing_and_needs_no_sample() -> None:
    (kind,) = (kind for kind in KINDS.values() if not kind.measured)
    assert kind.imports == ()
    assert Protocol(kind=kind.name).name == kind.name
    with pytest.raises(ValueError, match="give either an 'estimator' or an 'evaluator'"):
        ProtocolKind(
            name="read", metrics=kind.metrics, sources=kind.sources, notes=(), input="elsewhere", estimator="a:b"
        )


def test_a_subject_without_an_evaluator_is_an_error_that_names_it() -> None:
    dataset, prepared = made("ring")
    kind = ProtocolKind(
        name="lost",
        metrics={"modes": METRICS["modes"]},
        sources=frozenset({POINTS}),
        notes=(),
        evaluator="nowhere:lost",
    )
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        make_evaluator(Subject(kind, dataset, prepared, "cpu"))
