"""Makes items in a thread before they are asked for."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def ahead(items: Iterator[T], most: int) -> Iterator[Iterator[T]]:
    """Yield the same items in their order, of which so many at most are made before their turn.

    The thread begins at once; an error in making an item is raised when it is asked for.
    """
    thread = ThreadPoolExecutor(1)
    end = object()
    waiting = deque(thread.submit(next, items, end) for _ in range(most))

    def taken() -> Iterator[T]:
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, items, end))
            yield item  # type: ignore[misc]  # all but the end is an item

    try:
        yield taken()
    finally:
        thread.shutdown(cancel_futures=True)
