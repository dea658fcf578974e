"""What a decoder process found out about one file: plain data, no imports, used on the hostile side only."""

from typing import Any


class Undecodable(Exception):
    """The file cannot be opened as what its first bytes say it is."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail[:200]


class Verdict:
    """Filled by one handler. `output` names a file to write a picture to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.facts: dict[str, Any] = {}
        self.outputs: list[str] = []
        self.warnings: list[str] = []
        self.error = ""
        self.detail = ""

    def output(self, output: str) -> str:
        self.outputs.append(output)
        return f"{self.name}.{output}"

    def answer(self) -> dict[str, Any]:
        return {
            "facts": self.facts,
            "outputs": self.outputs,
            "warnings": self.warnings[:8],
            "error": self.error,
            "detail": self.detail,
        }
