#!/usr/bin/env bash
# Measures etcd, NATS and Polder in one run and prints ratios.
# Usage: benches/peers/run.sh [ARGS]; ARGS go to the measuring program, after `--` to `polder bench`.
set -euo pipefail
cd "$(dirname "$0")/../.."
# The servers, and protoc for etcd's client.
if ! command -v protoc >/dev/null || ! [ -x /usr/bin/etcd ] || ! [ -x /usr/sbin/nats-server ]; then
  as_root=$([ "$(id -u)" = 0 ] || echo sudo)
  $as_root apt-get update -q
  $as_root apt-get install -q -y --no-install-recommends etcd-server nats-server protobuf-compiler
fi
cargo build --release --locked --bin polder
polder=${CARGO_TARGET_DIR:-target}/release/polder
cargo run --release --locked --manifest-path benches/peers/Cargo.toml -- --polder "$polder" "$@"
