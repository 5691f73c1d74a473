# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""What a wheel must hold: the program, the license and the notice as they are here, and what PyPI shows.

In: the wheel, and the repository. Out: one line, or what is wrong.
"""

import email
import os
import sys
import tomllib
import zipfile

wheel, repository = sys.argv[1:]
archive = zipfile.ZipFile(wheel)
names = archive.namelist()


def text(path):
    with open(os.path.join(repository, path), "rb") as file:
        return file.read()


cargo = tomllib.loads(text("Cargo.toml").decode())["package"]
python = tomllib.loads(text("pyproject.toml").decode())["project"]
(info,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))

(program,) = [name for name in names if name.endswith("/scripts/forebear")]
mode = archive.getinfo(program).external_attr >> 16
assert mode & 0o111, f"the program may not be run: {mode:o}"
outside = [name for name in names if not name.startswith(info) and name != program]
assert not outside, f"more than the program: {outside}"

for name in ["LICENSE", "NOTICE"]:
    assert archive.read(f"{info}/licenses/{name}") == text(name), f"another {name}"
third_party = archive.read(f"{info}/licenses/THIRD-PARTY-LICENSES.txt").decode()
assert "\ngix 0." in third_party and "\nserde 1." in third_party, "licenses of what the program holds are missing"
for name in names:
    if "/sboms/" in name:
        assert repository.encode() not in archive.read(name), f"{name} tells where it was built"
for field, wanted in {
    "Name": cargo["name"],
    "Version": cargo["version"],
    "Summary": cargo["description"],
    "License-Expression": cargo["license"],
    "Requires-Dist": None,
}.items():
    assert metadata[field] == wanted, f"{field}: {metadata[field]} and not {wanted}"
assert python["description"] == cargo["description"] and python["keywords"] == cargo["keywords"], "two descriptions"
assert metadata["Description-Content-Type"].startswith("text/markdown"), "the README is not shown"
assert metadata.get_payload(decode=True).decode().strip() == text("README.md").decode().strip(), "another README"

size = os.path.getsize(wheel)
# PyPI refuses files above 100 MB; far before that something is in it that should not be.
assert size < 30e6, f"{size} bytes"
print(f"{os.path.basename(wheel)}: {size / 1e6:.1f} MB, {len(names)} files, license, notice, and metadata in order")
