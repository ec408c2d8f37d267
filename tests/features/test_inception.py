from __future__ import annotations

import hashlib
import os
import threading
import warnings
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from cleanfid.fid import get_files_features
from cleanfid.inception_torchscript import InceptionV3W
from cleanfid.resize import build_resizer
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from vigan.features import pillow_float
from vigan.features.base import Extractor, ImageError, to_rgb
from vigan.features.inception import INCEPTION, InceptionClean, load_network
from vigan.features.weights import Archive, find
from vigan.io.files import RecordError
from vigan.runtime.settings import cache_folder

NAME = "inception-2015-12-05.pt"
CPU = torch.device("cpu")
REAL = os.environ.get("VIGAN_INCEPTION", "")

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit.*deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning"),
]


class StandIn(nn.Module):
    """A small network with the parts of NVIDIA's that clean-fid uses, and a forward that is not what it wants."""

    def __init__(self) -> None:
        super().__init__()
        norm = nn.BatchNorm2d(24, eps=1e-3)
        for values in norm.state_dict().values():
            if values.is_floating_point():
                values.uniform_(0.1, 0.5)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 24, 7, stride=16, bias=False),
            norm,
            nn.ReLU(),
            nn.Conv2d(24, 2048, 1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
        )

    def forward(self, img: Tensor, return_features: bool = False, use_fp16: bool = False) -> Tensor:
        resized = functional.interpolate(img, (299, 299), mode="bilinear", align_corners=False)
        return self.layers(resized / 255).view(-1, 2048)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """A scripted stand-in, lying under its name in the folder that its `url` names."""
    path = tmp_path_factory.mktemp("published") / NAME
    with torch.random.fork_rng(), warnings.catch_warnings(action="ignore"):
        torch.manual_seed(0)
        torch.jit.save(torch.jit.script(StandIn().eval()), path)
    content = path.read_bytes()
    return Archive(str(path), len(content), hashlib.sha256(content).hexdigest(), "inception")


