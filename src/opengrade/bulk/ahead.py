"""Works on items in a thread before their results are asked for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def ahead(work: Callable[[T], R], items: Iterable[T], most: int) -> Iterator[Iterator[R]]:
    """Yield the results in the order of the items, of which so many at most are worked on before their turn.

    The thread begins at once; an error of the work is raised when its result is asked for.
    """
    thread = ThreadPoolExecutor(1)
    left = iter(items)
    waiting = deque(thread.submit(work, each) for each in islice(left, most))

    def taken() -> Iterator[R]:
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(thread.submit(work, each) for each in islice(left, 1))

    try:
        yield taken()
    finally:
        thread.shutdown(cancel_futures=True)
