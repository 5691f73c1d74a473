#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Fingerprints of many models on a Ray cluster.

`plan` divides a list of models into shards, `run` has them done: by the program, placed and begun again by Ray. A sweep that
was broken off goes on where it stopped. See docs/scale.md.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import ray

import plan
import summary
import work
from plan import Shard, Task, Unplanned
from summary import Row
from work import Result, Settings

GIB = 1 << 30


def main(given: list[str] | None = None) -> int:
    """Runs the command; 0 if every model has its fingerprint, 1 if one has not, 2 if nothing could be begun."""
    arguments = parser().parse_args(given)
    if arguments.command == "plan":
        return run_plan(arguments)
    return run_sweep(arguments)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(description="Fingerprints of many models on a Ray cluster")
    commands = top.add_subparsers(dest="command", required=True)
    planning = commands.add_parser("plan", help="divide a list of models into shards of work")
    planning.add_argument("models", type=Path, help="a source a line, or a name, a tab, and a source")
    planning.add_argument("--manifest", type=Path, required=True, help="where the shards are written, as JSON Lines")
    planning.add_argument("--table", type=Path, help="write them also as a table for shells (Kubernetes)")
    planning.add_argument("--part-bytes", type=int, default=16 * GIB, help="divide larger models (default 16 GiB)")
    planning.add_argument("--batch-bytes", type=int, default=4 * GIB, help="put smaller ones together (default 4 GiB)")
    planning.add_argument("--online", action="store_true", help="list models that are given by URL")
    running = commands.add_parser("run", help="do the work of a manifest")
    running.add_argument("manifest", type=Path)
    running.add_argument("--output", type=Path, required=True, help="a folder that every node sees")
    running.add_argument("--program", default="forebear", help="the program, on every node (default: forebear)")
    running.add_argument("--detail", choices=("lite", "base", "full"), default="full", help="how much is kept")
    running.add_argument("--time-limit", type=float, default=3600, help="seconds for a model or a part (default 3600)")
    running.add_argument("--cores", type=int, default=1, help="cores of a task (default 1)")
    running.add_argument("--max-retries", type=int, default=3, help="how often a shard of a lost worker is begun again")
    running.add_argument("--address", help="a cluster, such as auto or ray://head:10001 (default: two workers here)")
    running.add_argument("--workers", type=int, default=2, help="workers, if there is no cluster (default 2)")
    running.add_argument("--online", action="store_true", help="let the program read URLs")
    return top


def run_plan(arguments: argparse.Namespace) -> int:
    """Plans a sweep."""
    try:
        listed = list(plan.models(arguments.models))
    except OSError as error:
        print(f"{arguments.models} cannot be read: {error}", file=sys.stderr)
        return 2
    shards, unplanned = plan.plan(
        listed, part_bytes=arguments.part_bytes, batch_bytes=arguments.batch_bytes, online=arguments.online
    )
    plan.write(arguments.manifest, shards, unplanned)
    if arguments.table:
        plan.write_table(arguments.table, shards)
    tasks = [task for shard in shards for task in shard.tasks]
    print(
        f"{work.counted(len(listed), 'model')}, {sum(task.bytes for task in tasks)} bytes: "
        f"{work.counted(len(tasks), 'task')} in {work.counted(len(shards), 'shard')}, "
        f"{len(unplanned)} cannot be planned"
    )
    for one in unplanned:
        print(f"not planned: {work.printable(one.model)}: {work.printable(one.error)}", file=sys.stderr)
    return 1 if unplanned else 0


def run_sweep(arguments: argparse.Namespace) -> int:
    """Runs a manifest."""
    program = shutil.which(arguments.program)
    if program is None:
        print(f"{arguments.program} is not there; install forebear, or give --program", file=sys.stderr)
        return 2
    version = subprocess.run([program, "--version"], capture_output=True, check=True, text=True, timeout=60).stdout
    shards, unplanned = plan.read(arguments.manifest)
    settings = Settings(
        program=str(Path(program).absolute()),
        version=version.strip(),
        output=str(arguments.output.absolute()),
        time_limit=arguments.time_limit,
        cores=arguments.cores,
        detail=arguments.detail,
        online=arguments.online,
    )
    if not ray.is_initialized():
        where = {"address": arguments.address} if arguments.address else {"num_cpus": arguments.workers * arguments.cores}
        ray.init(**where, log_to_driver=False)
    rows = sweep(shards, unplanned, settings, arguments.max_retries)
    summary.write(rows, arguments.output / "summary.parquet")
    summary.show(rows)
    return 1 if any(row.status == "failed" for row in rows) else 0


@dataclass
class Model:
    """What is known of a model while the sweep runs."""

    name: str
    source: str
    tasks: list[Task] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    merged: Result | None = None

    def key(self) -> str:
        """The key of its fingerprint."""
        return self.tasks[0].whole


