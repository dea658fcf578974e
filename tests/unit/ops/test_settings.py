"""What the environment says reaches the parts that it is about, or stops the start with its name."""

from typing import Any

import pytest

from backend import settings
from backend.lib.env import WrongSetting


def options(query: str) -> dict[str, Any]:
    found: dict[str, Any] = settings._database(f"postgresql://ana:s%40lt@db.example:5433/chat{query}")["OPTIONS"]
    return found


def test_a_database_address_is_taken_apart() -> None:
    found = settings._database("postgresql://ana:s%40lt@db.example:5433/chat")
    assert [found[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "ana", "s@lt", "db.example", 5433, "chat",
    ]  # fmt: skip


def test_the_query_of_a_database_address_goes_to_the_driver() -> None:
    assert options("?sslmode=require&connect_timeout=2")["sslmode"] == "require"
    assert options("?connect_timeout=2")["connect_timeout"] == "2"


def test_statements_are_prepared_unless_a_pooler_forbids_it() -> None:
    assert options("")["prepare_threshold"] == 5
    assert options("?prepare_threshold=none")["prepare_threshold"] is None


@pytest.mark.parametrize("url", ["mysql://a@b/c", "postgresql://a@b/c?prepare_threshold=often"])
def test_a_wrong_database_address_stops_the_start(url: str) -> None:
    with pytest.raises(WrongSetting, match="DATABASE_URL"):
        settings._database(url)
