from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps

from vigan.data.decode import DAMAGE, FORMATS, decode
from vigan.data.source import DataError

Jpeg = Callable[..., bytes]
Png = Callable[[np.ndarray], bytes]


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def corner(data: bytes) -> tuple[int, ...]:
    return tuple(int(value) for value in np.asarray(decode("x", data))[0, 0])


def test_a_truncated_jpeg_is_named_in_the_error(jpeg: Jpeg) -> None:
    with pytest.raises(DataError, match=r"^here/a\.jpg: damaged or truncated image .* remove it"):
        decode("here/a.jpg", jpeg()[:2000])


def test_a_truncated_or_corrupt_png_is_named_in_the_error(png: Png) -> None:
    whole = png(np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 255
    for data in (whole[: len(whole) // 2], bytes(broken)):
        with pytest.raises(DataError, match=r"^a\.png: damaged"):
            decode("a.png", data)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_whatever_is_damaged_the_error_names_the_file(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)
    random, messages = np.random.default_rng(0), []
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {} if kind == "BMP" else {"exif": exif}
    whole = saved(Image.fromarray(random.integers(0, 256, (24, 20, 3), dtype=np.uint8)), kind, **options)
    for _ in range(1000):
        data = bytearray(whole)
        data[random.integers(min(200, len(data)))] = random.integers(256)
        try:
            decode("a/b.img", bytes(data))
        except DataError as error:
            messages.append(str(error))
    assert len(messages) > 50
    assert all(message.startswith("a/b.img: ") for message in messages)


@pytest.mark.parametrize("error", DAMAGE)
def test_whatever_pillow_trips_over_the_error_names_the_file(
    monkeypatch: pytest.MonkeyPatch, jpeg: Jpeg, error: type[Exception]
) -> None:
    def trip(*_: object, **__: object) -> None:
        raise error("inside Pillow")

    monkeypatch.setattr(ImageOps, "exif_transpose", trip)
    with pytest.raises(DataError, match=r"^a\.jpg: damaged or truncated image .*inside Pillow"):
        decode("a.jpg", jpeg())


def test_an_empty_file_is_named_in_the_error() -> None:
    with pytest.raises(DataError, match=r"^a\.jpg: the file is empty"):
        decode("a.jpg", b"")


@pytest.mark.parametrize("kind", ["EPS", "PDF", "ICO", "PCX"])
def test_other_formats_are_not_opened_whatever_the_name(kind: str) -> None:
    """Pillow hands EPS to another program."""
    with pytest.raises(DataError, match=r"^a\.jpg: not an image that can be read \(JPEG, .*PNG"):
        decode("a.jpg", saved(Image.new("RGB", (8, 8)), kind))


@pytest.mark.parametrize("size", [(30, 30), (60, 60)])
def test_a_decompression_bomb_is_an_error_already_where_pillow_warns(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 800)
    with pytest.raises(DataError, match=r"^a\.png: has more than 800 pixels"):
        decode("a.png", saved(Image.new("RGB", size), "PNG"))


@pytest.mark.parametrize(
    "kind", [kind for kind in FORMATS if kind != "MPO" and kind in Image.registered_extensions().values()]
)
def test_each_format_gives_its_colours(kind: str) -> None:
    np.testing.assert_allclose(corner(saved(Image.new("RGB", (16, 16), (200, 40, 90)), kind)), (200, 40, 90), atol=6)


def test_grey_palette_and_bilevel_pictures_become_rgb() -> None:
    assert corner(saved(Image.new("L", (4, 4), 77), "PNG")) == (77, 77, 77)
    assert corner(saved(Image.new("1", (4, 4), 1), "PNG")) == (255, 255, 255)
    palette = Image.new("RGB", (4, 4), (10, 200, 30)).convert("P", palette=Image.Palette.ADAPTIVE)
    assert corner(saved(palette, "PNG")) == (10, 200, 30)


def test_cmyk_becomes_rgb() -> None:
    cyan = saved(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), "JPEG", quality=100)
    np.testing.assert_allclose(corner(cyan), (0, 255, 255), atol=6)


def test_transparency_is_laid_over_white_whatever_colour_hides_below() -> None:
    assert corner(saved(Image.new("RGBA", (4, 4), (255, 0, 0, 0)), "PNG")) == (255, 255, 255)
    assert corner(saved(Image.new("RGB", (4, 4), (9, 8, 7)), "PNG", transparency=(9, 8, 7))) == (255, 255, 255)
    np.testing.assert_allclose(corner(saved(Image.new("LA", (4, 4), (0, 128)), "PNG")), 127, atol=1)


def test_sixteen_bit_grey_is_refused_rather_than_clipped(png: Png) -> None:
    with pytest.raises(DataError, match=r"^a\.png: pixels of mode 'I;16'.* convert it to 8 bits"):
        decode("a.png", png(np.full((4, 4), 40_000, np.uint16)))


def test_a_photograph_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode("a.jpg", saved(Image.new("RGB", (30, 20)), "JPEG", exif=exif)).size == (20, 30)
