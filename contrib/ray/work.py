# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""One task -> one file, once.

In: a task of the manifest, and a folder that all workers share. Out: a fingerprint, or a part of one, under the task's key,
and beside it a record of what it cost. A task whose files are there is not done again. The program does the work; nothing
here reads a weight.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from plan import Task

LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Settings:
    """How the program is called."""

    program: str
    # What `--version` says: results of another version are not taken for those of this one.
    version: str
    output: str
    time_limit: float
    # Cores that a task has; the program takes all of a machine unless it is told.
    cores: int = 1
    detail: str = "full"
    online: bool = False


@dataclass(frozen=True)
class Result:
    """What came of a task."""

    key: str
    status: str  # done, kept (it was there), failed
    digest: str = ""
    bytes: int = 0
    seconds: float = 0.0
    peak_rss: int = 0
    error: str = ""


def fingerprint(task: Task, settings: Settings) -> Result:
    """Makes the fingerprint, or the part, that a task asks for."""
    if task.parts > 1:
        share = ["--part", f"{task.part}/{task.parts}"]
    else:
        share = ["--detail", settings.detail]
    return once(task.key, share, [task.source], settings)


def merge(key: str, parts: list[str], settings: Settings) -> Result:
    """Makes a fingerprint of its parts, given by their keys."""
    files = [str(file_of(settings, part)) for part in parts]
    return once(key, ["--merge-parts", "--detail", settings.detail], files, settings)


def file_of(settings: Settings, key: str) -> Path:
    """Where the file of a key is."""
    kind = "".join(c if c.isalnum() or c in ".-" else "-" for c in f"{settings.version}-{settings.detail}")
    return Path(settings.output) / kind / key[:2] / key


def record_of(settings: Settings, key: str) -> Path:
    """Where the record of a key is. It is written last: what has one is whole."""
    return file_of(settings, key).with_suffix(".json")


def starts(settings: Settings, key: str) -> int:
    """How often a task was begun."""
    return len(list((Path(settings.output) / "starts" / key[:2]).glob(f"{key}.*")))


def once(key: str, options: list[str], paths: list[str], settings: Settings) -> Result:
    """Calls the program, unless its result is there."""
    file, record = file_of(settings, key), record_of(settings, key)
    if record.is_file() and file.is_file():
        return replace(Result(**json.loads(record.read_text(encoding="utf-8"))), status="kept")
    file.parent.mkdir(parents=True, exist_ok=True)
    begun = Path(settings.output) / "starts" / key[:2]
    begun.mkdir(parents=True, exist_ok=True)
    # What a killed worker leaves in it may be deleted when no sweep runs.
    unfinished = Path(settings.output) / "unfinished"
    unfinished.mkdir(exist_ok=True)
    # Two workers may do the same task, if one is taken for dead: each writes under a name of its own.
    name = f"{key}.{uuid.uuid4().hex}"
    (begun / name).touch()
    beside = unfinished / name
    call = [settings.program, "fingerprint", *options, "--save", str(beside), "--format", "json", "--quiet"]
    if settings.online:
        call.append("--online")
    call += ["--", *paths]
    try:
        result = called(key, call, settings)
        if result.status == "done":
            beside.replace(file)
            kept = unfinished / f"{name}.json"
            kept.write_text(json.dumps(asdict(result)), encoding="utf-8")
            kept.replace(record)
        return result
    except OSError as error:
        return Result(key, "failed", error=f"{type(error).__name__}: {error}")
    finally:
        beside.unlink(missing_ok=True)


def called(key: str, call: list[str], settings: Settings) -> Result:
    """Runs the program within a time limit, and says what it cost."""
    started = time.monotonic()
    environment = {**os.environ, "RAYON_NUM_THREADS": str(settings.cores)}
    error = ""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        peak_rss = 0
        with subprocess.Popen(call, stdin=subprocess.DEVNULL, stdout=said, stderr=complained, env=environment) as process:
            while process.poll() is None:
                peak_rss = max(peak_rss, high_water(process.pid))
                if not error and time.monotonic() - started > settings.time_limit:
                    error = f"it took longer than {settings.time_limit:g} s"
                    process.kill()
                time.sleep(0.02)
        seconds = time.monotonic() - started
        for file in (said, complained):
            file.seek(0)
        if process.returncode != 0:
            told = complained.read(LONGEST_MESSAGE).decode("utf-8", "replace")
            error = error or printable(told) or f"exit code {process.returncode}"
            return Result(key, "failed", seconds=seconds, peak_rss=peak_rss, error=error)
        report = json.load(said)
    return Result(key, "done", report.get("sha256", ""), report["bytes_read"], seconds, peak_rss)


def high_water(pid: int) -> int:
    """Most memory that a process has had so far; 0 where the system does not tell.

    What wait4 tells is no less than what its parent had when it was started.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def printable(text: str) -> str:
    """One line without control characters: what a model's files are called is not for a terminal to obey."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in text).split())


def counted(count: int, one: str) -> str:
    """A number with its noun."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"
