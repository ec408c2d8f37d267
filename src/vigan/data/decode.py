"""Decoding of image files to 8-bit RGB, with errors that name the file."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

from PIL import Image, ImageOps, UnidentifiedImageError

from vigan.data.source import DataError

FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
EIGHT_BIT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
REMEDY = "replace it or remove it, then run the same command again"
DAMAGE = (OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, struct.error, zlib.error, MemoryError)


def decode(name: str, data: bytes) -> Image.Image:
    """The image in `data`, mode RGB, rotated by its EXIF orientation; of an animation, the first frame.

    Grey, palette and CMYK images become RGB (CMYK without a colour profile); transparency is composited over white;
    of 16-bit PNGs the upper 8 bits are kept. Raises DataError naming `name` if the file is empty, damaged, truncated,
    of another format than JPEG, PNG, BMP or WebP, larger than Pillow's MAX_IMAGE_PIXELS, or grey of 16 or more bits,
    which Pillow cannot reduce faithfully.
    """
    if not data:
        raise DataError(f"{name}: the file is empty (0 bytes); {REMEDY}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            return _rgb(name, image)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        limit = Image.MAX_IMAGE_PIXELS
        raise DataError(f"{name}: has more than {limit} pixels (a decompression bomb?); {REMEDY}") from None
    except UnidentifiedImageError:
        raise DataError(f"{name}: not a JPEG, PNG, BMP or WebP image; {REMEDY}") from None
    except DAMAGE as error:
        raise DataError(f"{name}: damaged or truncated image ({error}); {REMEDY}") from None


def _rgb(name: str, image: Image.Image) -> Image.Image:
    if image.mode not in EIGHT_BIT:
        raise DataError(f"{name}: pixels of mode '{image.mode}' (not 8 bits each); convert it to 8 bits per colour")
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    picture = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
