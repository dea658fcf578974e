"""What the OpenAPI file says of the addresses of asgi_workers/files.py, which Django never sees."""

import re
from typing import Any

STATUSES = {
    "200": "The bytes",
    "206": "The range that was asked for",
    "304": "The reader has them (If-None-Match)",
    "401": "Not logged in",
    "404": "There is no such file, or not yet",
    "410": "Past its retention",
    "416": "The range lies outside the file",
    "503": "Storage and cache are away: Retry-After",
}


def _reading(path: str, name: str, text: str, *, is_open: bool = False) -> dict[str, Any]:
    parameters = [
        {"in": "path", "name": word, "required": True, "schema": {"type": "string"}}
        for word in re.findall(r"\{(\w+)\}", path)
    ]
    statuses = {status: words for status, words in STATUSES.items() if not is_open or status != "401"}
    methods = {}
    for method in ("get", "head"):
        methods[method] = {
            "operationId": f"files_{name}_{method}",
            "summary": name.capitalize(),
            "description": text,
            "tags": ["files"],
            "parameters": parameters,
            "responses": {status: {"description": words} for status, words in statuses.items()},
        }
    return {path: methods}


PATHS: dict[str, Any] = {
    **_reading(
        "/media/{media_hash}",
        "media",
        "The file for a gateway, by its unguessable hash; never a redirect. Query parameters count for nothing.",
        is_open=True,
    ),
    **_reading(
        "/api/chat/attachments/{attachment_id}/download/", "download", "The file itself, whole or a range of it."
    ),
    **_reading("/api/chat/attachments/{attachment_id}/thumbnail/", "thumbnail", "A small picture of it."),
    **_reading(
        "/api/chat/attachments/{attachment_id}/renditions/{name}",
        "rendition",
        "The same picture or sound in a form that every browser takes: jpeg, aac, poster.",
    ),
}
