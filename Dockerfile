# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
#
# forebear with the git and git-lfs that it works beside. The repository is mounted at /work:
#   docker build --tag forebear .
#   docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$PWD:/work" forebear check --tree HEAD
FROM rust:1.95.0-slim-trixie@sha256:e14e87345b4d5964ddcc3491d27ee046a0f23820f340c3c1e24da6880141f7c0 AS build
WORKDIR /forebear
COPY . .
RUN cargo build --release --locked --package forebear --bin forebear

FROM debian:trixie-slim@sha256:d7e12182ce18b85b93007c1dedf31f2d29e01ccf3182cc4017c709b6259bc132
# Debian keeps no old versions of its packages to pin; the image's digest says which release of Debian they are of.
# openssh-client is for `forebear attest`, which signs with ssh-keygen.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git git-lfs openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    # What is mounted belongs to somebody else than who runs here. git refuses such repositories unless they are named;
    # this one is, and no other.
    && git config --system --add safe.directory /work \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin forebear
COPY --from=build /forebear/target/release/forebear /usr/local/bin/forebear
COPY LICENSE NOTICE /usr/share/doc/forebear/
# Writable whoever `--user` names; mount a volume here to keep fingerprints.
ENV FOREBEAR_CACHE=/tmp/forebear
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["forebear"]
CMD ["--help"]
