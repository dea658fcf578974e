"""Sixty sends while the gateway hangs after accepting and the server is killed: each reaches the phone exactly once."""

from tests.journeys.sends import storm
from tests.journeys.stage import Stage


def test_every_message_arrives_once_and_in_order(stage: Stage) -> None:
    outcome = storm(stage, count=60, kills=1)

    assert outcome.unfinished == []
    assert outcome.twice == []
    assert outcome.missing == set()
    assert outcome.uncertain == set(), "the gateway had a record of every one of them"
    assert outcome.out_of_order == []
