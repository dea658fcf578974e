"""`make check`: exceptions from the type checker are few, name what they allow, and say why."""

import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("backend", "asgi_workers", "tests")
ALLOWED = 15
EXCEPTION = re.compile(r"#\s*type:\s*ignore")
WITH_REASON = re.compile(r"#\s*type:\s*ignore\[[a-z-]+(?:,\s*[a-z-]+)*\]\s+#\s*\S.{5,}")


def exceptions() -> Iterator[tuple[str, str]]:
    """`(place, comment)` of each."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            with path.open("rb") as file:
                for token in tokenize.tokenize(file.readline):
                    if token.type == tokenize.COMMENT and EXCEPTION.search(token.string):
                        yield f"{path.relative_to(ROOT)}:{token.start[0]}", token.string


def main() -> int:
    found = list(exceptions())
    bare = [place for place, comment in found if not WITH_REASON.search(comment)]
    for place in bare:
        print(f"{place}: write `# type: ignore[code]  # why`")
    if len(found) > ALLOWED:
        print(f"{len(found)} exceptions from the type checker, {ALLOWED} are allowed:")
        print("\n".join(f"  {place}" for place, _ in found))
    return 1 if bare or len(found) > ALLOWED else 0


if __name__ == "__main__":
    sys.exit(main())
