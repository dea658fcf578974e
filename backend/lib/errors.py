"""The four ways our own code says no. Foreign exceptions become one of these at their adapter.

`code` is stable: the API carries it, the browser translates it, dashboards count it. `detail` is one English
sentence for a developer or an operator; it never holds a token, a whole phone number or a body.
"""


class ChatError(Exception):
    """Base of the four; `status` is what the HTTP surface answers."""

    status = 500

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail or code


class Missing(ChatError):
    """There is no such thing, or none that this caller may know of."""

    status = 404


class Refused(ChatError):
    """The caller is wrong; the same call again gets the same answer."""

    status = 422

    def __init__(self, code: str, detail: str = "", *, status: int = 422) -> None:
        super().__init__(code, detail)
        self.status = status


class Conflict(ChatError):
    """Someone was first, or the thing has moved on."""

    status = 409


class TryLater(ChatError):
    """The world is wrong: retried by whoever asked, no sooner than `after_seconds`."""

    status = 503

    def __init__(self, code: str, detail: str = "", *, after_seconds: float | None = None) -> None:
        super().__init__(code, detail)
        self.after_seconds = after_seconds
