"""What benchmarks measure with: laps, the machine's own speed, memory."""

import contextlib
import functools
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from ganrs_jax.training.lanes import cores

_MATMUL, _COPIED, _REPEATS = 2048, 1 << 26, 5
_TIMES_ON_ACCELERATORS = 4  # which would be done with less before the next program is launched
_LOADED = time.monotonic()
_COMPILING = "/jax/core/compile/"  # events of tracing, lowering and compiling, or fetching what was compiled before
_seconds_compiling: list[float] = []
_earlier_peaks = [0]  # MiB, before the last `fresh_peak`


def _on_duration(event: str, duration_secs: float, **_: object) -> None:
    if event.startswith(_COMPILING):
        _seconds_compiling.append(duration_secs)


jax.monitoring.register_event_duration_secs_listener(_on_duration)


def compile_seconds() -> float:
    """What programs have taken to be made, or fetched, in this process so far, all threads together."""
    return sum(_seconds_compiling)


class Laps:
    """Seconds by stage: each call ends the lap that began with the one before."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._mark = time.monotonic()

    def __call__(self, stage: str) -> None:
        now = time.monotonic()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._mark
        self._mark = now

    def reporting(self, report: Callable[..., None]) -> Callable[..., None]:
        """A report that ends a lap too, by the first word of the stage."""

        def reported(stage: str, done: int, total: int, metrics: object) -> None:
            report(stage, done, total, metrics)
            self(stage.partition(",")[0].partition(" (")[0])

        return reported


def stages(first: Mapping[str, float], steady: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """By stage: seconds with compilation, without, and the difference."""
    return {
        name: {"first_s": first[name], "steady_s": steady[name], "compile_s": max(0.0, first[name] - steady[name])}
        for name in first
        if name in steady
    }


@functools.cache
def machine() -> dict[str, Any]:
    """The device and what it can do: floating-point operations of a matrix product, bytes of a copy, a second."""
    device = jax.devices()[0]
    more = 1 if device.platform == "cpu" else _TIMES_ON_ACCELERATORS
    side, copied_floats = more * _MATMUL, more * _COPIED
    x, y = jnp.ones((side, side)), jnp.ones(copied_floats)
    name = device.device_kind
    if device.platform == "cpu":
        name = platform.processor() or platform.machine()
        with contextlib.suppress(OSError, StopIteration):
            lines = Path("/proc/cpuinfo").read_text().splitlines()
            name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    product, copied = jax.jit(lambda x: x @ x), jax.jit(lambda y: y + 1)
    return {
        "device": f"{device.platform}: {name}",
        "devices": jax.device_count(),
        "cores": cores(),
        "matmul_flops": 2 * side**3 / best_of(functools.partial(product, x)),
        "copy_bytes": 2 * y.nbytes / best_of(functools.partial(copied, y)),
    }


def best_of(run: Callable[[], object], repeats: int = _REPEATS) -> float:
    """The least seconds of some runs, after one that compiles."""
    jax.block_until_ready(run())
    times = []
    for _ in range(repeats):
        begin = time.monotonic()
        jax.block_until_ready(run())
        times.append(time.monotonic() - begin)
    return min(times)


def peak_memory_mib() -> int:
    """Of this process so far."""
    return max(*_earlier_peaks, recent_peak_mib())


def fresh_peak() -> None:
    """Begins `recent_peak_mib` anew, with what is in use now; only Linux can."""
    _earlier_peaks[0] = peak_memory_mib()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def recent_peak_mib() -> int:
    """Since `fresh_peak`, or, where the system keeps no such figure, since the process began."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1 << 20)


def device_peak_mib() -> int | None:
    """Of the device that has used most of its own memory in this process so far; None where it keeps no such figure."""
    held = [(device.memory_stats() or {}).get("peak_bytes_in_use") for device in jax.local_devices()]
    peaks = [peak for peak in held if peak is not None]
    return max(peaks) >> 20 if peaks else None


def process_seconds() -> float:
    """Seconds since this process began; where the system does not tell, since this module was loaded."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        return time.monotonic() - _LOADED
