#!/usr/bin/env bash
# Makes the bundle in dist from the sources, to be committed with them. Needs Node.js and npm.
set -euo pipefail
cd "$(dirname "$0")"
npm ci --no-fund --no-audit --loglevel=error
npm run --silent generate
npm run --silent check
npm run --silent build
