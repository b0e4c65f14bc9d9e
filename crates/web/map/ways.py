"""Makes the main roads and railways of the base map; run by map/make.sh, its output is committed.

    python3 map/ways.py scgraph_data-2.0.0-py3-none-any.whl public/map

The package holds networks of highways and railways of the world, derived from OpenStreetMap: places
and which of them are joined, for planning, without the bends between. What is made of them is a
database derived from OpenStreetMap, so it stands in files of its own under the ODbL.
"""

import json
import re
import sys
import zipfile
from collections import defaultdict

from shapes import BOXES, rounded, simplify

# Lines go together by squares of so many degrees: what is not in view is not drawn.
SQUARE = 0.5
# Shorter pieces that lead nowhere are junctions and yards, in degrees.
STUB = 0.004
PLACE = re.compile(r"\[(-?[\d.]+(?:e-?\d+)?), (-?[\d.]+(?:e-?\d+)?)\]")


def network(wheel, name):
    """Places as longitude and latitude, and for each the numbers of those it is joined with."""
    text = wheel.read(f"scgraph_data/{name}.py").decode()
    parts = dict(line.split("=", 1) for line in text.splitlines() if "=" in line[:8])
    places = [(float(y), float(x)) for x, y in PLACE.findall(parts["nodes"])]
    rows = parts["graph"].strip("[]{} \n").split("}, {")
    return places, rows


def near(place, box):
    west, south, east, north = box
    return west <= place[0] <= east and south <= place[1] <= north


def joined(places, rows, boxes):
    """Which places in the boxes are joined; both ways."""
    inside = {at for at, place in enumerate(places) if any(near(place, box) for box in boxes)}
    found = defaultdict(set)
    for here in inside:
        for there in map(int, re.findall(r"(\d+):", rows[here])):
            if there != here and places[there] != places[here]:
                found[here].add(there)
                found[there].add(here)
    return found


def chains(found):
    """Runs of places between those where more than two meet, each run once."""
    left = {(a, b) for a in found for b in found[a]}
    ends = sorted(at for at in found if len(found[at]) != 2)
    # What is a ring has no end: it begins anywhere.
    for start in ends + sorted(found):
        for step in sorted(found[start]):
            if (start, step) not in left:
                continue
            run, here = [start], step
            left -= {(start, step), (step, start)}
            while True:
                run.append(here)
                onward = [n for n in found[here] if (here, n) in left]
                if len(found[here]) != 2 or not onward:
                    break
                left -= {(here, onward[0]), (onward[0], here)}
                here = onward[0]
            yield run


def length(line):
    return sum(max(abs(a[0] - b[0]), abs(a[1] - b[1])) for a, b in zip(line, line[1:]))


def ways(wheel, name):
    """Features, one for each square."""
    places, rows = network(wheel, name)
    found = joined(places, rows, [box for _, box, _ in BOXES])
    squares = defaultdict(list)
    for run in chains(found):
        line = [places[at] for at in run]
        loose = len(found[run[0]]) == 1 or len(found[run[-1]]) == 1
        if loose and length(line) < STUB:
            continue
        line = rounded(simplify(line, 0.0009), 3)
        if len(line) > 1:
            middle = line[len(line) // 2]
            squares[tuple(int(part // SQUARE) for part in middle)].append(line)
    for square in sorted(squares):
        lines = sorted(squares[square])
        geometry = {"type": "MultiLineString", "coordinates": lines}
        yield {"type": "Feature", "properties": {}, "geometry": geometry}


def main():
    wheel, out = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
    for name, file in (("world_highways", "roads"), ("world_railways", "rails")):
        rows = [json.dumps(row, separators=(",", ":")) for row in ways(wheel, name)]
        with open(f"{out}/{file}.json", "w", encoding="utf-8") as file:
            body = ",\n".join(rows)
            file.write('{"type":"FeatureCollection","features":[\n' + body + "\n]}\n")


main()
