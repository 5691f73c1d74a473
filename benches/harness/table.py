# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Rows with their targets, and the table they make.

In: measured medians. Out: Markdown, and whether everything that was measured holds.
"""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from .measure import Failed, Sample


@dataclass(frozen=True)
class Row:
    """One line: what was measured against what, and whether its target holds; `None`: it was not measured."""

    what: str
    against: str
    ours: str
    theirs: str
    ratio: str
    target: str
    holds: bool | None
    remark: str = ""


@dataclass(frozen=True)
class AtMost:
    """Wall time of at most `limit` times another's, and `grace` seconds."""

    limit: float
    grace: float = 0.0

    def __str__(self) -> str:
        return f"≤ {self.limit:g} ×" + (f" + {self.grace * 1000:.0f} ms" if self.grace else "")

    def row(self, what: str, against: str, ours: Sample, theirs: Sample) -> Row:
        """What was measured beside this target."""
        holds = ours.wall <= self.limit * theirs.wall + self.grace
        ratio = f"{ours.wall / theirs.wall:.2f} ×"
        return Row(what, against, seconds(ours), seconds(theirs), ratio, str(self), holds)


@dataclass(frozen=True)
class Faster:
    """More than as fast as another, and at least `factor` times."""

    factor: float = 1.0

    def __str__(self) -> str:
        return f"≥ {self.factor:g} × as fast" if self.factor > 1 else "faster"

    def row(self, what: str, against: str, ours: Sample, theirs: Sample) -> Row:
        """What was measured beside this target."""
        ratio = theirs.wall / ours.wall
        holds = ratio >= self.factor and ratio > 1
        return Row(what, against, seconds(ours), seconds(theirs), f"{ratio:.1f} × as fast", str(self), holds)


MEMORY = "≤ 2 × + 256 MiB"


def memory(what: str, ours: Sample, largest: int) -> Row:
    """Peak memory of at most twice the largest tensor, decoded, and 256 MiB."""
    limit = 2 * largest + (256 << 20)
    return Row(
        f"peak memory, {what}",
        "the largest tensor, decoded to f32",
        mebibytes(ours.peak),
        mebibytes(largest),
        f"{ours.peak / largest:.2f} ×",
        f"{MEMORY} = {mebibytes(limit)}",
        ours.peak <= limit,
    )


def missing(what: str, against: str, target: AtMost | Faster | str, reason: Exception | str) -> Row:
    """A row that was not measured, and why."""
    return Row(what, against, "", "", "", str(target), None, str(reason))


def seconds(sample: Sample) -> str:
    """Wall and CPU time."""
    return f"{_digits(sample.wall)} ({_digits(sample.cpu)} CPU)"


def _digits(number: float) -> str:
    """Two digits or three: seconds, or milliseconds for what is short."""
    return f"{number:.2f} s" if number >= 1 else f"{number * 1000:.0f} ms"


def mebibytes(count: int) -> str:
    """Memory."""
    return f"{count / (1 << 20):.0f} MiB"


def markdown(rows: list[Row]) -> str:
    """The table, and below it what was not measured."""
    lines = ["| what | against | forebear | the other | ratio | target | holds |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        holds = {True: "yes", False: "**no**", None: "not measured"}[row.holds]
        cells = (row.what, row.against, row.ours, row.theirs, row.ratio, row.target, holds)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    remarks = [f"- {row.what}, against {row.against}: {row.remark}" for row in rows if row.remark]
    if remarks:
        lines += ["", "Remarks:", "", *remarks]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """What it was measured on."""
    model, memory_total = platform.processor() or platform.machine(), ""
    for file, key in (("/proc/cpuinfo", "model name"), ("/proc/meminfo", "MemTotal")):
        try:
            lines = Path(file).read_text().splitlines()
        except OSError:
            continue
        found = [line.split(":", 1)[1].strip() for line in lines if line.startswith(key)]
        if found and key == "model name":
            model = found[0]
        elif found:
            memory_total = f", {int(found[0].split()[0]) / (1 << 20):.0f} GiB of memory"
    return f"{model}, {os.cpu_count()} processors{memory_total}, {platform.system()} {platform.release()}"


def versions(forebear: Path) -> str:
    """forebear, its commit, and openssl."""

    def first_line(*words: str | Path) -> str:
        try:
            done = subprocess.run(words, capture_output=True, text=True, cwd=Path(__file__).parent)
        except OSError:
            return ""
        return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else ""

    commit = first_line("git", "describe", "--always", "--dirty")
    found = [first_line(forebear, "--version"), f"commit {commit}" if commit else "", first_line("openssl", "version")]
    return "; ".join(part for part in found if part)


def as_json(rows: list[Row]) -> str:
    """The rows for other programs."""
    return json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False) + "\n"


def write_into(page: Path, name: str, text: str) -> None:
    """Replaces what stands between the two markers of a page."""
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    whole = page.read_text()
    if whole.count(begin) != 1 or whole.count(end) != 1 or whole.index(begin) > whole.index(end):
        raise Failed(f"{page} has no {begin} with an {end} after it")
    before, rest = whole.split(begin)
    after = rest.split(end)[1]
    partial = page.with_suffix(".partial")
    partial.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}")
    partial.rename(page)
