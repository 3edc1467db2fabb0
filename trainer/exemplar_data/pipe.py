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

    A full channel is filled again once half of it was read: a reader then takes most values without a lock or a thread woken
    (`deque.popleft` is atomic), which a consumer of 1 ms a value would notice.
    """

    def __init__(self, make: Callable[[], Iterator[T]], depth: int) -> None:
        self._make = make
        self._depth = depth
        self._low = depth // 2
        self._ready: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = self._ended = False
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="exemplar-rows", daemon=True).start()

    def __iter__(self) -> Iterator[T]:
        try:
            while True:
                try:
                    value = self._ready.popleft()
                except IndexError:
                    with self._changed:
                        self._changed.wait_for(lambda: self._ready or self._ended)
                    if self._ready:
                        continue
                    break
                if len(self._ready) == self._low:
                    with self._changed:
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
                    if len(self._ready) >= self._depth:
                        self._changed.wait_for(lambda: self._closed or len(self._ready) <= self._low)
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
