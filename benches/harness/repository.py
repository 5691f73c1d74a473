# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""A repository with a history, to be checked.

In: a checkpoint and forebear. Out: a repository whose tip publishes the checkpoint through Git LFS, with a registry
that has its base, and a branch that changes source files only.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .measure import Command, Failed, once, say
from .models import Model

FILES = 300
CHANGED = 4
POLICY = """schema = 1
[release]
name = "bench/Model"
license = "Apache-2.0"
[[model]]
paths = ["model/*"]
origin = "derived"
bases = [{ id = "bench/Base", relation = "finetune" }]
"""


def make(folder: Path, model: Model, commits: int, forebear: Path) -> Path:
    """Makes the repository anew: `start` has the checkpoint, `main` has `commits` commits more."""
    say(f"writing a repository with {commits} commits")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    base = ["registry", "add", model.folder, "--id", "bench/Base", "--license", "apache-2.0"]
    source = ["--source", "https://bench.example/base", "--revision", "1"]
    once(Command([forebear, *base, *source, "--registry", folder / "registry", "--no-cache"]))
    kept = sorted(path for path in folder.glob("registry/**/*") if path.is_file())
    registry = {path.relative_to(folder): path.read_bytes() for path in kept}
    stream = b"".join(_history(model, registry, folder, commits))
    done = subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=stream, capture_output=True)
    if done.returncode:
        raise Failed(f"git fast-import failed: {done.stderr.decode(errors='replace').strip()}")
    _git(folder, "reset", "--quiet", "--hard", environment={"GIT_LFS_SKIP_SMUDGE": "1"})
    return folder


def _history(model: Model, registry: dict[Path, bytes], folder: Path, commits: int) -> Iterator[bytes]:
    first = {Path(".gitattributes"): b"*.safetensors filter=lfs diff=lfs merge=lfs -text\nregistry/** -filter -text\n"}
    first |= {Path("policy.toml"): POLICY.encode(), Path("LICENSE"): b"All rights reserved.\n"} | registry
    for file in model.files:
        first[Path("model") / file.name] = _pointer(file, folder)
    for name in ("config.json", "model.safetensors.index.json"):
        if (model.folder / name).exists():
            first[Path("model") / name] = (model.folder / name).read_bytes()
    first |= {_path(at): _source(at, 0) for at in range(FILES)}
    yield _commit("start", 0, first)
    yield b"reset refs/heads/main\nfrom refs/heads/start\n\n"
    for number in range(1, commits + 1):
        changed = ((number * CHANGED + at) * 7 % FILES for at in range(CHANGED))
        yield _commit("main", number, {_path(at): _source(at, number) for at in changed})


def _commit(branch: str, number: int, files: dict[Path, bytes]) -> bytes:
    out = [b"commit refs/heads/%s\n" % branch.encode()]
    out.append(b"committer Bench <bench@example.com> %d +0000\n" % (1_700_000_000 + 60 * number))
    out.append(b"data 6\nChange\n")
    for path, content in files.items():
        out.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.as_posix().encode(), len(content), content))
    return b"".join(out) + b"\n"


def _path(at: int) -> Path:
    return Path(f"src/part{at // 20:02}/module{at:03}.py")


def _source(at: int, number: int) -> bytes:
    functions = (f"def f{at}_{line}(x):\n    return x * {at + number} + {line}\n" for line in range(40))
    return "\n".join(["# SPDX-License-Identifier: Apache-2.0", *functions]).encode()


def _pointer(file: Path, folder: Path) -> bytes:
    """Puts a file into the LFS store (a link, not a copy) and gives its pointer."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    store = folder / ".git/lfs/objects" / digest[:2] / digest[2:4]
    store.mkdir(parents=True, exist_ok=True)
    os.link(file, store / digest)
    size = file.stat().st_size
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n".encode()


def _git(folder: Path, *words: str, environment: dict[str, str] | None = None) -> None:
    once(Command(["git", *words], folder=folder, environment=environment or {}))
