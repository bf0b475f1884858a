"""Makes items in a thread before they are asked for."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def ahead(items: Iterator[T], most: int) -> Iterator[Iterator[T]]:
    """Yield the same items in their order, of which so many at most are made before their turn.

    The thread begins at once; an error in making an item is raised when it is asked for.
    """
    thread = ThreadPoolExecutor(1)
    waiting = deque(thread.submit(_first, items) for _ in range(most))

    def taken() -> Iterator[T]:
        while found := waiting.popleft().result():
            waiting.append(thread.submit(_first, items))
            yield from found

    try:
        yield taken()
    finally:
        thread.shutdown(cancel_futures=True)


def _first(items: Iterator[T]) -> list[T]:
    """Return the next item alone, or nothing at the end."""
    return list(islice(items, 1))
