"""A bounded channel from a background thread."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Pipe(Generic[T]):
    """
    Runs `make()` in a thread, at most `depth` of its values ahead of the reader. Iterate it once; an error of `make` is raised where its next
    value would come. `close` ends the thread; it is called at the end, and when the reader is dropped.
    """

    def __init__(self, make: Callable[[], Iterator[T]], depth: int) -> None:
        self._make = make
        self._depth = depth
        self._ready: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = self._ended = False
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="exemplar-rows", daemon=True).start()

    def __iter__(self) -> Iterator[T]:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._ready or self._ended)
                    if not self._ready:
                        break
                    value = self._ready.popleft()
                    self._changed.notify_all()
                yield value
            if self._error is not None:
                raise self._error
        finally:
            self.close()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        values: Iterator[T] | None = None
        try:
            values = self._make()
            for value in values:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or len(self._ready) < self._depth)
                    if self._closed:
                        break
                    self._ready.append(value)
                    self._changed.notify_all()
        except BaseException as error:
            self._error = error
        finally:
            del values  # a generator so ends, and what it started
            with self._changed:
                self._ended = True
                self._changed.notify_all()
