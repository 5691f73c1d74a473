# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Models -> shards of work of about equal size.

In: a list of models, each a local folder or file, or with `--online` a URL that `forebear` reads. Out: a manifest in JSON
Lines, one shard a line: models whose bytes are more than a part are divided into parts, small ones stand together. What
cannot be planned is a line with an error, never left out.
"""

from __future__ import annotations

import hashlib
import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

WEIGHTS = (".safetensors", ".gguf", ".bin", ".pt", ".pth", ".ckpt", ".onnx", ".onnx_data", ".npz", ".npy")
MOST_PARTS = 4096  # as the program has it
SCHEMES = ("hf://", "s3://", "gs://", "az://", "https://", "http://")


@dataclass(frozen=True)
class Task:
    """One call of the program: a model, or a part of one."""

    model: str
    source: str
    part: int
    parts: int
    bytes: int
    # Tells this state of the files, and this part, from another: results are kept under it.
    key: str
    # The same of the whole model: what its parts are merged to.
    whole: str
    files: list[dict[str, object]] = field(default_factory=list)


@dataclass(frozen=True)
class Shard:
    """What one worker does in one go."""

    shard: int
    bytes: int
    tasks: list[Task]


@dataclass(frozen=True)
class Unplanned:
    """A model that cannot be planned, and why."""

    model: str
    source: str
    error: str


def models(path: Path) -> Iterator[tuple[str, str]]:
    """Names and sources from a list: one source a line, or a name, a tab, and a source."""
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            name, _, source = line.rpartition("\t")
            yield (name or source, source)


def plan(
    listed: Iterable[tuple[str, str]], *, part_bytes: int, batch_bytes: int, online: bool
) -> tuple[list[Shard], list[Unplanned]]:
    """Divides models into shards."""
    tasks: list[Task] = []
    unplanned: list[Unplanned] = []
    for model, source in listed:
        try:
            pinned, files = listing(source, online=online)
        except (OSError, ValueError, KeyError) as error:
            unplanned.append(Unplanned(model, source, f"{type(error).__name__}: {error}"))
            continue
        tasks.extend(divided(model, pinned, files, part_bytes))
    return shards(tasks, batch_bytes), unplanned


def divided(model: str, source: str, files: list[dict[str, object]], part_bytes: int) -> Iterator[Task]:
    """The tasks of one model."""
    total = sum(size_of(file) for file in files)
    parts = min(max(-(-total // part_bytes), 1), MOST_PARTS)
    whole = key_of([source, files])
    for part in range(1, parts + 1):
        key = whole if parts == 1 else key_of([source, files, part, parts])
        yield Task(model, source, part, parts, total // parts, key, whole, files)


def key_of(identity: list[object]) -> str:
    """A name for what is known of some work before it is done."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def shards(tasks: list[Task], batch_bytes: int) -> list[Shard]:
    """Puts tasks together, in order, up to a size. A part stands alone: it is large, and its others run beside it."""
    found: list[Shard] = []
    held: list[Task] = []

    def close() -> None:
        if held:
            found.append(Shard(len(found), sum(task.bytes for task in held), list(held)))
            held.clear()

    for task in tasks:
        if task.parts > 1:
            close()
            held.append(task)
            close()
            continue
        if held and sum(one.bytes for one in held) + task.bytes > batch_bytes:
            close()
        held.append(task)
    close()
    return found


def listing(source: str, *, online: bool) -> tuple[str, list[dict[str, object]]]:
    """The source, pinned where it can be, and its files of weights with size and stamp."""
    if not source.startswith(SCHEMES):
        return source, local(Path(source))
    if not online:
        raise ValueError("it is a URL, and nothing is read over a network without --online")
    if source.startswith("hf://"):
        return hub(source)
    if source.startswith(("s3://", "gs://")):
        return source, bucket(source)
    address = urllib.parse.urlsplit(source)
    if address.query or address.username or address.password:
        raise ValueError("it holds a query or a password, which would stand in the manifest")
    # Servers and stores that cannot be listed: one part, of unknown size.
    return source, [{"path": source, "size": 0, "stamp": ""}]


