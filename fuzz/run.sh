#!/usr/bin/env bash
# Runs each fuzz target (or those named) for so many minutes: fuzz/run.sh MINUTES [TARGET...]
# Ends with 1 when any of them failed: it crashed when its input stands in fuzz/artifacts/, else it
# was stopped.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=${1:?usage: fuzz/run.sh MINUTES [TARGET...]}
shift
if (($# == 0)); then
  mapfile -t targets < <(cargo fuzz list)
  set -- "${targets[@]}"
fi
failed=()
for target in "$@"; do
  mkdir -p "fuzz/corpus/$target" "fuzz/seeds/$target"
  echo "== $target, $minutes minute(s)"
  # No sanitizer: nothing of ours is unsafe, so a panic is all there is to find, and a stable
  # compiler will do. New inputs go to the corpus, which git ignores; the seeds are only read.
  nice -n 19 cargo fuzz run -s none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time=$((minutes * 60)) -max_len=16384 -rss_limit_mb=2048 -timeout=10 \
    -print_final_stats=1 || failed+=("$target")
done
if ((${#failed[@]})); then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
