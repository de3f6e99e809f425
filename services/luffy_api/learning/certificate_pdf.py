"""A certificate as a PDF of one page, in Chinese and English.

The names are set in a font of Debian's that has Chinese and Latin letters; the file holds those
that it shows alone. Drawn when it is asked for: the same certificate always gives the same bytes.
"""

from functools import lru_cache
from io import BytesIO

from django.utils import timezone
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from learning.certificates import spelled
from learning.models import Certificate

FONT_FILE = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
_FONT = "luffy"
_WIDTH, _HEIGHT = landscape(A4)  # points
_MARGIN = 28
_INK, _BLUE = HexColor("#1f2a44"), HexColor("#2b6cb0")
_QR_SIDE = 84


def draw(certificate: Certificate, address: str) -> bytes:
    """The PDF; `address` is where the certificate can be verified."""
    _register_font()
    output = BytesIO()
    # invariant: without the moment of its making in it
    page = Canvas(output, pagesize=(_WIDTH, _HEIGHT), invariant=1)
    page.setTitle(f"{certificate.course_name} – {certificate.name}")
    _frame(page)
    _line(page, 0.80, 34, "结业证书", _BLUE)
    _line(page, 0.73, 16, "Certificate of completion", _INK)
    _line(page, 0.58, 36, certificate.name, _INK)
    _line(page, 0.50, 13, "已完成课程的全部章节 has completed every section of", _INK)
    _line(page, 0.41, 24, certificate.course_name, _BLUE)
    issued = timezone.localtime(certificate.issued).date().isoformat()
    _line(page, 0.30, 13, f"{issued}    {spelled(certificate.code)}", _INK)
    _line(page, 0.10, 9, address, _INK)
    _qr(page, address)
    page.showPage()
    page.save()
    return output.getvalue()


@lru_cache(maxsize=1)
def _register_font() -> None:
    pdfmetrics.registerFont(TTFont(_FONT, FONT_FILE, subfontIndex=0))


def _frame(page: Canvas) -> None:
    page.setStrokeColor(_BLUE)
    for inset, width in ((_MARGIN, 3), (_MARGIN + 7, 0.8)):
        page.setLineWidth(width)
        page.rect(inset, inset, _WIDTH - 2 * inset, _HEIGHT - 2 * inset)


def _line(page: Canvas, height: float, size: float, text: str, colour: Color) -> None:
    """A centred line, made smaller where it would run into the frame."""
    room = _WIDTH - 4 * _MARGIN
    width = pdfmetrics.stringWidth(text, _FONT, size)
    page.setFillColor(colour)
    page.setFont(_FONT, min(size, size * room / width) if width else size)
    page.drawCentredString(_WIDTH / 2, _HEIGHT * height, text)


def _qr(page: Canvas, address: str) -> None:
    drawing = Drawing(_QR_SIDE, _QR_SIDE)
    drawing.add(QrCodeWidget(address, barWidth=_QR_SIDE, barHeight=_QR_SIDE, barBorder=2))
    renderPDF.draw(drawing, page, (_WIDTH - _QR_SIDE) / 2, _HEIGHT * 0.14)
