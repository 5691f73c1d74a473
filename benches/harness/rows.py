# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""What is measured: one function a part of the table.

In: where to work and how. Out: rows. What cannot be measured becomes a row that says so.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import models, peers, repository, table
from .measure import Command, Failed, Sample, interleaved, once, say
from .models import Model, Shape
from .table import AtMost, Faster, Row

NUMPY_STD = Path(__file__).with_name("numpy_std.py")
ROOT = Path(__file__).resolve().parent.parent.parent
OPENSSL = "`openssl dgst -sha256`"
ONE_FILE, SHARDS = AtMost(1.25), AtMost(0.75)
CHECK, CODE = AtMost(1.5, 0.030), Faster(200)
# What reads the same file, and how fast forebear has to be beside it.
PEERS = {
    "openssl": (OPENSSL, ONE_FILE),
    "modelDNA, full": ("modelDNA 0.1.0 `fingerprint --full`", Faster(30)),
    "modelDNA, fast": ("modelDNA 0.1.0 `fingerprint`, which reads a part", Faster()),
    "numpy": ("numpy's `std` of every matrix", Faster(4)),
}


@dataclass(frozen=True)
class Setting:
    """How to measure."""

    forebear: Path
    folder: Path
    runs: int
    small: bool
    large: bool
    huge: bool
    scancode: bool


def fingerprints(how: Setting) -> list[Row]:
    """Full fingerprints, their speed and their memory."""
    rows = _one_file(how)
    shape = models.SMALL if how.small else models.HALF
    rows += _beside_openssl(how, f"{shape.title} in two shards", shape, "half-2", 2)
    mixture = models.SMALL_MIXTURE if how.small else models.MIXTURE
    rows += _beside_openssl(how, f"mixture ({mixture.title})", mixture, "mixture", 1)
    seven = f"{models.SEVEN.title} in four shards"
    if how.large:
        rows += _beside_openssl(how, seven, models.SEVEN, "seven", 4)
    else:
        rows.append(table.missing(f"full fingerprint, {seven}", OPENSSL, SHARDS, "needs --large and 15 GB"))
    rows.append(_huge(how))
    return rows


def _fingerprint(how: Setting, model: Model) -> Command:
    return Command([how.forebear, "fingerprint", "--no-cache", model.folder])


def _digest(model: Model) -> Command:
    if not shutil.which("openssl"):
        raise Failed("openssl is not installed: apt-get install openssl")
    return Command(["openssl", "dgst", "-sha256", *model.files])


def _one_file(how: Setting) -> list[Row]:
    """The model of one file, beside everything that reads it."""
    shape = models.SMALL if how.small else models.HALF
    what = f"full fingerprint, {shape.title} in one file"
    try:
        model = models.make(shape, how.folder / ("small-1" if how.small else "half-1"))
    except Failed as reason:
        return [table.missing(what, against, target, reason) for against, target in PEERS.values()]
    commands = {"forebear": _fingerprint(how, model)}
    absent: dict[str, Failed] = {}
    try:
        commands["openssl"] = _digest(model)
    except Failed as reason:
        absent["openssl"] = reason
    try:
        programs = peers.environment(how.folder, "peers.txt")
        print_to = ["fingerprint", model.folder, "--output", how.folder / "modeldna.json"]
        alone = {"HF_HUB_OFFLINE": "1", "HOME": str(how.folder), "XDG_CACHE_HOME": str(how.folder / "cache")}
        commands["modelDNA, full"] = Command([programs / "modeldna", *print_to, "--full"], environment=alone)
        commands["modelDNA, fast"] = Command([programs / "modeldna", *print_to], environment=alone)
        commands["numpy"] = Command([programs / "python", NUMPY_STD, *model.files])
    except Failed as reason:
        absent |= dict.fromkeys(("modelDNA, full", "modelDNA, fast", "numpy"), reason)
    for name in list(commands):
        # The run that does not count. A peer that fails is left out; forebear that fails ends everything.
        say(f"  {name}, warm-up")
        try:
            once(commands[name])
        except (Failed, OSError) as reason:
            if name == "forebear":
                raise
            absent[name] = Failed(str(reason))
            del commands[name]
    found = interleaved(commands, how.runs, warm=0)
    ours = found["forebear"]
    rows = []
    for name, (against, target) in PEERS.items():
        if name in found:
            rows.append(target.row(what, against, ours, found[name]))
        else:
            rows.append(table.missing(what, against, target, absent[name]))
    return [*rows, table.memory(f"{shape.title} in one file", ours, shape.largest_decoded())]


def _beside_openssl(how: Setting, title: str, shape: Shape, name: str, shards: int) -> list[Row]:
    what, target = f"full fingerprint, {title}", ONE_FILE if shards == 1 else SHARDS
    try:
        model = models.make(shape, how.folder / (f"small-{name}" if how.small else name), shards)
        commands = {"openssl": _digest(model), "forebear": _fingerprint(how, model)}
    except Failed as reason:
        return [table.missing(what, OPENSSL, target, reason)]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if model.size + 2 * shape.largest_decoded() > memory:
        # Its time would be that of the disk.
        reason = f"{model.size / 1e9:.0f} GB do not stay in the page cache of {memory / 1e9:.0f} GB of memory"
        alone = Sample([once(commands["forebear"])])
        return [table.missing(what, OPENSSL, target, reason), table.memory(title, alone, shape.largest_decoded())]
    found = interleaved(commands, how.runs)
    return [
        target.row(what, OPENSSL, found["forebear"], found["openssl"]),
        table.memory(title, found["forebear"], shape.largest_decoded()),
    ]