@pytest.fixture(scope="module")
def extractor(archive: Archive) -> InceptionClean:
    return InceptionClean(weights=Path(archive.url), archive=archive)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("VIGAN_INCEPTION", "VIGAN_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def online(archive: Archive) -> Iterator[Archive]:
    """The stand-in on a server of this machine."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(Path(archive.url).parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Archive(f"http://127.0.0.1:{server.server_port}/{NAME}", archive.size, archive.sha256, "inception")
        server.shutdown()
        thread.join()


def _noise(height: int, width: int, n: int = 1, channels: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(height).integers(0, 256, (n, channels, height, width), dtype=np.uint8)


def _edges(height: int, width: int) -> NDArray[np.uint8]:
    return np.where(_noise(height, width) > 127, 255, 0).astype(np.uint8)


def _smooth(height: int, width: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(y / 17 + phase) * np.cos(x / 11) for phase in range(3)]
    return np.round(127.5 + 127.5 * np.stack(waves)).astype(np.uint8)[None]


def _clean_fid(images: NDArray[np.uint8], network: Path, folder: Path) -> NDArray[np.float32]:
    """clean-fid's own features of images written as files, with the archive `network`."""
    (folder / NAME).symlink_to(network)
    files = [folder / f"{index}.png" for index in range(len(images))]
    for file, image in zip(files, images, strict=True):
        Image.fromarray(np.moveaxis(image, 0, 2).squeeze()).save(file)
    model = InceptionV3W(str(folder), download=False).eval()
    return get_files_features(files, model, num_workers=0, device=CPU, mode="clean", verbose=False)


@pytest.mark.parametrize("make", [_noise, _edges, _smooth])
@pytest.mark.parametrize("sides", [(32, 32), (64, 48), (178, 218), (299, 299), (300, 300), (256, 400), (700, 512)])
def test_resizing_agrees_with_clean_fid_up_and_down(make, sides: tuple[int, int]) -> None:
    image = make(*sides)
    theirs = build_resizer("clean")(np.moveaxis(image[0], 0, 2))
    ours = to_rgb(image, 299, CPU)[0].numpy()
    assert ours.dtype == theirs.dtype == np.float32
    np.testing.assert_allclose(ours, np.moveaxis(theirs, 2, 0), rtol=0, atol=1e-3)


def test_photographs_are_resized_some_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pixels of 16 photographs of 12 megapixels were 4.7 GB as float64."""
    images, made = _noise(70, 50, n=4, channels=3), list[int]()
    whole, double = to_rgb(images, 32, CPU), torch.Tensor.double
    monkeypatch.setattr(torch.Tensor, "double", lambda tensor: made.append(tensor.numel()) or double(tensor))
    assert torch.equal(to_rgb(images, 32, CPU), whole)
    assert made == [images.size]
    monkeypatch.setattr(pillow_float, "AT_A_TIME", 5000)
    made.clear()
    np.testing.assert_allclose(to_rgb(images, 32, CPU), whole, rtol=0, atol=1e-4)
    assert sum(made) == images.size
    assert max(made) <= 5000


@pytest.mark.parametrize(("channels", "sides"), [(3, (64, 64)), (1, (32, 32)), (3, (218, 178)), (3, (320, 400))])
def test_features_are_those_of_clean_fid_from_files_with_the_same_network(
    channels: int, sides: tuple[int, int], extractor: InceptionClean, archive: Archive, tmp_path: Path
) -> None:
    images = _noise(*sides, n=3, channels=channels)
    theirs = _clean_fid(images, Path(archive.url), tmp_path)
    assert np.ptp(theirs, axis=0).max() > 1e-2
    np.testing.assert_allclose(extractor(images), theirs, rtol=0, atol=1e-6)


def test_the_real_network_gives_the_features_of_clean_fid(tmp_path: Path) -> None:
    if not REAL:
        pytest.skip(f"VIGAN_INCEPTION is not set: {INCEPTION.name} is not here")
    images = np.concatenate([_noise(64, 64), _edges(64, 64), _smooth(64, 64)])
    ours = InceptionClean(weights=Path(REAL))(images)
    theirs = _clean_fid(images, Path(REAL).expanduser().absolute(), tmp_path)
    distances, lengths = (np.linalg.norm(vectors, axis=1) for vectors in (ours - theirs, theirs))
    assert (distances < 1e-3 * lengths).all(), distances / lengths


@pytest.mark.parametrize(("channels", "side"), [(3, 64), (1, 32), (3, 299), (1, 310)])
def test_images_of_any_side_give_2048_features_each(channels: int, side: int, extractor: Extractor) -> None:
    features = extractor(_noise(side, side, n=3, channels=channels))
    assert features.shape == (3, extractor.dimension) == (3, 2048)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_grey_is_the_same_as_grey_repeated_in_three_channels(extractor: InceptionClean) -> None:
    grey = _noise(40, 40, n=2, channels=1)
    np.testing.assert_array_equal(extractor(grey), extractor(grey.repeat(3, axis=1)))


@pytest.mark.filterwarnings("error")
def test_calls_give_the_same_bits_without_a_warning(archive: Archive) -> None:
    images = _noise(32, 32, n=5)
    first = InceptionClean(weights=Path(archive.url), archive=archive, batch_size=2)
    features = [first(images) for _ in range(4)]
    for again in features[1:]:
        np.testing.assert_array_equal(again, features[0])


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_the_batch_size_changes_features_by_rounding_only(
    batch_size: int, extractor: InceptionClean, archive: Archive
) -> None:
    images = _noise(48, 48, n=7)
    other = InceptionClean(weights=Path(archive.url), archive=archive, batch_size=batch_size)
    np.testing.assert_allclose(other(images), extractor(images), rtol=0, atol=1e-6)


def test_what_is_no_batch_of_images_is_refused(extractor: InceptionClean) -> None:
    for bad in (np.zeros((2, 3, 8, 8), np.float32), np.zeros((0, 3, 8, 8), np.uint8), np.zeros((3, 8, 8), np.uint8)):
        with pytest.raises(ImageError, match="expected uint8"):
            extractor(bad)


def test_the_state_of_torch_is_left_as_it_was(archive: Archive) -> None:
    seed = torch.random.get_rng_state()
    optimised = torch._C._get_graph_executor_optimize()
    InceptionClean(weights=Path(archive.url), archive=archive)(_noise(32, 32))
    assert torch.equal(seed, torch.random.get_rng_state())
    assert torch._C._get_graph_executor_optimize() == optimised


def test_another_file_is_refused_before_torch_sees_it(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "changed.pt"
    changed.write_bytes(Path(archive.url).read_bytes() + b"\0")
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("torch has read the file"))
    with pytest.raises(RecordError, match=rf"changed\.pt: SHA-256 .*, expected {archive.sha256}"):
        load_network(changed, archive)


def test_the_real_network_is_expected_unless_a_test_says_otherwise(archive: Archive) -> None:
    with pytest.raises(RecordError, match=f"expected {INCEPTION.sha256}; name {INCEPTION.name}, from https://"):
        InceptionClean(weights=Path(archive.url))


def test_a_named_file_is_used_where_it_lies(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGAN_INCEPTION", str(tmp_path / "absent.pt"))
    assert find(archive, Path(archive.url)) == Path(archive.url)
    monkeypatch.setenv("VIGAN_INCEPTION", archive.url)
    assert find(archive) == Path(archive.url)
    assert not cache_folder().exists()


def test_a_named_file_that_is_missing_is_told_and_nothing_fetched(
    online: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGAN_INCEPTION", "~/absent/network.pt")
    with pytest.raises(RecordError, match=r"absent/network\.pt: no such file; set VIGAN_INCEPTION") as info:
        find(online)
    assert "~" not in str(info.value)
    assert not cache_folder().exists()


def test_without_a_named_file_it_is_fetched_once_into_the_cache(online: Archive) -> None:
    first = InceptionClean(archive=online)
    assert [file.name for file in cache_folder().iterdir()] == [NAME]
    gone = Archive(f"http://127.0.0.1:9/{NAME}", online.size, online.sha256, "inception")
    again = InceptionClean(archive=gone)
    assert first.weights_sha256 == again.weights_sha256 == online.sha256
    np.testing.assert_array_equal(first(_noise(32, 32)), again(_noise(32, 32)))


def test_a_file_that_cannot_be_fetched_is_told_with_both_settings(online: Archive) -> None:
    other = Archive(online.url + ".absent", online.size, online.sha256, "inception")
    with pytest.raises(RecordError, match=r"answered 404 .*; or set VIGAN_INCEPTION to a copy, or VIGAN_CACHE"):
        find(other)


def test_the_cache_is_where_the_machine_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder() == tmp_path / "cache" / "vigan"
    monkeypatch.setenv("HOME", str(tmp_path))
    for unset in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert cache_folder() == tmp_path / ".cache" / "vigan"
    monkeypatch.setenv("VIGAN_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"
