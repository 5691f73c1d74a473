# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""The programs that forebear is measured against, in environments of their own.

In: a folder. Out: their paths, or `Failed` with the reason: a row whose peer is missing is not measured.
"""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

from .measure import Failed, say

BENCHES = Path(__file__).resolve().parent.parent
# The tree for the scan of code: a wheel, since unpacking it runs nothing of it.
TREE = "transformers==4.57.1"


def environment(folder: Path, requirements: str) -> Path:
    """The `bin` folder of a virtual environment with these requirements; made once for each version of their list."""
    listed = BENCHES / requirements
    place = folder / f"{listed.stem}-{hashlib.sha256(listed.read_bytes()).hexdigest()[:12]}"
    done = place / "complete"
    if not done.exists():
        say(f"installing {requirements} into {place}")
        _run([sys.executable, "-m", "venv", "--clear", place])
        _run([place / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", listed])
        done.touch()
    return place / "bin"


def source_tree(folder: Path) -> Path:
    """A large tree of Python source."""
    tree = folder / TREE
    if not tree.exists():
        say(f"unpacking {TREE}")
        wheels = folder / "wheels"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        _run([*pip, "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", wheels, TREE])
        (wheel,) = wheels.glob("transformers-*.whl")
        partial = folder / "partial"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(partial)
        partial.rename(tree)
    return tree


def _run(words: list[str | Path]) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Failed(f"{' '.join(map(str, words))} failed: {lines[-1] if lines else 'no message'}")
