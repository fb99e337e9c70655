"""Time candidates against each other, one after the other in each round, so that a slow minute hits them all."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Timing:
    """Seconds of one candidate, round by round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))

    @property
    def spread(self) -> tuple[float, float]:
        """5th and 95th percentile."""
        low, high = np.percentile(self.seconds, [5, 95])
        return float(low), float(high)

    def times_faster_than(self, other: Timing) -> tuple[float, float, float]:
        """Median of the ratio other / this over the rounds, with its 5th and 95th percentile."""
        ratios = np.array(other.seconds) / np.array(self.seconds)
        low, median, high = np.percentile(ratios, [5, 50, 95])
        return float(median), float(low), float(high)


def interleaved(
    candidates: Mapping[str, Callable[[], object]], *, rounds: int, warmup: int = 2, turn: float = 0.5
) -> dict[str, Timing]:
    """Give each candidate a turn of `turn` seconds a round, at least one run; a turn's figure is its mean run.

    A run that is shorter than `turn` goes once uncounted first, so that what went before has not emptied its caches:
    it is not slower for the company of slow candidates. The first `warmup` rounds are not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(warmup + rounds):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            taken, runs = time.perf_counter() - start, 1
            if taken < turn:
                start, runs = time.perf_counter(), 0
                while (taken := time.perf_counter() - start) < turn or not runs:
                    run()
                    runs += 1
            if number >= warmup:
                seconds[name].append(taken / runs)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}


@dataclass(frozen=True)
class ProcessRun:
    """Wall time and peak resident memory of a child process."""

    seconds: float
    peak_mb: float


# A process starts with its parent's memory on its record. So the one that is measured is started by a small one.
_LAUNCHER = """
import json, os, subprocess, sys, time
start = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
seconds = time.perf_counter() - start
print(json.dumps([seconds, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)]))
"""


def run_process(command: Sequence[str | Path]) -> ProcessRun:
    """Run a command to its end; `SystemExit` with what it said when it fails."""
    launcher = [sys.executable, "-c", _LAUNCHER, *map(str, command)]
    done = subprocess.run(launcher, capture_output=True, text=True, check=True)
    seconds, peak_mb, exit_code = json.loads(done.stdout)
    if exit_code:
        raise SystemExit(f"{' '.join(map(str, command))} failed: {done.stderr.strip()[-500:]}")
    return ProcessRun(seconds, peak_mb)


def resident_mb(pid: int) -> float:
    """Resident memory of a running process (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def milliseconds(timing: Timing) -> str:
    low, high = (1000 * value for value in timing.spread)
    return f"{1000 * timing.median:.1f} [{low:.1f}, {high:.1f}]"


def ratio(timing: Timing, reference: Timing) -> str:
    median, low, high = timing.times_faster_than(reference)
    return f"{median:.1f} [{low:.1f}, {high:.1f}]"


def grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in [header, *rows]]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])
