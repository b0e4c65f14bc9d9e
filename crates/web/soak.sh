#!/usr/bin/env bash
# Fifty updates a second on one page for ten minutes, after which it must hold no more than before.
# Needs Node.js, npm, Chromium and the program. POLDER_WEB_SOAK_S: for how many seconds (600).
#
#   crates/web/soak.sh [target/debug/polder]
set -euo pipefail
POLDER=$(realpath "${1:-target/debug/polder}")
export POLDER
cd "$(dirname "$0")"
export npm_config_update_notifier=false
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
export CHROMIUM
if [[ -z $CHROMIUM ]]; then
  echo 'skipped: memory of the page: no Chromium here'
  exit 0
fi
npm ci --no-fund --no-audit --loglevel=error
npm run --silent generate
npm run --silent soak
