"""Decoding of image files to 8-bit RGB, with errors that name the file."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

from PIL import Image, ImageOps, UnidentifiedImageError

from vigan.data.source import DataError

FORMATS = ("JPEG", "MPO", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM", "JPEG2000", "AVIF")
"""Those of Pillow's that are pictures and nothing else: no page descriptions, which would run programs."""
SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".pbm", ".pnm",
    ".jp2", ".avif",
)  # fmt: skip
"""Ends of names that say a file is an image."""
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*", b"\x00\x00\x00\x0cjP  ")
HEAD = 16
"""Bytes by which an image is known whatever its name."""
EIGHT_BIT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
REMEDY = "replace it or remove it, then run the same command again"
DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, struct.error, zlib.error, MemoryError,
    AssertionError, RuntimeError, AttributeError, OverflowError,
)  # fmt: skip
"""What Pillow raises on images that are not what their head says."""


def _built() -> list[str]:
    """The formats that Pillow was built with."""
    Image.init()
    return [form for form in FORMATS if form in Image.OPEN]


def looks_like_image(head: bytes) -> bool:
    """Whether a file that begins so is an image, whatever it is called."""
    in_a_box = head[4:12] == b"ftypavif" or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
    return head.startswith(_STARTS) or in_a_box


def decode(name: str, data: bytes) -> Image.Image:
    """The image in `data`, mode RGB, rotated by its EXIF orientation; of an animation, the first frame.

    Grey, palette and CMYK images become RGB (CMYK without a colour profile); transparency is composited over white;
    of 16-bit PNGs the upper 8 bits are kept. Raises DataError naming `name` if the file is empty, damaged, truncated,
    of none of `FORMATS`, larger than Pillow's MAX_IMAGE_PIXELS, or grey of 16 or more bits, which Pillow cannot
    reduce faithfully.
    """
    if not data:
        raise DataError(f"{name}: the file is empty (0 bytes); {REMEDY}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=_built())
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            return _rgb(name, image)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        limit = Image.MAX_IMAGE_PIXELS
        raise DataError(f"{name}: has more than {limit} pixels (a decompression bomb?); {REMEDY}") from None
    except UnidentifiedImageError:
        raise DataError(f"{name}: not an image that can be read ({', '.join(_built())}); {REMEDY}") from None
    except DataError:
        raise
    except DAMAGE as error:
        raise DataError(
            f"{name}: damaged or truncated image ({str(error) or type(error).__name__}); {REMEDY}"
        ) from None


def _rgb(name: str, image: Image.Image) -> Image.Image:
    if image.mode not in EIGHT_BIT:
        raise DataError(f"{name}: pixels of mode '{image.mode}' (not 8 bits each); convert it to 8 bits per colour")
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    picture = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
