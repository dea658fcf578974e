"""What was found is believed for seconds, what was not found never, and one asks for all."""

import asyncio

import pytest

from asgi_workers.remembered import Remembered


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Book:
    """Answers with what stands in it, and counts who looks."""

    def __init__(self, answer: str | Exception = "one") -> None:
        self.answer, self.looks = answer, 0
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def __call__(self) -> str:
        self.looks += 1
        await self.is_open.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> Remembered[str, str]:
    return Remembered(seconds=5, limit=3, clock=clock)


async def test_it_is_believed_for_five_seconds_and_no_longer(memory: Remembered[str, str], clock: Clock) -> None:
    book = Book()
    seen = []
    for clock.now in (0.0, 4.9, 5.1):
        seen.append(await memory.get("a", book))
        book.answer = "two"

    assert (seen, book.looks) == (["one", "one", "two"], 2)


async def test_the_seconds_begin_with_the_question(memory: Remembered[str, str], clock: Clock) -> None:
    """The answer may have been true only then."""
    book = Book()
    book.is_open.clear()
    asking = asyncio.create_task(memory.get("a", book))
    await asyncio.sleep(0.01)
    clock.now = 4.0
    book.is_open.set()
    await asking
    clock.now = 5.1
    await memory.get("a", book)

    assert book.looks == 2


async def test_what_was_refused_is_asked_again(memory: Remembered[str, str]) -> None:
    book = Book(LookupError("not yet"))
    with pytest.raises(LookupError):
        await memory.get("a", book)
    book.answer = "there"

    assert await memory.get("a", book) == "there"


async def test_one_asks_for_all_and_may_leave(memory: Remembered[str, str]) -> None:
    book = Book()
    book.is_open.clear()
    asking = [asyncio.create_task(memory.get("a", book)) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()
    book.is_open.set()

    assert await asyncio.gather(*asking[1:]) == ["one"] * 49
    assert book.looks == 1


async def test_only_so_many_are_remembered_and_the_oldest_goes(memory: Remembered[str, str]) -> None:
    for key in "abcd":
        await memory.get(key, Book(key))

    assert [memory.known(key) for key in "abcd"] == [None, "b", "c", "d"]


async def test_what_is_no_longer_so_can_be_forgotten(memory: Remembered[str, str]) -> None:
    for key in "abc":
        await memory.get(key, Book(key))
    memory.forget_if(lambda value: value == "b")

    assert [memory.known(key) for key in "abc"] == ["a", None, "c"]
