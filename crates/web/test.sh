#!/usr/bin/env bash
# Everything that holds of the page: types, units, that the committed bundle is what the sources
# make, and real browsers on real nodes. Needs Node.js, npm, Chromium and the program.
#
#   crates/web/test.sh [target/debug/polder]
#
# Pictures of what was seen are kept in target/web. While working on the page, one file of tests, with
# a bundle from disk instead of the one in the program:
#
#   npm run build && POLDER_WEB_BUNDLE=dist npm run browser -- people
set -euo pipefail
POLDER=$(realpath "${1:-target/debug/polder}")
export POLDER
cd "$(dirname "$0")"
export npm_config_update_notifier=false

npm ci --no-fund --no-audit --loglevel=error
npm run --silent generate
npm run --silent check
npm run --silent unit

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
POLDER_WEB_OUT=$made npm run --silent build
if ! diff --recursive --brief "$made" dist; then
  echo 'crates/web/dist is not what the sources make: run crates/web/build.sh and commit it.'
  exit 1
fi

CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
export CHROMIUM
if [[ -z $CHROMIUM ]]; then
  echo 'skipped: browser tests: no Chromium here'
  exit 0
fi
npm run --silent browser
