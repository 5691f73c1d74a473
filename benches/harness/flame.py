# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Stacks → the stages they are in, and a picture of them.

In: stacks with source files. Out: samples by stage; a flame graph as SVG with no script in it.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from html import escape

from .stacks import Frame, Stack

# The innermost frame that fits decides. Kernel symbols stand in brackets.
STAGES = (
    ("page faults", re.compile(r"^\[(asm_)?exc_page_fault\]"), None),
    ("giving memory back", re.compile(r"^\[__(x64|arm64)_sys_(munmap|madvise|brk|mremap)\]"), None),
    ("waiting and waking", re.compile(r"^\[__(x64|arm64)_sys_(futex|sched_yield)\]"), None),
    ("reading", re.compile(r"^\[(__x64_sys_pread64|__arm64_sys_pread64|ksys_pread64)\]|^(__libc_)?pread64$"), None),
    ("SHA-256", None, re.compile(r"/(sha2|digest|block-buffer)-[^/]+/")),
    ("decoding, both times", None, re.compile(r"^checkpoints/")),
    ("hashes", None, re.compile(r"^fingerprint/hashes\.rs")),
    ("moments and samples", None, re.compile(r"^fingerprint/samples\.rs")),
    ("tests of form", None, re.compile(r"^fingerprint/structure\.rs")),
    ("needles in place", None, re.compile(r"^fingerprint/needles\.rs")),
    ("cutting tensors into matrices", None, re.compile(r"^fingerprint/(pieces|matrix)\.rs")),
    ("sketches: words", None, re.compile(r"^fingerprint/sketch/(words|probes)\.rs")),
    ("sketches: described neurons", None, re.compile(r"^fingerprint/sketch/neurons\.rs")),
    ("sketches: rows", None, re.compile(r"^fingerprint/sketch/rows\.rs")),
    ("sketches: what experts share", None, re.compile(r"^fingerprint/sketch/consensus\.rs")),
    ("sketches: circuits", None, re.compile(r"^fingerprint/sketch/circuits/")),
    ("sketches: layers in their common form", None, re.compile(r"^fingerprint/sketch/canonical/")),
)
# Where work is shared out among cores inside a product, whoever asked for it is not on the stack.
SHARED_OUT = "sketches: products, on other cores"
IN_SKETCHES = re.compile(r"^(linear|fingerprint/sketch)/")
REST = "everything else"
NO_BYTES = ("page faults", "giving memory back", "waiting and waking", REST)
OURS = re.compile(r"(?:^|/)src/((?:[a-z_]+/)*[a-z_]+\.rs)$")


def own(file: str) -> str:
    """The path of one of forebear's files below `src/`; empty for any other."""
    if "/registry/src/" in file or "/rustc/" in file or "/.cargo/" in file:
        return ""
    found = OURS.search(file)
    return found[1] if found else ""


def stage(stack: Stack) -> str:
    """The stage a stack is in."""
    for frame in reversed(stack):
        ours = own(frame.file)
        for name, functions, files in STAGES:
            if functions and functions.search(frame.function):
                return name
            if files and files.search(ours or frame.file):
                return name
    return SHARED_OUT if any(IN_SKETCHES.match(own(frame.file)) for frame in stack) else REST


def shares(stacks: list[Stack]) -> list[tuple[str, float]]:
    """The share of samples in each stage, in the order of the stages."""
    counts = Counter(map(stage, stacks))
    names = [*(name for name, _, _ in STAGES), SHARED_OUT, REST]
    return [(name, counts[name] / len(stacks)) for name in names if counts[name]]


@dataclass
class Node:
    """A frame of the picture, with what is above it."""

    count: int = 0
    above: dict[str, "Node"] = field(default_factory=dict)


def tree(stacks: list[Stack]) -> Node:
    """Stacks put together, with forebear's own functions and what is at the top of them."""
    root = Node()
    for stack in stacks:
        root.count += 1
        node = root
        for label in _labels(stack):
            node = node.above.setdefault(label, Node())
            node.count += 1
    return root


def _labels(stack: Stack) -> list[str]:
    labels: list[str] = []
    for frame in stack:
        file = own(frame.file)
        # A panic hook, a thread's start and the like stand in nobody's file, and closures have no name of their own.
        if file and not file.startswith(("main.rs", "cli/")):
            place, name = file.removeprefix("fingerprint/").removesuffix(".rs"), _short(frame.function)
            label = f"{place}: {name}" if name else place
            if not labels or labels[-1].split(": ")[0] != label or name:
                labels.append(label)
    top = _top(stack)
    if top:
        labels.append(top)
    merged = [label for at, label in enumerate(labels) if at == 0 or labels[at - 1] != label]
    return merged or ["outside"]


def _short(function: str) -> str:
    """A function without its module and its types."""
    plain = re.sub(r"<[^<>]*>", "", function)
    while plain != (plain := re.sub(r"<[^<>]*>", "", plain)):
        pass
    name = plain.split("::")[-1].strip()
    return "" if "closure" in name or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else name


def _top(stack: Stack) -> str:
    """What runs at the top where it is not forebear's: a crate, the kernel, or the C library."""
    frame: Frame = stack[-1]
    if any(re.search(r"exc_page_fault", frame.function) for frame in stack):
        return "[page fault]"
    if crate := re.search(r"/registry/src/[^/]+/([A-Za-z0-9_-]+?)-[0-9.]+", frame.file):
        return crate[1]
    if frame.function.startswith("["):
        return "[kernel]"
    return "" if frame.file else _short(frame.function)


ROW = 17
WIDTH = 1200


def svg(root: Node, title: str, least: float = 0.001) -> str:
    """The picture, callers below; frames narrower than `least` of the whole are left out."""
    boxes: list[tuple[int, float, float, str, int]] = []

    def place(node: Node, left: float, depth: int) -> None:
        for label, above in sorted(node.above.items()):
            if above.count >= least * root.count:
                boxes.append((depth, left, above.count / root.count, label, above.count))
                place(above, left, depth + 1)
            left += above.count / root.count

    place(root, 0.0, 0)
    rows = max((box[0] for box in boxes), default=0) + 1
    height = (rows + 2) * ROW
    out = [
        "<!-- SPDX-FileCopyrightText: 2026 The forebear authors -->",
        "<!-- SPDX-License-Identifier: Apache-2.0 -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        ' font-family="monospace" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="6" y="{ROW - 4}">{escape(title)}</text>',
    ]
    for depth, left, share, label, _ in boxes:
        x, width, y = left * WIDTH, share * WIDTH, height - (depth + 1) * ROW - 4
        # The same file has the same color in every picture.
        hue = sum(ord(letter) * (at + 1) for at, letter in enumerate(label.split(":")[0])) % 360
        box = f'x="{x:.1f}" y="{y}" width="{max(width - 0.5, 0.3):.1f}" height="{ROW - 1}"'
        out.append(f'<g><title>{escape(label)}, {share:.1%}</title><rect {box} fill="hsl({hue},65%,78%)"/>')
        room = int((width - 6) / 6.7)
        if room >= 4:
            shown = label if len(label) <= room else label[: room - 1] + "…"
            out.append(f'<text x="{x + 3:.1f}" y="{y + ROW - 5}">{escape(shown)}</text>')
        out.append("</g>")
    out.append("</svg>")
    return "\n".join(out) + "\n"
