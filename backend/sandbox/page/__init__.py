"""The phone in the browser: plain files, no build."""

from pathlib import Path

PAGE_DIR = Path(__file__).parent
