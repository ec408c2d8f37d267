from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from vigan.features.digit_classifier import DigitClassifier, DigitError


@pytest.fixture(scope="module")
def digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    pixels, labels = load_digits(return_X_y=True)
    images = np.round(np.asarray(pixels).reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    return images.repeat(4, axis=1).repeat(4, axis=2)[:, None], np.asarray(labels)


@pytest.fixture(scope="module")
def classifier(digits: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> DigitClassifier:
    return DigitClassifier.fit(*digits)


def test_it_knows_held_out_digits(classifier: DigitClassifier) -> None:
    assert classifier.test_accuracy > 0.98


def test_its_accuracy_is_not_that_of_the_images_it_saw(digits: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> None:
    images, labels = digits
    shuffled = np.random.default_rng(0).permutation(labels)
    assert DigitClassifier.fit(images[:500], shuffled[:500]).test_accuracy < 0.3


def test_two_fits_are_the_same(
    digits: tuple[NDArray[np.uint8], NDArray[np.int64]], classifier: DigitClassifier
) -> None:
    again = DigitClassifier.fit(*digits)
    assert again.test_accuracy == classifier.test_accuracy
    np.testing.assert_array_equal(again.predict(digits[0]), classifier.predict(digits[0]))


def test_predictions_are_one_integer_per_image(
    digits: tuple[NDArray[np.uint8], NDArray[np.int64]], classifier: DigitClassifier
) -> None:
    predicted = classifier.predict(digits[0][:7])
    assert predicted.shape == (7,)
    assert predicted.dtype == np.int64


@pytest.mark.parametrize("side", [8, 16, 24, 48])
def test_the_side_of_the_images_does_not_matter(
    side: int, digits: tuple[NDArray[np.uint8], NDArray[np.int64]], classifier: DigitClassifier
) -> None:
    small = digits[0][:, :, ::4, ::4]
    other = small.repeat(side // 8, axis=2).repeat(side // 8, axis=3)
    np.testing.assert_array_equal(classifier.predict(other), classifier.predict(digits[0]))


def test_it_works_on_mnist_images() -> None:
    if "VIGAN_TEST_DATA" not in os.environ:
        pytest.skip("VIGAN_TEST_DATA is not set")
    folder = Path(os.environ["VIGAN_TEST_DATA"]) / "data" / "mnist-t10k"
    pixels = np.frombuffer(gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    images = pixels.reshape(-1, 1, 28, 28)
    classifier = DigitClassifier.fit(images[:4000], labels[:4000])
    assert classifier.test_accuracy > 0.92
    assert (classifier.predict(images[5000:7000]) == labels[5000:7000]).mean() > 0.92


def test_what_is_no_digit_image_is_refused(digits: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> None:
    images, labels = digits
    for bad in (images.astype(float), images[:, 0], images.repeat(3, axis=1), images[:, :, :4, :4], images[:, :, 1:]):
        with pytest.raises(DigitError, match="images: "):
            DigitClassifier.fit(bad, labels)
    with pytest.raises(DigitError, match="expected 1797 integers"):
        DigitClassifier.fit(images, labels[1:])
    with pytest.raises(DigitError, match="labels: "):
        DigitClassifier.fit(images[:3], labels[:3])


def test_it_needs_no_torch() -> None:
    script = "import sys, vigan.features.digit_classifier; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
