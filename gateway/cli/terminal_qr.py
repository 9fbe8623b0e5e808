"""A QR image as text that a phone can scan from a terminal: two rows of modules in one line of half blocks."""

from __future__ import annotations

import base64
import io

from PIL import Image

BLOCKS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
"""Light above, light below -> character: light on dark, as terminals mostly are; phones read both."""


def drawn(data_url: str) -> str:
    """The image of a `data:image/png;base64,…` URL as lines of text, quiet zone included."""
    png = base64.b64decode(data_url.partition(",")[2])
    with Image.open(io.BytesIO(png)) as image:
        modules = _modules(image.convert("L"))
    if len(modules) % 2:
        modules.append([True] * len(modules[0]))
    pairs = zip(modules[::2], modules[1::2], strict=True)
    return "\n".join("".join(BLOCKS[pair] for pair in zip(above, below, strict=True)) for above, below in pairs)


def _modules(image: Image.Image) -> list[list[bool]]:
    """Whether each module is light."""
    size = _module_size(image)
    steps = range(size // 2, image.width, size)
    return [[bool(image.getpixel((x, y))) for x in steps] for y in steps]


def _module_size(image: Image.Image) -> int:
    """Pixels a module: the first dark run of the first dark row is the finder pattern's top, seven modules wide."""
    left, top = min((y, x) for y in range(image.height) for x in _dark(image, y))[::-1]
    run = next(x for x in range(left, image.width) if image.getpixel((x, top)))
    return max(1, (run - left) // 7)


def _dark(image: Image.Image, y: int) -> list[int]:
    return [x for x in range(image.width) if not image.getpixel((x, y))]
