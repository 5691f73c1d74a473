# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""What a sweep came to: a row a model, as Parquet and as a table for people."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from work import counted, printable

SCHEMA = pa.schema(
    [
        ("model", pa.string()),
        ("source", pa.string()),
        ("status", pa.string()),
        ("digest", pa.string()),
        ("bytes", pa.int64()),
        ("seconds", pa.float64()),
        ("peak_rss", pa.int64()),
        ("parts", pa.int32()),
        ("retries", pa.int32()),
        ("fingerprint", pa.string()),
        ("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class Row:
    """One model."""

    model: str
    source: str
    # done: made now; kept: it was there; failed: see the error.
    status: str
    # SHA-256 that names the model's content.
    digest: str = ""
    # Bytes read, of all parts together.
    bytes: int = 0
    # Seconds of work, of all parts and their merge together.
    seconds: float = 0.0
    peak_rss: int = 0
    parts: int = 0
    # Tasks begun more than once.
    retries: int = 0
    # File of the fingerprint, below the output folder.
    fingerprint: str = ""
    error: str = ""


def write(rows: list[Row], path: Path) -> None:
    """Writes the rows, in one step."""
    table = pa.Table.from_pylist([asdict(row) for row in rows], schema=SCHEMA)
    beside = path.with_name(f".{path.name}")
    pq.write_table(table, beside)
    beside.replace(path)


def show(rows: list[Row]) -> None:
    """Prints the rows, and what they come to."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("model", lambda row: printable(row.model)[-40:]),
        ("status", lambda row: row.status),
        ("digest", lambda row: row.digest[:12]),
        ("bytes", lambda row: str(row.bytes)),
        ("seconds", lambda row: f"{row.seconds:.1f}"),
        ("MiB", lambda row: f"{row.peak_rss / 2**20:.0f}"),
        ("parts", lambda row: str(row.parts)),
        ("retries", lambda row: str(row.retries)),
    ]
    lines = [[title for title, _ in columns], *([cell(row) for _, cell in columns] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        cells = [
            cell.ljust(width) if at < 3 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
    counts = {status: sum(row.status == status for row in rows) for status in ("done", "kept", "failed")}
    print(
        f"{counted(len(rows), 'model')}: {counts['done']} done, {counts['kept']} kept, {counts['failed']} failed; "
        f"{sum(row.bytes for row in rows)} bytes read in {sum(row.seconds for row in rows):.1f} s of work"
    )
    for row in rows:
        if row.error:
            print(f"failed: {printable(row.model)}: {row.error}", file=sys.stderr)
