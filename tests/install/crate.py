# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""What the package for crates.io must hold, and must not.

In: the .crate. Out: one line, or what is wrong. That nothing is missing is shown by building it.
"""

import os
import re
import sys
import tarfile

MAY_HOLD = re.compile(
    r"(src/.*\.(rs|toml|css|js|html|svg|json|yml|txt|md)"
    r"|data/(code|tokenizers)/(families\.toml|(code|tokenizers)\.prints)"
    r"|data/demo/F1(-cpt)?/(config\.json|zoo\.json|model\.safetensors)"
    r"|data/licenses/(model_licenses\.toml|texts/[a-z0-9.+-]+\.txt)"
    r"|docs/rules/[a-z-]+\.md|hooks/pre-push"
    r"|Cargo\.(toml|toml\.orig|lock)|\.cargo_vcs_info\.json"
    r"|policy\.toml|askama\.toml|README\.md|CHANGELOG\.md|LICENSE|NOTICE)"
)
MUST_HOLD = ["Cargo.lock", "LICENSE", "NOTICE", "README.md", "hooks/pre-push", "src/main.rs", "src/lib.rs"]
MIB = 1 << 20

package = sys.argv[1]
with tarfile.open(package) as archive:
    members = {member.name.split("/", 1)[1]: member for member in archive.getmembers()}

foreign = [name for name in members if not MAY_HOLD.fullmatch(name)]
assert not foreign, f"not meant to be published: {foreign}; see `include` in Cargo.toml, or allow it here"
missing = [name for name in MUST_HOLD if name not in members]
assert not missing, f"missing: {missing}"
special = [name for name, member in members.items() if not member.isfile()]
assert not special, f"not files: {special}"
large = [name for name, member in members.items() if member.size > 2 * MIB]
assert not large, f"larger than 2 MiB: {large}"
size = os.path.getsize(package)
# crates.io refuses more than 10 MiB.
assert size < 8 * MIB, f"{size} bytes: crates.io takes 10 MiB"
print(f"{os.path.basename(package)}: {size / MIB:.1f} MiB, {len(members)} files, none that is not meant to be published")
