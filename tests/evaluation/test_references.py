"""What a protocol keeps of real data, what it says of them, and what it refuses to compare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vigan import rng
from vigan.config.experiment import Protocol
from vigan.data.store import Prepared
from vigan.evaluation import features
from vigan.evaluation.base import Subject, make_evaluator
from vigan.evaluation.references import draw_reals, make_reference, measurement
from vigan.features.efflite import EffLite0
from vigan.io.files import RecordError
from vigan.metrics.protocols import Reference, feature_metrics

from .measured import BINS, DIGIT_SCANS, FEATURES


def _indices(parts: list[np.ndarray], prepared: Prepared) -> list[set[int]]:
    places = {point.tobytes(): at for at, point in enumerate(prepared.array)}
    assert len(places) == len(prepared.array)
    return [{places[point.tobytes()] for point in part} for part in parts]


def test_samples_of_the_real_data_share_no_example(ring: Prepared) -> None:
    first, second = _indices(draw_reals(ring, 2500, samples=2), ring)
    assert len(first) == len(second) == 2500
    assert not first & second


def test_samples_of_the_real_data_are_the_same_every_time(ring: Prepared) -> None:
    for one, again in zip(draw_reals(ring, 100, samples=2), draw_reals(ring, 100, samples=2), strict=True):
        np.testing.assert_array_equal(one, again)


def test_samples_are_spread_over_the_data_not_its_head(ring: Prepared) -> None:
    (drawn,) = _indices(draw_reals(ring, 100, samples=1), ring)
    assert min(drawn) < 600
    assert max(drawn) > 5400


def test_all_the_data_may_be_drawn(ring: Prepared) -> None:
    first, second = _indices(draw_reals(ring, 3000, samples=2), ring)
    assert first | second == set(range(6000))


@pytest.mark.parametrize(("count", "samples", "most"), [(6001, 1, 6000), (3001, 2, 3000)])
def test_too_few_examples_are_refused_with_how_many_can_be_had(
    ring: Prepared, count: int, samples: int, most: int
) -> None:
    with pytest.raises(
        RecordError, match=f"6000 examples .* n={count}, which takes {count * samples}: .* at most {most} samples"
    ):
        draw_reals(ring, count, samples=samples)


@pytest.mark.usefixtures("once")
def test_the_floor_compares_real_images_with_other_real_images(
    digits: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extractor: EffLite0
) -> None:
    seen: list[np.ndarray] = []

    class Watched(EffLite0):
        def __call__(self, images: np.ndarray) -> np.ndarray:
            seen.append(images)
            return extractor(images)

    watched = Watched()
    monkeypatch.setattr(features, "make_extractor", lambda name, device: watched)
    floor = make_reference(FEATURES, DIGIT_SCANS, digits, "cpu", tmp_path / "kept.npz")
    reference, measured = seen
    assert len(reference) == len(measured) == FEATURES.samples
    assert not {image.tobytes() for image in reference} & {image.tobytes() for image in measured}
    with np.load(tmp_path / "kept.npz") as kept:
        np.testing.assert_array_equal(kept["features"], extractor(reference))
    assert floor["frechet"] > 0.1


@pytest.mark.usefixtures("once")
def test_the_reference_measured_against_itself_is_the_best_there_is(digits: Prepared, tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    floor = make_reference(FEATURES, DIGIT_SCANS, digits, "cpu", path)
    measure = measurement(FEATURES, DIGIT_SCANS, digits, "cpu", path).measure
    itself = measure(draw_reals(digits, FEATURES.samples, samples=2)[0])
    assert itself["frechet"] == pytest.approx(0, abs=1e-2)
    assert itself["frechet"] < floor["frechet"] / 10
    assert itself["precision"] == itself["recall"] == itself["coverage"] == 1
    blank = measure(
        np.zeros((FEATURES.samples, 1, 32, 32), np.uint8) + np.arange(24, dtype=np.uint8)[:, None, None, None]
    )
    assert blank["frechet"] > 2 * floor["frechet"]


@pytest.mark.usefixtures("once")
def test_a_reference_made_from_other_data_is_refused(digits: Prepared, tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    make_reference(FEATURES, DIGIT_SCANS, digits, "cpu", path)
    changed = Prepared(digits.array, digits.labels, {**digits.manifest, "sha256": "0" * 64})
    with pytest.raises(
        RecordError, match=r"kept\.npz: made under another data_sha256; run `vigan reference`, or delete it"
    ):
        measurement(FEATURES, DIGIT_SCANS, changed, "cpu", path)


@pytest.mark.usefixtures("once")
def test_a_reference_without_enough_images_for_two_samples_is_refused_and_leaves_no_file(
    digits: Prepared, tmp_path: Path
) -> None:
    with pytest.raises(RecordError, match=r"1797 examples are too few .* at most 898"):
        make_reference(Protocol(kind="efflite0-128", samples=899), DIGIT_SCANS, digits, "cpu", tmp_path / "kept.npz")
    assert not list(tmp_path.iterdir())


def test_a_reference_of_another_network_or_sample_count_is_refused(
    digits: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extractor: EffLite0
) -> None:
    path = tmp_path / "kept.npz"
    monkeypatch.setattr(features, "make_extractor", lambda name, device: extractor)
    make_reference(FEATURES, DIGIT_SCANS, digits, "cpu", path)
    with pytest.raises(RecordError, match="under another protocol"):
        measurement(FEATURES.model_copy(update={"samples": 25}), DIGIT_SCANS, digits, "cpu", path)
    monkeypatch.setattr(EffLite0, "weights_sha256", "0" * 64)
    with pytest.raises(RecordError, match="under another weights_sha256"):
        measurement(FEATURES, DIGIT_SCANS, digits, "cpu", path)


def test_a_damaged_reference_is_named(digits: Prepared, tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    make_reference(BINS, DIGIT_SCANS, digits, "cpu", path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RecordError, match=r"kept\.npz: cannot be read .* delete it"):
        measurement(BINS, DIGIT_SCANS, digits, "cpu", path)


def test_a_reference_is_computed_once_and_measures_the_same_from_disk(
    digits: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extractor: EffLite0
) -> None:
    monkeypatch.setattr(features, "make_extractor", lambda name, device: extractor)
    path = tmp_path / "kept.npz"
    floor = make_reference(FEATURES, DIGIT_SCANS, digits, "cpu", path)
    monkeypatch.setattr(np.linalg, "eigh", lambda *_: pytest.fail("a factor was computed again"))
    again = measurement(FEATURES, DIGIT_SCANS, digits, "cpu", path).measure(
        draw_reals(digits, FEATURES.samples, samples=2)[1]
    )
    assert again == floor


ALL = FEATURES.model_copy(update={"reference": "all"})


@pytest.mark.usefixtures("once")
def test_all_reals_are_the_reference_and_samples_may_be_fewer(
    digits: Prepared, tmp_path: Path, extractor: EffLite0
) -> None:
    few = Prepared(np.array(digits.array[:60]), None, digits.manifest)
    path = tmp_path / "kept.npz"
    floor = make_reference(ALL, DIGIT_SCANS, few, "cpu", path)
    samples = np.array(digits.array[100:124])
    found = measurement(ALL, DIGIT_SCANS, few, "cpu", path).measure(samples)
    expected = feature_metrics(Reference(extractor(few.array)), extractor(samples))
    assert found == pytest.approx(expected, rel=1e-4)
    assert floor.keys() == found.keys()
    assert floor["coverage"] < 1  # the sample is left out of the reference it is compared with


@pytest.mark.usefixtures("once")
def test_where_there_are_others_than_the_reference_they_are_the_floor(digits: Prepared, tmp_path: Path) -> None:
    few = Prepared(np.array(digits.array[:60]), None, digits.manifest)
    some = FEATURES.model_copy(update={"reference": 30})
    floor = make_reference(some, DIGIT_SCANS, few, "cpu", tmp_path / "kept.npz")
    order = rng.generator(0, "metric", "reals").permutation(60)
    measure = measurement(some, DIGIT_SCANS, few, "cpu", tmp_path / "kept.npz").measure
    assert floor == measure(few.array[np.sort(order[30:54])])


@pytest.mark.usefixtures("once")
def test_only_as_many_are_left_out_of_the_reference_as_others_are_lacking(
    digits: Prepared, tmp_path: Path, extractor: EffLite0
) -> None:
    """Whether 36 or 37 of 60 are the reference made it one of 36 or of 13 for real data, with 23 left unused."""
    few = Prepared(np.array(digits.array[:60]), None, digits.manifest)
    some = FEATURES.model_copy(update={"reference": 40})
    floor = make_reference(some, DIGIT_SCANS, few, "cpu", tmp_path / "kept.npz")
    order = rng.generator(0, "metric", "reals").permutation(60)
    sample = np.concatenate([np.sort(order[:4]), np.sort(order[40:])])
    found = extractor(few.array)
    expected = feature_metrics(Reference(found[np.sort(order[4:40])]), found[sample])
    assert floor == pytest.approx(expected, rel=1e-3)


@pytest.mark.usefixtures("once")
def test_too_few_reals_for_a_floor_are_refused(digits: Prepared, tmp_path: Path) -> None:
    few = Prepared(np.array(digits.array[:40]), None, digits.manifest)
    with pytest.raises(RecordError, match=r"40 examples are too few for .*/n=24/ref=train/reals=all', which takes 48"):
        make_reference(ALL, DIGIT_SCANS, few, "cpu", tmp_path / "kept.npz")


@pytest.mark.parametrize("metric", ["bins", "features"])
def test_a_floor_held_out_is_that_of_a_reference_without_it(
    metric: str, digits: Prepared, tmp_path: Path, extractor: EffLite0, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "make_extractor", lambda name, device: extractor)
    protocol = {"bins": BINS.model_copy(update={"samples": 40}), "features": FEATURES}[metric]
    few = Prepared(np.array(digits.array[:300]), None, digits.manifest)
    evaluator = make_evaluator(Subject(protocol.definition, DIGIT_SCANS, few, "cpu", protocol.samples))
    rows = np.arange(5, 5 + protocol.samples)
    others = evaluator.reference_arrays(np.delete(few.array, rows, axis=0))
    expected = evaluator.measure(others)(few.array[rows])
    found = evaluator.left_out(few.array, evaluator.reference_arrays(few.array), rows, few.array[:0])
    assert found == pytest.approx(expected, rel=1e-4)
