"""Draws the sample pictures: a gradient, waves and a few words, the same on each run."""

import colorsys
import math
import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from luffy.whole_files import write_if_missing

BANNER_SIZE = (1200, 400)
COURSE_SIZE = (640, 360)
TEACHER_SIZE = (320, 320)
QUALITY = 82  # of WebP, 0 to 100


def draw_if_missing(path: Path, size: tuple[int, int], words: str) -> bool:
    """Write a WebP picture to `path` unless something is there; returns whether it was written.

    Args:
        path: where the file shall be; its directory is made.
        size: width and height in pixels.
        words: drawn in the middle; also decides the colours.

    Raises:
        OSError: the file cannot be written.
    """
    if path.exists():
        return False
    output = BytesIO()
    draw(size, words).save(output, "WEBP", quality=QUALITY)
    return write_if_missing(path, output.getvalue())


def draw(size: tuple[int, int], words: str) -> Image.Image:
    """A picture of `size` with `words` on it (Latin letters: the built-in font has no others)."""
    # From a checksum of the words and not from hash(), which differs between processes.
    hue = (zlib.crc32(words.encode()) % 360) / 360
    picture = _gradient(size, _colour(hue, 0.55, 0.86), _colour(hue + 0.12, 0.75, 0.38))
    _add_sun(picture, _colour(hue + 0.5, 0.25, 1.0))
    for number in range(3):
        _add_wave(picture, number, _colour(hue + 0.1, 0.7, 0.34 - 0.08 * number))
    _add_words(picture, words)
    return picture


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _gradient(
    size: tuple[int, int], top: tuple[int, int, int], bottom: tuple[int, int, int]
) -> Image.Image:
    # The built-in vertical gradient runs from black to white: a mask between two plain colours.
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)


def _add_sun(picture: Image.Image, colour: tuple[int, int, int]) -> None:
    width, height = picture.size
    radius = height // 7
    x, y = width * 5 // 6, height // 4
    ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _add_wave(picture: Image.Image, number: int, colour: tuple[int, int, int]) -> None:
    width, height = picture.size
    level, rise = height * (0.72 + 0.09 * number), height * 0.035
    crest = [
        (x, level + rise * math.sin(x / width * math.tau * (2 + number) + number))
        for x in range(0, width + 8, 8)
    ]
    ImageDraw.Draw(picture).polygon([(0, height), *crest, (width, height)], fill=colour)


def _add_words(picture: Image.Image, words: str) -> None:
    width, height = picture.size
    font = ImageFont.load_default(size=min(height / 5, width * 1.5 / len(words)))
    ImageDraw.Draw(picture).text(
        (width / 2, height * 0.45),
        words,
        fill="white",
        font=font,
        anchor="mm",
        stroke_width=2,
        stroke_fill=(20, 30, 50),
    )
