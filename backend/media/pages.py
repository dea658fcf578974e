"""PDF: how many pages, and the first one as a picture. Runs in a decoder process only."""

from typing import Any

from backend.media.images import POSTER_SIDE, save_jpeg, save_thumbnail
from backend.media.verdict import Verdict

MAX_SCALE = 4.0


def leaf(request: dict[str, Any], verdict: Verdict) -> None:
    """A document that cannot be opened, or only with a password, is still a document: it gets a warning."""
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415  # most children never need it

    try:
        document = pypdfium2.PdfDocument(request["name"])
    except pypdfium2.PdfiumError as error:
        verdict.warnings.append("pdf_locked" if "password" in str(error).lower() else "pdf_unreadable")
        return
    with document:
        if not len(document):
            verdict.warnings.append("pdf_unreadable")
            return
        verdict.facts["pages"] = len(document)
        page = document[0]
        longest = max(page.get_width(), page.get_height(), 1.0)
        picture = page.render(scale=min(MAX_SCALE, POSTER_SIDE / longest), may_draw_forms=False).to_pil()
    save_jpeg(picture, verdict.output("poster"))
    save_thumbnail(picture, verdict)
