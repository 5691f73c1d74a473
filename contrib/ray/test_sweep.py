# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""A sweep that loses a worker process and a node half way finishes with the fingerprints of one machine.

In: the program, the demo models, and a folder to work in. Out: what happened, on stdout; an error if anything differs. Run by
contrib/ray/test.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pyarrow.parquet as pq
import ray
from ray._private.node import Node
from ray.cluster_utils import Cluster

import plan
import sweep

ROOT = Path(__file__).resolve().parents[2]
ONE = "data/demo/F1"
LARGE = ["tests/fixtures/zoo/F1-moe", "tests/fixtures/zoo/F1-hwide"]
MODELS = 12
BEFORE_THE_LOSS = 4
AT_WORK = 0.8  # seconds; a task takes longer than one

# Stands before the program: takes a second longer, so that a node is always lost in the middle of a task; and once kills
# the worker that called it, as the kernel does when memory runs out.
SLOW = """#!/bin/sh
case "$*" in
  *model-03) if mkdir "{marker}" 2>/dev/null; then kill -9 "$PPID"; fi ;;
esac
if [ "$1" = fingerprint ]; then sleep 1; fi
exec "{program}" "$@"
"""


def main() -> None:
    """Runs the test."""
    program, work = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    models = make_models(work / "models")
    listed = work / "models.tsv"
    listed.write_text("".join(f"{path.name}\t{path}\n" for path in models), encoding="utf-8")
    slow = work / "slow-forebear"
    slow.write_text(SLOW.format(marker=work / "killed", program=program), encoding="utf-8")
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)

    urls_are_planned()
    planned(listed, work)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    lost = cluster.add_node(num_cpus=1)
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    cluster.wait_for_nodes()
    try:
        rows = loses_a_node(cluster, lost, slow, work)
        same_as_one_machine(rows, program, work)
        again(slow, work)
        failures_are_rows(program, work)
    finally:
        ray.shutdown()
        cluster.shutdown()
    print("sweep: ok")


def make_models(folder: Path) -> list[Path]:
    """Twelve models that differ: two larger ones, and copies of one with some weights changed."""
    models = []
    for number in range(MODELS):
        model = folder / f"model-{number:02}"
        model.mkdir(parents=True)
        source = ROOT / (LARGE[number] if number < len(LARGE) else ONE)
        shutil.copy(source / "config.json", model)
        weights = bytearray((source / "model.safetensors").read_bytes())
        # Behind the header, the low byte of some numbers.
        start = 8 + int.from_bytes(weights[:8], "little") + number * 64
        for at in range(start, len(weights) - 2, 4096):
            weights[at] ^= number
        (model / "model.safetensors").write_bytes(weights)
        models.append(model)
    return models


class Hub(BaseHTTPRequestHandler):
    """A hub with one model."""

    def do_GET(self) -> None:
        """Answers the one question that is asked."""
        known = self.path == "/api/models/acme/orca/revision/refs%2Fpr%2F1?blobs=true"
        sizes = {"README.md": 9, "a/model.safetensors": 70, "b/model.safetensors": 30}
        files = [{"rfilename": name, "size": size} for name, size in sizes.items()]
        body = json.dumps({"sha": "f" * 40, "siblings": files} if known else {}).encode()
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def urls_are_planned() -> None:
    """A revision is pinned to its commit, and a folder of a repository has its files; signed URLs are refused."""
    server = HTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
    listed = [
        ("whole", "hf://acme/orca@refs%2Fpr%2F1"),
        ("below", "hf://acme/orca@refs%2Fpr%2F1/a/"),
        ("absent", "hf://acme/other"),
        ("signed", "https://example.org/model.safetensors?signature=secret"),
        ("plain", "https://example.org/model.safetensors"),
    ]
    shards, unplanned = plan.plan(listed, part_bytes=40, batch_bytes=40, online=True)
    server.shutdown()
    tasks = [task for shard in shards for task in shard.tasks]
    commit = "f" * 40
    assert [(task.model, task.source, task.part, task.parts) for task in tasks] == [
        *(("whole", f"hf://acme/orca@{commit}", part, 3) for part in (1, 2, 3)),
        *(("below", f"hf://acme/orca@{commit}/a/", part, 2) for part in (1, 2)),
        ("plain", "https://example.org/model.safetensors", 1, 1),
    ]
    assert [one.model for one in unplanned] == ["absent", "signed"]
    assert len({task.key for task in tasks}) == len(tasks)
    print("--- URLs are planned")


def planned(listed: Path, work: Path) -> None:
    """The larger models are divided, the smaller ones stand two by two."""
    small = (ROOT / ONE / "model.safetensors").stat().st_size
    limits = ["--part-bytes", str(small + 1), "--batch-bytes", str(2 * small + 1)]
    manifest = work / "manifest.jsonl"
    code = sweep.main(["plan", str(listed), "--manifest", str(manifest), "--table", str(work / "shards.tsv"), *limits])
    assert code == 0
    shards, _ = plan.read(manifest)
    tasks = [task for shard in shards for task in shard.tasks]
    assert {task.model for task in tasks} == {f"model-{number:02}" for number in range(MODELS)}
    assert any(task.parts > 1 for task in tasks), "no model is divided"
    assert any(len(shard.tasks) == 2 for shard in shards), "no models stand together"
    assert len((work / "shards.tsv").read_text(encoding="utf-8").splitlines()) == len(tasks)


