"""PDFs as people send them, small enough to be written here."""

import io

from PIL import Image

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def pdf(pages: int, *, title: str = "Laudo") -> bytes:
    """Pages of A4, each with its number in words; the font is one that every reader must bring along."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(pages))
    parts = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(), FONT]
    for number in range(1, pages + 1):
        words = f"BT /F1 36 Tf 72 720 Td ({title} folha {number}) Tj ET 72 700 400 4 re f".encode()
        parts.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(parts) + 2} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        parts.append(_stream(b"<< /Length %d >>" % len(words), words))
    return _bound(parts)


def scan() -> bytes:
    """One page, all of it a dark picture in JPEG 2000, as scanners write them: no browser knows it by itself."""
    picture = io.BytesIO()
    Image.new("L", (300, 400), 40).save(picture, "JPEG2000")
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << /XObject << /P 6 0 R >> >> >>"
    )
    words, data = b"595 0 0 842 0 0 cm /P Do", picture.getvalue()
    head = b"<< /Type /XObject /Subtype /Image /Width 300 /Height 400 /Filter /JPXDecode /Length %d >>" % len(data)
    parts = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>", FONT, page]
    parts += [_stream(b"<< /Length %d >>" % len(words), words), _stream(head, data)]
    return _bound(parts)


def _stream(head: bytes, body: bytes) -> bytes:
    return head + b"\nstream\n" + body + b"\nendstream"


def _bound(parts: list[bytes]) -> bytes:
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(parts) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    return body + head + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
