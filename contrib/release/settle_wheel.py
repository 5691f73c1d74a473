# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Finishes a wheel that maturin made: same bytes wherever it was built, licenses of what it holds, tags of a musl program.

In: the target, the folder with the wheel and THIRD-PARTY-LICENSES.txt, and the path of the source. Out: the wheel in
that folder, packed again by `wheel`, and beside it the bill of materials that it carries, forebear-VERSION-TARGET.cdx.json.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

target, folder, source = sys.argv[1:]
folder = pathlib.Path(folder)
(wheel,) = folder.glob("forebear-*.whl")


def run(*arguments):
    subprocess.run([sys.executable, "-m", "wheel", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


with tempfile.TemporaryDirectory() as work:
    run("unpack", "--dest", work, wheel)
    (tree,) = pathlib.Path(work).iterdir()
    (info,) = tree.glob("*.dist-info")

    # maturin's bill of materials names packages by the folder that they were built in.
    (bill,) = info.glob("sboms/*.cyclonedx.json")
    bill.write_text(bill.read_text(encoding="utf-8").replace(f"file://{source}", "file:///forebear"), encoding="utf-8", newline="\n")
    shutil.copyfile(bill, folder / f"{info.name.removesuffix('.dist-info')}-{target}.cdx.json")

    shutil.copyfile(folder / "THIRD-PARTY-LICENSES.txt", info / "licenses" / "THIRD-PARTY-LICENSES.txt")
    metadata = (info / "METADATA").read_text(encoding="utf-8")
    field = "License-File: NOTICE\n"
    assert metadata.count(field) == 1, "no NOTICE in the wheel"
    metadata = metadata.replace(field, field + "License-File: THIRD-PARTY-LICENSES.txt\n")
    (info / "METADATA").write_text(metadata, encoding="utf-8", newline="\n")
    wheel.unlink()
    run("pack", "--dest", folder, tree)

# A program for musl needs no C library, so its wheel is for every Linux.
if target.endswith("-linux-musl"):
    machine = target.split("-")[0]
    tags = f"manylinux_2_17_{machine}.manylinux2014_{machine}.musllinux_1_1_{machine}"
    (wheel,) = folder.glob("forebear-*.whl")
    run("tags", "--remove", "--platform-tag", tags, wheel)