def loses_a_node(cluster: Cluster, lost: Node, slow: Path, work: Path) -> list[dict[str, object]]:
    """Runs the sweep, and kills a node when some tasks are done."""
    output = work / "out"
    killed: list[int] = []

    def kill() -> None:
        while True:
            finished = {path.stem for path in output.glob("forebear*/*/*.json")}
            # Both nodes have just begun a task.
            begun = [path for path in output.glob("starts/*/*") if time.time() - path.stat().st_mtime < AT_WORK]
            busy = {path.name.partition(".")[0] for path in begun} - finished
            done = len(finished)
            if done >= BEFORE_THE_LOSS and len(busy) == 2:
                break
            time.sleep(0.02)
        cluster.remove_node(lost, allow_graceful=False)
        killed.append(done)
        print(f"--- killed one of two nodes, with {done} tasks done", flush=True)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    code = run(slow, work / "manifest.jsonl", output)
    assert code == 0, code
    thread.join(timeout=10)
    rows = summary_of(output)
    tasks = sum(len(shard.tasks) for shard in plan.read(work / "manifest.jsonl")[0])
    assert killed and killed[0] < tasks, "the node was killed too late"
    assert len([node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]) == 1
    assert (work / "killed").is_dir(), "no worker was killed"
    retries = sum(int(str(row["retries"])) for row in rows)
    assert retries >= 2, f"{retries} tasks were begun again"
    print(f"--- {retries} tasks were begun again")
    return rows


def same_as_one_machine(rows: list[dict[str, object]], program: Path, work: Path) -> None:
    """Every fingerprint is the one that the program makes by itself."""
    assert [row["status"] for row in rows] == ["done"] * MODELS
    for row in rows:
        alone = work / "alone"
        call = [str(program), "fingerprint", str(row["source"]), "--save", str(alone), "--format", "json"]
        said = json.loads(subprocess.run(call, capture_output=True, check=True).stdout)
        made = work / "out" / str(row["fingerprint"])
        assert made.read_bytes() == alone.read_bytes(), f"{row['model']} has another fingerprint"
        assert row["digest"] == said["sha256"]
        assert int(str(row["bytes"])) >= said["bytes_read"] and int(str(row["peak_rss"])) > 0
    divided = [row["model"] for row in rows if int(str(row["parts"])) > 1]
    print(f"--- {len(rows)} fingerprints are those of one machine; in parts: {', '.join(map(str, divided))}")


def again(slow: Path, work: Path) -> None:
    """A second run begins nothing."""
    before = sorted((work / "out" / "starts").rglob("*"))
    assert run(slow, work / "manifest.jsonl", work / "out") == 0
    assert sorted((work / "out" / "starts").rglob("*")) == before, "a task was begun again"
    assert {row["status"] for row in summary_of(work / "out")} == {"kept"}
    print("--- a second run did nothing")


def failures_are_rows(program: Path, work: Path) -> None:
    """What is broken, missing, or too slow is a row each, and the exit code is 1."""
    broken = work / "models" / "broken"
    broken.mkdir()
    (broken / "model.safetensors").write_bytes(b"\xff" * 100)
    listed = work / "more.tsv"
    names = [work / "models" / "model-02", broken, work / "models" / "missing", "hf://a/b@main"]
    listed.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    manifest = work / "more.jsonl"
    assert sweep.main(["plan", str(listed), "--manifest", str(manifest)]) == 1
    assert run(program, manifest, work / "more") == 1
    rows = {Path(str(row["model"])).name: row for row in summary_of(work / "more")}
    assert len(rows) == 4
    assert rows["model-02"]["status"] == "done"
    for name, why in [("broken", "failed to"), ("missing", "is not there"), ("b@main", "--online")]:
        assert rows[name]["status"] == "failed" and why in str(rows[name]["error"]), rows[name]
    listed.write_text(f"{work / 'models' / 'model-03'}\n", encoding="utf-8")
    assert sweep.main(["plan", str(listed), "--manifest", str(manifest)]) == 0
    assert run(program, manifest, work / "late", "--time-limit", "0") == 1
    assert "took longer" in str(summary_of(work / "late")[0]["error"])
    print("--- what failed is told, and is a row")


def run(program: Path, manifest: Path, output: Path, *more: str) -> int:
    """Runs a sweep on the cluster."""
    return sweep.main(["run", str(manifest), "--output", str(output), "--program", str(program), *more])


def summary_of(output: Path) -> list[dict[str, object]]:
    """The rows of a summary."""
    rows: list[dict[str, object]] = pq.read_table(output / "summary.parquet").to_pylist()
    return rows


if __name__ == "__main__":
    main()
