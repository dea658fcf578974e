"""The README's table of variables and the settings name the same ones."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
READ = re.compile(r'env\.[a-z]+\(\s*"([A-Z0-9_]+)"')


def test_every_variable_that_is_read_is_in_the_readme_and_no_other() -> None:
    read = set(READ.findall((ROOT / "backend/settings.py").read_text()))
    section = (ROOT / "README.md").read_text().partition("## Every variable")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]

    assert {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)} == read
