#!/usr/bin/env bash
# Prints how fast the page is, as a table. Needs Node.js, npm, Chromium and the program.
# POLDER_WEB_SOAK_S: how long fifty updates a second go on (60 s; 3600 for an hour).
#
#   crates/web/speed.sh [target/release/polder]
set -euo pipefail
POLDER=$(realpath "${1:-target/release/polder}")
export POLDER
cd "$(dirname "$0")"
export npm_config_update_notifier=false
npm ci --no-fund --no-audit --loglevel=error
npm run --silent generate
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
export CHROMIUM
npm run --silent speed
