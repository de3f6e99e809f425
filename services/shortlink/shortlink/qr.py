"""QR codes of short URLs, as SVG."""

from functools import lru_cache
from io import BytesIO

import segno

_KEPT = 1024


@lru_cache(_KEPT)
def svg(url: str) -> bytes:
    """The QR code of `url`, an SVG document that scales to any size.

    Error correction M (15 %): what a print on paper wants. Around it the quiet zone of four
    modules that ISO/IEC 18004 asks for.
    """
    out = BytesIO()
    code = segno.make_qr(url, error="m")
    code.save(
        out, kind="svg", border=4, light="#fff", omitsize=True, xmldecl=False, title=url, nl=False
    )
    return out.getvalue()