def local(path: Path) -> list[dict[str, object]]:
    """Files below a folder, or the one file."""
    if path.is_file():
        found = [path]
    elif path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file())
    else:
        raise FileNotFoundError(f"{path} is not there")
    files = []
    for file in found:
        stat = file.stat()
        name = file.name if file == path else file.relative_to(path).as_posix()
        files.append({"path": name, "size": stat.st_size, "stamp": str(stat.st_mtime_ns)})
    return weights(files)


def hub(source: str) -> tuple[str, list[dict[str, object]]]:
    """Files of a repository of Hugging Face, at the commit that its revision names now."""
    owner, _, rest = source.removeprefix("hf://").partition("/")
    name, _, below = rest.partition("/")
    name, _, revision = name.partition("@")
    if not (owner and name):
        raise ValueError("not of the form hf://owner/name[@revision][/path]")
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    if not endpoint.startswith(("https://", "http://")):
        raise ValueError(f"HF_ENDPOINT is no web address: {endpoint}")
    at = urllib.parse.quote(urllib.parse.unquote(revision or "main"), safe="")
    request = urllib.request.Request(f"{endpoint}/api/models/{owner}/{name}/revision/{at}?blobs=true")
    token = os.environ.get("HF_TOKEN")
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        info = json.load(answer)
    commit = str(info["sha"])
    files = [
        {"path": str(file["rfilename"]), "size": int(file.get("size") or 0), "stamp": commit}
        for file in info["siblings"]
        if str(file["rfilename"]).startswith(below)
    ]
    return f"hf://{owner}/{name}@{commit}" + (f"/{below}" if below else ""), weights(files)


def bucket(source: str) -> list[dict[str, object]]:
    """Files below a prefix of an object store."""
    from pyarrow import fs

    store, prefix = fs.FileSystem.from_uri(source)
    about = store.get_file_info(prefix)
    is_file = about.type == fs.FileType.File
    found = [about] if is_file else store.get_file_info(fs.FileSelector(prefix, recursive=True))
    files = [
        {
            "path": info.base_name if is_file else info.path.removeprefix(prefix).lstrip("/"),
            "size": info.size,
            "stamp": str(info.mtime_ns),
        }
        for info in found
        if info.type == fs.FileType.File
    ]
    return weights(sorted(files, key=lambda file: str(file["path"])))


def weights(files: list[dict[str, object]]) -> list[dict[str, object]]:
    """Those that look like weights; if none does, all: the program tells by content, not by name."""
    found = [file for file in files if str(file["path"]).lower().endswith(WEIGHTS)] or files
    if not found:
        raise FileNotFoundError("there are no files")
    return found


def size_of(file: dict[str, object]) -> int:
    """The size of a listed file."""
    size = file["size"]
    return size if isinstance(size, int) else 0


def write(path: Path, found: list[Shard], unplanned: list[Unplanned]) -> None:
    """Writes the manifest, in one step."""
    lines = [json.dumps(asdict(shard)) for shard in found]
    lines.extend(json.dumps({"unplanned": asdict(one)}) for one in unplanned)
    replace(path, "".join(f"{line}\n" for line in lines))


def write_table(path: Path, found: list[Shard]) -> None:
    """Writes the same as a table for shells: shard, part of how many, key, key of the whole, source; separated by tabs."""
    rows = []
    for shard in found:
        for task in shard.tasks:
            if any(ord(character) < 32 for character in task.source):
                raise ValueError(f"the source {task.source!r} holds a control character")
            rows.append(f"{shard.shard}\t{task.part}/{task.parts}\t{task.key}\t{task.whole}\t{task.source}\n")
    replace(path, "".join(rows))


def read(path: Path) -> tuple[list[Shard], list[Unplanned]]:
    """Reads a manifest."""
    found: list[Shard] = []
    unplanned: list[Unplanned] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "unplanned" in entry:
            unplanned.append(Unplanned(**entry["unplanned"]))
        else:
            found.append(Shard(entry["shard"], entry["bytes"], [Task(**task) for task in entry["tasks"]]))
    return found, unplanned


def replace(path: Path, text: str) -> None:
    """Writes a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