def _huge(how: Setting) -> Row:
    """Memory for a file that is larger than memory; once, since its time is that of the disk."""
    shape = models.FOURTEEN
    title = f"{shape.title} in one file of 30 GB"
    if not how.huge:
        return table.missing(f"peak memory, {title}", "the largest tensor", table.MEMORY, "needs --huge and 30 GB")
    try:
        model = models.make(shape, how.folder / "huge")
    except Failed as reason:
        return table.missing(f"peak memory, {title}", "the largest tensor", table.MEMORY, reason)
    return table.memory(title, Sample([once(_fingerprint(how, model))]), shape.largest_decoded())


def checks(how: Setting) -> list[Row]:
    """The gate on what was checked before, beside git's own walk."""
    shape = models.SMALL if how.small else models.HALF
    commits = 50 if how.small else 1000
    ranges = {
        f"{commits:,} commits that leave the checkpoint alone": "start..main",
        "nothing to publish": "main..main",
    }
    rows = []
    try:
        model = models.make(shape, how.folder / ("small-1" if how.small else "half-1"))
        place = repository.make(how.folder / "repository", model, commits, how.forebear)
    except Failed as reason:
        return [table.missing("`check`, warm cache", "`git rev-list --objects`", CHECK, reason)]
    alone = {"FOREBEAR_CACHE": str(how.folder / "cache")}
    for title, commits_of in ranges.items():
        # Whether something is denied is not the question here; what could not be checked would be.
        check = Command([how.forebear, "check", commits_of], folder=place, environment=alone, accepted=(0, 1))
        walk = Command(["git", "rev-list", "--objects", commits_of], folder=place)
        found = interleaved({"git": walk, "forebear": check}, how.runs)
        what = f"`check`, warm cache, {title}"
        rows.append(CHECK.row(what, "`git rev-list --objects`", found["forebear"], found["git"]))
    return rows


def identify(how: Setting) -> list[Row]:
    """Many bases beside few: the numbers that `examples/registry_scale` prints."""
    time_row = ("`identify` against 10,000 bases", "the same against 10", "≤ 10 ×")
    memory_row = ("peak memory, `identify` against 10,000 bases", "a fixed amount", "≤ 1 GiB")
    sizes = (10, 1000) if how.small else (10, 10_000)
    try:
        seconds, memory = _registry_scale(how, sizes)
    except Failed as reason:
        return [table.missing(*time_row, reason), table.missing(*memory_row, reason)]
    few, many = (seconds[size] for size in sizes)
    ratio, peak = many / few if few else float("inf"), memory[sizes[1]]
    return [
        Row(*time_row[:2], f"{many:.2f} s", f"{few:.2f} s", f"{ratio:.1f} ×", time_row[2], ratio <= 10),
        Row(*memory_row[:2], f"{peak:.0f} MiB", "1024 MiB", f"{peak / 1024:.2f} ×", memory_row[2], peak <= 1024),
    ]


def _registry_scale(how: Setting, sizes: tuple[int, int]) -> tuple[dict[int, float], dict[int, float]]:
    """Seconds and MiB by number of bases."""
    if not list(ROOT.glob("examples/registry_scale*")):
        raise Failed("examples/registry_scale does not exist")
    build = ["cargo", "run", "--quiet", *([] if how.small else ["--release"]), "--example", "registry_scale", "--"]
    say("running examples/registry_scale")
    words = [*build, "--most", str(sizes[1]), "--decoys", "0"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    seconds: dict[int, float] = {}
    memory: dict[int, float] = {}
    heading: list[str] = []
    for line in done.stdout.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if cells[0] == "bases":
            heading = cells
        elif len(cells) == len(heading) and cells[0].isdigit():
            about = dict(zip(heading, cells, strict=True))
            seconds[int(cells[0])] = float(about.get("all, s", "nan"))
            memory[int(cells[0])] = float(about.get("memory, MiB", "nan"))
    if any(size not in seconds for size in sizes):
        tail = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise Failed(f"examples/registry_scale printed no times for {sizes} bases: {tail[0]}")
    return seconds, memory


def code(how: Setting) -> list[Row]:
    """A scan of source code, beside ScanCode; that once, since it takes long."""
    what = f"code scan, {peers.TREE}"
    against = "ScanCode 32.5.0 `--copyright --license`"
    if not how.scancode:
        return [table.missing(what, against, CODE, "needs --scancode, and patience")]
    try:
        tree = peers.source_tree(how.folder)
        programs = peers.environment(how.folder, "scancode.txt")
        if how.small:
            tree = tree / "transformers/models/llama"
        asked = ["--copyright", "--license", "-n", str(os.cpu_count() or 1)]
        theirs = Command([programs / "scancode", *asked, "--quiet", "--json", how.folder / "scan.json", tree])
        say("running ScanCode, once")
        scanned = Sample([once(theirs)])
    except (Failed, OSError) as reason:
        return [table.missing(what, against, CODE, reason)]
    check = Command([how.forebear, "check", "--no-cache", "--path", tree], accepted=(0, 1))
    ours = interleaved({"forebear": check}, how.runs)["forebear"]
    return [CODE.row(what, against, ours, scanned)]


PARTS = {"fingerprint": fingerprints, "check": checks, "identify": identify, "code": code}
