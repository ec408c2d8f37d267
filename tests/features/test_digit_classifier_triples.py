from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from vigan.config.datasets import StackedDigits
from vigan.data.digits import single_digits
from vigan.data.prepare import prepare
from vigan.data.store import Prepared, load
from vigan.features.digit_classifier import DigitClassifier, DigitError
from vigan.metrics.modes import stacked_modes


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("stacks")
    prepare(StackedDigits(source="stacked-digits", origin="sklearn", count=32_000), folder)
    return load(folder)


@pytest.fixture(scope="module")
def classifier(stacks: Prepared) -> DigitClassifier:
    assert stacks.labels is not None
    return DigitClassifier.fit_triples(stacks.array, stacks.labels, "sklearn")


def test_stacks_it_was_not_fitted_to_have_the_modes_and_divergence_of_a_perfect_sampler(
    stacks: Prepared, classifier: DigitClassifier
) -> None:
    fresh = np.asarray(stacks.array[6000:])
    scores = stacked_modes(classifier.predict_triples(fresh))
    assert len(fresh) == 26_000
    assert scores["modes"] == scores["fair_modes"] == 1000
    assert scores["reverse_kl"] == pytest.approx(0.0192, abs=0.003)


def test_one_repeated_stack_is_one_mode_at_ln_1000(stacks: Prepared, classifier: DigitClassifier) -> None:
    scores = stacked_modes(classifier.predict_triples(np.repeat(stacks.array[:1], 100, axis=0)))
    assert scores == {"modes": 1, "fair_modes": 1, "reverse_kl": pytest.approx(np.log(1000))}


def test_a_triple_is_the_label_of_each_channel_in_order(stacks: Prepared, classifier: DigitClassifier) -> None:
    images = np.asarray(stacks.array[:200])
    found = classifier.predict_triples(images)
    assert found.dtype == np.int64
    for channel in range(3):
        np.testing.assert_array_equal(found[:, channel], classifier.predict(images[:, channel : channel + 1]))
    assert stacks.labels is not None
    assert (found @ [100, 10, 1] == stacks.labels[:200]).mean() > 0.97


def test_its_accuracy_is_measured_on_digits_it_never_saw_though_stacks_repeat_them(stacks: Prepared) -> None:
    draws = np.random.default_rng(0)
    singles = single_digits("sklearn", 32, Path()).images[:300]
    nonsense = draws.integers(0, 10, 300)
    chosen = draws.integers(0, 300, (1000, 3))
    fitted = DigitClassifier.fit_triples(singles[chosen], nonsense[chosen] @ [100, 10, 1], "sklearn")
    assert fitted.test_accuracy < 0.3


def test_it_is_fitted_to_the_first_stacks_alone(stacks: Prepared, classifier: DigitClassifier) -> None:
    assert stacks.labels is not None
    other = np.where(np.arange(32_000) < 5000, stacks.labels, 0)
    again = DigitClassifier.fit_triples(stacks.array, other, "sklearn")
    assert again.test_accuracy == classifier.test_accuracy
    images = np.asarray(stacks.array[:300])
    np.testing.assert_array_equal(again.predict_triples(images), classifier.predict_triples(images))


@pytest.mark.parametrize("channels", [1, 4])
def test_what_is_no_stack_is_refused(stacks: Prepared, classifier: DigitClassifier, channels: int) -> None:
    flat = np.zeros((10, channels, 32, 32), np.uint8)
    with pytest.raises(DigitError, match=r"expected uint8 \(n, 3, side, side\)"):
        classifier.predict_triples(flat)
    with pytest.raises(DigitError, match=r"expected uint8 \(n, 3, side, side\)"):
        DigitClassifier.fit_triples(flat, np.zeros(10, np.int64), "sklearn")
    with pytest.raises(DigitError, match="labels: int64"):
        DigitClassifier.fit_triples(stacks.array, np.zeros(10, np.int64), "sklearn")
    with pytest.raises(DigitError, match="images: float64"):
        classifier.predict_triples(np.zeros((10, 3, 32, 32)))


def test_strokes_do_not_change_with_contrast_and_blank_images_have_none() -> None:
    fit = DigitClassifier.fit(single_digits("sklearn", 32, Path()).images[:, None], _labels(), "mnist")
    image = np.zeros((1, 32, 32), np.uint8)
    image[:, 8:24, 12:20] = 100
    np.testing.assert_allclose(fit.description(image), fit.description(2 * image), atol=1e-6)
    np.testing.assert_array_equal(fit.description(image + np.uint8(50)), fit.description(image))
    np.testing.assert_array_equal(fit.description(np.full((1, 32, 32), 255, np.uint8)), np.zeros((1, 288)))
    np.testing.assert_allclose((fit.description(image) ** 2).sum(), 1, rtol=1e-6)


def test_strokes_tell_digits_apart_too() -> None:
    images = single_digits("sklearn", 32, Path()).images[:, None]
    assert DigitClassifier.fit(images, _labels(), "mnist").test_accuracy > 0.97


def test_half_of_mnist_s_test_digits_teach_it_the_other_half(monkeypatch: pytest.MonkeyPatch) -> None:
    if "VIGAN_TEST_DATA" not in os.environ:
        pytest.skip("VIGAN_TEST_DATA is not set: no MNIST to classify")
    monkeypatch.delenv("VIGAN_MNIST", raising=False)
    images, labels, *_ = single_digits("mnist-test", 32, Path())
    order = np.random.default_rng(0).permutation(len(images))
    seen, unseen = order[:6250], order[6250:]
    fitted = DigitClassifier.fit(images[seen, None], labels[seen], "mnist-test")
    accuracy = (fitted.predict(images[unseen, None]) == labels[unseen]).mean()
    assert accuracy > 0.975
    assert fitted.test_accuracy == pytest.approx(accuracy, abs=0.015)


def test_real_stacked_mnist_is_a_perfect_sampler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if "VIGAN_TEST_DATA" not in os.environ:
        pytest.skip("VIGAN_TEST_DATA is not set: no MNIST to stack")
    monkeypatch.delenv("VIGAN_MNIST", raising=False)
    prepare(StackedDigits(source="stacked-digits", origin="mnist-test", count=10_000), tmp_path)
    prepared = load(tmp_path)
    assert prepared.labels is not None
    fitted = DigitClassifier.fit_triples(prepared.array, prepared.labels, "mnist-test")
    assert fitted.test_accuracy > 0.98
    scores = stacked_modes(fitted.predict_triples(np.asarray(prepared.array[5000:])))
    assert scores["modes"] > 985
    assert scores["reverse_kl"] == pytest.approx(999 / 10_000, rel=0.15)


def _labels() -> np.ndarray:
    return single_digits("sklearn", 32, Path()).labels
