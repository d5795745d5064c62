"""Results of a function in order, a few of them computed ahead by threads: XLA and numpy work beside one another."""

import collections
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import jax

Given = TypeVar("Given")
Result = TypeVar("Result")
_A_DEVICE = 2  # threads


def in_order(function: Callable[[Given], Result], values: Iterable[Given]) -> Iterator[Result]:
    """function(value) of each value, in order; at most three a device are held at a time.

    Every value goes to one device, the devices by turns; what is returned must not depend on which.
    """
    devices = jax.local_devices()
    threads = _A_DEVICE * len(devices)
    waiting: collections.deque[Future[Result]] = collections.deque()

    def on_device(number: int, value: Given) -> Result:
        with jax.default_device(devices[number % len(devices)]):
            return function(value)

    with ThreadPoolExecutor(threads) as pool:
        try:
            for number, value in enumerate(values):
                waiting.append(pool.submit(on_device, number, value))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
