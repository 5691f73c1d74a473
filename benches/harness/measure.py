# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Runs programs and keeps what they cost.

In: named commands. Out: wall and CPU time, peak memory, and page faults of each, as the kernel counted them (`wait4`).
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class Failed(Exception):
    """A program that did not do what it was run for."""


@dataclass(frozen=True)
class Usage:
    """What one run cost. Seconds and bytes."""

    wall: float
    cpu: float
    peak: int
    faults: int


@dataclass(frozen=True)
class Command:
    """A program with its arguments, and the exit codes that mean that it did its work."""

    words: Sequence[str | Path]
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    accepted: Sequence[int] = (0,)


@dataclass(frozen=True)
class Sample:
    """Several runs of one command."""

    runs: Sequence[Usage]

    @property
    def wall(self) -> float:
        """Median wall time."""
        return statistics.median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """Median of user and system time."""
        return statistics.median(run.cpu for run in self.runs)

    @property
    def peak(self) -> int:
        """Largest resident memory of any run."""
        return max(run.peak for run in self.runs)

    @property
    def faults(self) -> int:
        """Largest number of page faults of any run."""
        return max(run.faults for run in self.runs)


def once(command: Command, output: Path | None = None) -> Usage:
    """Runs a command, its output to a file or away.

    A child begins with the peak of the process that starts it, so this process must stay small: it never holds more
    than some megabytes of a file.
    """
    words = [str(word) for word in command.words]
    with tempfile.TemporaryFile() as errors, Path(output or os.devnull).open("wb") as out:
        begin = time.perf_counter()
        child = subprocess.Popen(
            words, cwd=command.folder, env={**os.environ, **command.environment}, stdout=out, stderr=errors
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in command.accepted:
            errors.seek(0)
            tail = errors.read().decode(errors="replace").strip()[-2000:]
            raise Failed(f"{' '.join(words)} ended with {child.returncode}: {tail or 'no message'}")
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, usage.ru_minflt + usage.ru_majflt)


def interleaved(commands: Mapping[str, Command], runs: int, warm: int = 1) -> dict[str, Sample]:
    """Runs all commands in turn, first `warm` rounds that do not count.

    In turn, so that a machine that becomes slower becomes slower for all.
    """
    kept: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(warm + runs):
        for name, command in commands.items():
            usage = once(command)
            label = f"run {number - warm + 1} of {runs}" if number >= warm else "warm-up"
            say(f"  {name}, {label}: {usage.wall:.3f} s, {usage.cpu:.3f} s CPU, {usage.peak >> 20} MiB")
            if number >= warm:
                kept[name].append(usage)
    return {name: Sample(runs) for name, runs in kept.items()}


def say(text: str) -> None:
    """What is going on, for whoever waits; the results go to standard output."""
    print(text, file=sys.stderr, flush=True)
