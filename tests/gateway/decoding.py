"""An independent QR decoder."""

from __future__ import annotations

import base64
import io

import zxingcpp
from PIL import Image


def decoded(data_url: str) -> str:
    """What a phone's camera reads in a data URL. Raises AssertionError unless there is exactly one QR."""
    assert data_url.startswith("data:image/png;base64,")
    png = base64.b64decode(data_url.removeprefix("data:image/png;base64,"), validate=True)
    with Image.open(io.BytesIO(png)) as image:
        found = zxingcpp.read_barcodes(
            image.convert("L"), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
    assert len(found) == 1, f"{len(found)} QR codes were read"
    return str(found[0].text)
