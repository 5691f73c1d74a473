# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Stacks of a running program, by source file.

In: a command and its binary, which has line tables. Out: stacks with the files and functions they are in, inlined ones
among them; perf takes them, addr2line names them.
"""

import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .measure import Command, Failed, once

FREQUENCY = 997
# Bytes of stack that are kept of each sample; optimized code keeps no frame pointers.
STACK = 32_768


@dataclass(frozen=True)
class Frame:
    """One function on a stack; `file` is the source file, or empty where it is not known."""

    function: str
    file: str


# Outermost first.
Stack = tuple[Frame, ...]


def record(command: Command, binary: Path, data: Path) -> list[Stack]:
    """Runs a command under perf and reads what it saw."""
    for program in ("perf", "addr2line"):
        if not shutil.which(program):
            raise Failed(f"{program} is not installed: apt-get install linux-perf binutils")
    graph = ["--call-graph", f"dwarf,{STACK}"]
    words = ["perf", "record", "--quiet", "--freq", str(FREQUENCY), *graph, "--output", data, "--", *command.words]
    once(Command(words, command.folder, command.environment, command.accepted))
    text = data.with_suffix(".txt")
    once(Command(["perf", "script", "--input", data, "--no-inline", "-F", "tid,ip,sym,dso"]), output=text)
    with text.open(errors="replace") as lines:
        samples = list(_samples(lines))
    # A copy of the stack of every sample: large, and read.
    data.unlink()
    text.unlink()
    found = _named(samples, binary)
    if not found:
        raise Failed("perf saw nothing: is it allowed to? (/proc/sys/kernel/perf_event_paranoid)")
    return found


# Innermost first: address, symbol, shared object.
Sample = list[tuple[int, str, str]]
FRAME = re.compile(r"\s+([0-9a-f]+) (.*) \((.*)\)$")


def _samples(lines: Iterator[str]) -> Iterator[Sample]:
    sample: Sample = []
    for line in lines:
        if found := FRAME.match(line):
            sample.append((int(found[1], 16), found[2], found[3]))
        elif not line.strip() and sample:
            yield sample
            sample = []
    if sample:
        yield sample


def _named(samples: list[Sample], binary: Path) -> list[Stack]:
    move = _file_to_memory(binary)
    here = str(binary)

    def place(at: int, address: int) -> int:
        # All but the innermost address are those to return to: the call is before them.
        return move(address) - (1 if at else 0)

    asked = {place(at, ip) for sample in samples for at, (ip, _, dso) in enumerate(sample) if dso == here}
    known = _lines(binary, sorted(asked))
    stacks = []
    for sample in samples:
        frames: list[Frame] = []
        for at, (ip, symbol, dso) in enumerate(sample):
            outside = Frame(symbol if dso != "[kernel.kallsyms]" else f"[{symbol}]", "")
            frames += known.get(place(at, ip), [outside]) if dso == here else [outside]
        stacks.append(tuple(reversed(frames)))
    return stacks


def _lines(binary: Path, addresses: list[int]) -> dict[int, list[Frame]]:
    """Functions and files at addresses of a binary, innermost first."""
    text = "\n".join(hex(address) for address in addresses)
    words = ["addr2line", "-a", "-f", "-i", "-C", "-e", str(binary)]
    done = subprocess.run(words, input=text, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise Failed(f"addr2line failed: {done.stderr.strip()[-300:]}")
    found: dict[int, list[Frame]] = {}
    frames: list[Frame] = []
    lines = iter(done.stdout.splitlines())
    for line in lines:
        if re.fullmatch(r"0x[0-9a-f]+", line):
            frames = found.setdefault(int(line, 16), [])
        else:
            file = next(lines, "").rsplit(":", 1)[0]
            frames.append(Frame(line, "" if file == "??" else file))
    return found


def _file_to_memory(binary: Path) -> Callable[[int], int]:
    """perf counts user addresses from the start of the file, line tables from where its parts are loaded."""
    with binary.open("rb") as file:
        head = file.read(64)
        if head[:6] != b"\x7fELF\x02\x01":
            raise Failed(f"{binary} is no 64-bit little-endian ELF program")
        (table,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        file.seek(table)
        entries = [file.read(size) for _ in range(count)]
    parts = []
    for entry in entries:
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", entry)
        if kind == 1:  # PT_LOAD
            parts.append((offset, length, address - offset))

    def move(offset: int) -> int:
        for begin, length, shift in parts:
            if begin <= offset < begin + length:
                return offset + shift
        return offset

    return move