def sweep(shards: list[Shard], unplanned: list[Unplanned], settings: Settings, max_retries: int) -> list[Row]:
    """Has all shards done, and each divided model merged as soon as its parts are there."""
    for module in (plan, work):
        # Workers on other nodes have no copy of these files.
        ray.cloudpickle.register_pickle_by_value(module)

    def do(tasks: list[Task]) -> list[Result]:
        return [work.fingerprint(task, settings) for task in tasks]

    def join(key: str, parts: list[str]) -> list[Result]:
        return [work.merge(key, parts, settings)]

    # A worker or node that is lost is Ray's to notice; the shard begins again elsewhere and keeps what is done.
    do_shard = ray.remote(num_cpus=settings.cores, max_retries=max_retries)(do)
    do_merge = ray.remote(num_cpus=1, max_retries=max_retries)(join)

    models: dict[tuple[str, str], Model] = {}
    # The same files may be listed under two names.
    of_task: dict[str, list[Model]] = defaultdict(list)
    for shard in shards:
        for task in shard.tasks:
            model = models.setdefault((task.model, task.source), Model(task.model, task.source))
            model.tasks.append(task)
            of_task[task.key].append(model)

    # Kept is what was there before; a lost worker may have done some of this sweep's work.
    there = {key for key in of_task if work.record_of(settings, key).is_file()}
    progress = Progress(len(shards))
    # What each reference stands for: the keys of its tasks, and the model whose merge it is.
    pending: dict[ray.ObjectRef[list[Result]], tuple[list[str], Model | None]] = {}
    for shard in shards:
        pending[do_shard.remote(shard.tasks)] = ([task.key for task in shard.tasks], None)
    while pending:
        ready, _ = ray.wait(list(pending), num_returns=1)
        for reference in ready:
            keys, merged = pending.pop(reference)
            try:
                results = ray.get(reference)
            except ray.exceptions.RayError as error:
                # Of an error in a worker, what it was; of a lost worker or node, what Ray says.
                cause = getattr(error, "cause", None) or error
                told = work.printable(f"{type(cause).__name__}: {cause}")[: work.LONGEST_MESSAGE]
                results = [Result(key, "failed", error=told) for key in keys]
            if merged is not None:
                merged.merged = results[0]
                continue
            progress.add(results)
            for result in results:
                for model in of_task[result.key]:
                    model.results[result.key] = result
            touched = {id(model): model for result in results for model in of_task[result.key]}
            for model in touched.values():
                whole = len(model.results) == len(model.tasks) > 1
                if whole and all(result.status != "failed" for result in model.results.values()):
                    parts = [task.key for task in model.tasks]
                    pending[do_merge.remote(model.key(), parts)] = ([model.key()], model)
    rows = [row(model, settings, there) for model in models.values()]
    return rows + [Row(one.model, one.source, "failed", error=work.printable(one.error)) for one in unplanned]


def row(model: Model, settings: Settings, there: set[str]) -> Row:
    """What came of a model."""
    results = [model.results[task.key] for task in model.tasks]
    if model.merged is not None:
        results.append(model.merged)
    last = results[-1]
    failed = [result for result in results if result.status == "failed"]
    merged_now = model.merged is not None and model.merged.status == "done"
    kept = there.issuperset(task.key for task in model.tasks) and not merged_now
    status = "failed" if failed else "kept" if kept else "done"
    keys = {result.key for result in results}
    return Row(
        model=model.name,
        source=model.source,
        status=status,
        digest="" if failed else last.digest,
        # A merge reads parts, not the model.
        bytes=sum(model.results[task.key].bytes for task in model.tasks),
        seconds=sum(result.seconds for result in results),
        peak_rss=max(result.peak_rss for result in results),
        parts=len(model.tasks),
        retries=sum(max(work.starts(settings, key) - 1, 0) for key in sorted(keys)),
        fingerprint="" if failed else str(work.file_of(settings, model.key()).relative_to(settings.output)),
        error="; ".join(result.error for result in failed)[: work.LONGEST_MESSAGE],
    )


class Progress:
    """Says how far the sweep is: a line when a tenth more is done, or a shard failed."""

    def __init__(self, shards: int) -> None:
        self.shards = shards
        self.done = 0
        self.bytes = 0
        self.said = 0
        self.started = time.monotonic()

    def add(self, results: list[Result]) -> None:
        """One more shard is done."""
        self.done += 1
        self.bytes += sum(result.bytes for result in results if result.status == "done")
        failed = sum(result.status == "failed" for result in results)
        tenth = 10 * self.done // self.shards
        if tenth > self.said or failed:
            self.said = tenth
            seconds = time.monotonic() - self.started
            also = f", {failed} of its tasks failed" if failed else ""
            print(
                f"{seconds:7.1f} s  {self.done} of {work.counted(self.shards, 'shard')}, {self.bytes} bytes{also}",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())
