# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A repository with a real derivative that nobody declared, the push of it, and the repair: the story of
# `forebear demo`, told with git and a forebear from anywhere. Each function takes the folder of the story first.

# FOLDER PROGRAM SOURCE: the repository `orca` with a registered base and a derivative "from scratch", and its bare remote.
repository_of() {
  local top=$1 forebear=$2 source=$3
  rm -rf "$top"
  mkdir -p "$top/tern"
  cp "$source"/data/demo/F1/* "$top/tern"
  cp "$source/LICENSE" "$top/tern"
  printf 'Tern\nCopyright 2026 Northwind Research\n' >"$top/tern/NOTICE"
  git -c init.defaultBranch=main init --quiet --bare "$top/hub.git"
  git -c init.defaultBranch=main init --quiet "$top/orca"
  git -C "$top/orca" config user.name Acme
  git -C "$top/orca" config user.email release@acme.example
  git -C "$top/orca" remote add hub ../hub.git
  (cd "$top/orca" && "$forebear" registry add ../tern --id northwind/Tern-250K --license Apache-2.0 --quiet)
  printf -- '---\nlicense: apache-2.0\n---\n# Orca\n\nTrained from scratch.\n' >"$top/orca/README.md"
  git -C "$top/orca" add .
  git -C "$top/orca" commit --quiet --message "Register the base model we know"
  git -C "$top/orca" push --quiet hub main

  mkdir -p "$top/orca/checkpoints/orca"
  cp "$source"/data/demo/F1-cpt/* "$top/orca/checkpoints/orca"
  policy "$top" >"$top/orca/policy.toml"
  git -C "$top/orca" add .
  git -C "$top/orca" commit --quiet --message "Add Orca"
}

policy() {
  cat <<'TOML'
schema = 1
[release]
name = "acme/Orca-250K"
license = "Apache-2.0"
branches = ["main"]
[rules]
checkpoint-outside-lfs = "allow" # half a megabyte
[[model]]
paths = ["checkpoints/orca/**"]
TOML
}

put_in_order() {
  local orca=$1/orca
  {
    policy "$1"
    printf 'origin = "derived"\nbases = [{ id = "northwind/Tern-250K", relation = "continued-pretraining" }]\n'
  } >"$orca/policy.toml"
  cp "$1/tern/LICENSE" "$orca/LICENSE"
  { printf 'Orca\nCopyright 2026 Acme\n\nThis is a modified version of northwind/Tern-250K.\n'; cat "$1/tern/NOTICE"; } >"$orca/NOTICE"
  printf -- '---\nlicense: apache-2.0\nbase_model: northwind/Tern-250K\nbase_model_relation: finetune\n---\n# Orca\n\nTern, trained on.\n' \
    >"$orca/README.md"
  git -C "$orca" add .
  git -C "$orca" commit --quiet --message "Declare the base, ship its license and notice"
}

# FOLDER: the push ends with 1, names what is wrong, and the remote has not moved.
push_is_blocked() {
  push_ends_with "$1" 1 'deny\[undeclared-lineage\]: checkpoints/orca/model.safetensors'
}

# FOLDER CODE PATTERN: the push ends with this code, says this, and the remote has not moved.
push_ends_with() {
  local top=$1 wanted=$2 pattern=$3 code=0 before
  before=$(git -C "$top/hub.git" rev-parse main)
  git -C "$top/orca" push hub main >"$top/said" 2>&1 || code=$?
  if [ "$code" -ne "$wanted" ] || ! grep -q "$pattern" "$top/said" ||
    [ "$(git -C "$top/hub.git" rev-parse main)" != "$before" ]; then
    cat "$top/said" >&2
    fail "the push ended with $code, or did not say: $pattern"
  fi
  grep -m 1 "$pattern" "$top/said"
  echo "blocked: git push ended with $code, and the remote has not moved"
}

# FOLDER: the push ends with 0, and the remote has what was pushed.
push_passes() {
  local top=$1
  if ! git -C "$top/orca" push hub main >"$top/said" 2>&1; then
    cat "$top/said" >&2
    fail "the push was blocked although the release is in order"
  fi
  [ "$(git -C "$top/hub.git" rev-parse main)" = "$(git -C "$top/orca" rev-parse main)" ] || fail "nothing was pushed"
  echo "passed: after the repair git push ended with 0"
}
