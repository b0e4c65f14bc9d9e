"""Makes the 25 safety regions of the page's map, as an indication.

    map/regions.py nl_maps-0.2.0-*.whl public/map

Which municipality lies in which region (2023) is in municipalities.csv. Where municipalities lie
comes from a picture of their borders of 2024 in the package nl-maps, by Statistics Netherlands
(CBS) and Kadaster: each area of the picture is one municipality or more, and gets its region from
the places of places.json that lie in it. One dot is 152 metres. Operators who have the official
borders lay them into the node's layers instead.
"""

import csv
import json
import math
import os
import struct
import sys
import zipfile
import zlib

PICTURE = "nl_maps/source/nl_municipalities.png"
# Where the picture lies in the national grid (RD): metres a dot, west and north edge. Fitted to the
# coast and the border of coast.json; the extremes of the country agree within two dots.
WIDE, HIGH, WEST, NORTH = 152.475, 152.64, 13_219, 619_581
# Outlines keep what is further out than this, in dots.
TOLERANCE = 1.7
# A place on a line belongs to the nearest area, this far at most.
REACH = 5
# What is smaller is no shape but a speck, in edges of dots.
SPECK = 60
SEATS = {
    "Almere": "Almere~Stad", "Achtkarspelen": "Buitenpost Surhuisterveen", "Ameland": "Hollum",
    "Ooststellingwerf": "Oosterwolde", "Opsterland": "Beetsterzwaag Gorredijk",
    "Smallingerland": "Drachten", "Terschelling": "West-Terschelling", "Vlieland": "Oost-Vlieland",
    "Weststellingwerf": "Wolvega", "Noordoostpolder": "Emmeloord",
    "Maasdriel": "Kerkdriel", "Edam-Volendam": "Edam Volendam", "Haarlemmermeer": "Hoofddorp",
    "Ouder-Amstel": "Duivendrecht", "Texel": "Den~Burg", "Velsen": "IJmuiden",
    "'s-Gravenhage": "Den~Haag",
    "Katwijk": "Katwijk~aan~Zee", "Reimerswaal": "Yerseke Kruiningen",
    "Veere": "Domburg", "De Ronde Venen": "Mijdrecht", "Tytsjerksteradiel": "Burgum",
    "Pekela": "Oude~Pekela", "Waterland": "Monnickendam", 
    "Valkenburg aan de Geul": "Houthem", "Horst aan de Maas": "Sevenum Grubbenvorst",
    "Oude IJsselstreek": "Terborg Ulft", "Teylingen": "Sassenheim Voorhout",
    "Utrechtse Heuvelrug": "Doorn Driebergen", "Oost Gelre": "Lichtenvoorde Groenlo",
    "Koggenland": "Obdam", "Lansingerland": "Bergschenhoek", "Leudal": "Heythuysen",
    "Maasgouw": "Maasbracht", "Gemert-Bakel": "Gemert", 
    "Heeze-Leende": "Heeze", "Laarbeek": "Aarle-Rixtel", "Reusel-De Mierden": "Reusel",
    "Schouwen-Duiveland": "Zierikzee Renesse", "Aa en Hunze": "Gieten",
    "Borger-Odoorn": "Borger", "De Wolden": "Ruinen", "Noordenveld": "Roden",
    "Twenterand": "Vriezenveen", "Westerveld": "Dwingeloo Diever", "Lingewaard": "Bemmel",
    "Steenwijkerland": "Steenwijk Vollenhove", "Drimmelen": "Made", "Bernheze": "Heesch",
    "Gulpen-Wittem": "Gulpen", "Midden-Drenthe": "Beilen", "Overbetuwe": "Elst",
    "Hof van Twente": "Goor Delden", "Neder-Betuwe": "Opheusden", 
    "Geldrop-Mierlo": "Geldrop", "Olst-Wijhe": "Olst", "Dinkelland": "Ootmarsum",
    "Westland": "Naaldwijk", "Berkelland": "Borculo Eibergen Neede", "Bronckhorst": "Vorden",
    "Sittard-Geleen": "Sittard Geleen", "Kaag en Braassem": "Roelofarendsveen",
    "Dantumadiel": "Damwâld",  "Peel en Maas": "Panningen Maasbree",
    "Oldambt": "Winschoten Scheemda", "Zwartewaterland": "Hasselt Genemuiden",
    "Súdwest-Fryslân": "Sneek Bolsward Workum Makkum", "Bodegraven-Reeuwijk": "Bodegraven",
    "Eijsden-Margraten": "Eijsden Margraten", "Stichtse Vecht": "Maarssen Breukelen",
    "Hollands Kroon": "Anna~Paulowna Wieringerwerf", "Leidschendam-Voorburg": "Voorburg",
    "Goeree-Overflakkee": "Middelharnis Ouddorp", "Pijnacker-Nootdorp": "Pijnacker",
    "Nissewaard": "Spijkenisse", "Krimpenerwaard": "Schoonhoven Bergambacht",
    "De Fryske Marren": "Joure Lemmer Balk", "Gooise Meren": "Bussum Naarden",
    "Meierijstad": "Veghel Schijndel", "Waadhoeke": "Franeker", "Westerwolde": "Ter~Apel Vlagtwedde",
    "Midden-Groningen": "Hoogezand Slochteren", "Beekdaelen": "Nuth", "Montferland": "'s-Heerenberg",
    "Altena": "Werkendam Woudrichem", "West Betuwe": "Geldermalsen", "Mook en Middelaar": "Mook",
    "Vijfheerenlanden": "Leerdam Vianen", "Hoekse Waard": "Oud-Beijerland Puttershoek",
    "Het Hogeland": "Winsum Uithuizen", "Westerkwartier": "Leek Zuidhorn",
    "Noardeast-Fryslân": "Dokkum Kollum", "Molenlanden": "Nieuw-Lekkerland Groot-Ammers",
    "Eemsdelta": "Delfzijl Appingedam", "Dijk en Waard": "Heerhugowaard",
    "Land van Cuijk": "Cuijk Boxmeer Grave", "Maashorst": "Uden", "Voorne aan Zee": "Hellevoetsluis",
    "Buren": "Maurik", "West Maas en Waal": "Beneden-Leeuwen Druten",
    "Bergen (NH.)": "Egmond~aan~Zee", "Hardinxveld-Giessendam": "Neder-Hardinxveld",
    "Noordwijk": "Noordwijk-Binnen", "Albrandswaard": "Rhoon", "Zoeterwoude": "Zoeterwoude-Dorp",
    "Gilze en Rijen": "Rijen", "Nuenen, Gerwen en Nederwetten": "Nuenen", "Alphen-Chaam": "Chaam",
    "Roerdalen": "Sint~Odiliënberg Herkenbosch", "Noord-Beveland": "Wissenkerke",
    "Wijdemeren": "Kortenhoef", "Midden-Delfland": "Maasland", "Son en Breugel": "Son",
}
# Municipalities of which the places have none, or another of that name: where the largest village lies, roughly.
POINTS = {
    "Hellendoorn": (6.46, 52.365), "Eemnes": (5.26, 52.25), "Oostzaan": (4.875, 52.44),
    "Deurne": (5.795, 51.46), "Rijssen-Holten": (6.52, 52.31), "Zuidplas": (4.67, 51.985),
    "Wormerland": (4.81, 52.495), "Drechterland": (5.18, 52.69), "Stede Broec": (5.24, 52.70),
    "Landgraaf": (6.03, 50.89), "Bergen (L.)": (6.05, 51.60), "Halderberge": (4.53, 51.59),
    "Echt-Susteren": (5.87, 51.10), "Borsele": (3.81, 51.47), "Etten-Leur": (4.635, 51.575),
    "Schiermonnikoog": (6.16, 53.48), "Bloemendaal": (4.61, 52.405), "Heusden": (5.17, 51.69),
}
STEPS = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y]
# From and to the national grid, by the polynomials of Schreutelkamp and Strang van Hees.
TO_X = [
    (0, 1, 190094.945), (1, 1, -11832.228), (2, 1, -114.221), (0, 3, -32.391), (1, 0, -0.705),
    (3, 1, -2.34), (1, 3, -0.608), (0, 2, -0.008), (2, 3, 0.148),
]
TO_Y = [
    (1, 0, 309056.544), (0, 2, 3638.893), (2, 0, 73.077), (1, 2, -157.984), (3, 0, 59.788),
    (0, 1, 0.433), (2, 2, -6.439), (1, 1, -0.032), (0, 4, 0.092), (1, 4, -0.054),
]
TO_LATITUDE = [
    (0, 1, 3235.65389), (2, 0, -32.58297), (0, 2, -0.2475), (2, 1, -0.84978), (0, 3, -0.0655),
    (2, 2, -0.01709), (1, 0, -0.00738), (4, 0, 0.0053), (2, 3, -0.00039), (4, 1, 0.00033),
    (1, 1, -0.00012),
]
TO_LONGITUDE = [
    (1, 0, 5260.52916), (1, 1, 105.94684), (1, 2, 2.45656), (3, 0, -0.81885), (1, 3, 0.05594),
    (3, 1, -0.05607), (0, 1, 0.01199), (3, 2, -0.00256), (1, 4, 0.00128), (0, 2, 0.00022),
    (2, 0, -0.00022), (5, 0, 0.00026),
]


def total(terms, a, b):
    return sum(factor * a**p * b**q for p, q, factor in terms)


def degrees(x, y):
    """Longitude and latitude of a corner of a dot; rows count from the south."""
    east, north = WEST + x * WIDE, NORTH - (ROWS - y) * HIGH
    a, b = (east - 155_000) / 100_000, (north - 463_000) / 100_000
    return [round(5.38720621 + total(TO_LONGITUDE, a, b) / 3600, 4),
            round(52.1551744 + total(TO_LATITUDE, a, b) / 3600, 4)]


def cell(longitude, latitude):
    """Row and column of the dot at a place."""
    a, b = 0.36 * (latitude - 52.1551744), 0.36 * (longitude - 5.38720621)
    x, y = 155_000 + total(TO_X, a, b), 463_000 + total(TO_Y, a, b)
    return ROWS - 1 - int((NORTH - y) / HIGH), int((x - WEST) / WIDE)


def dots(picture):
    """Reads a PNG of 8 bits RGBA: rows of bytes, the northern one first."""
    at, packed = 8, b""
    while at < len(picture):
        length, sort = struct.unpack(">I4s", picture[at : at + 8])
        chunk = picture[at + 8 : at + 8 + length]
        if sort == b"IHDR":
            columns, rows, depth, colour = struct.unpack(">IIBB", chunk[:10])
            if (depth, colour, chunk[12]) != (8, 6, 0):
                raise ValueError("another sort of PNG")
        if sort == b"IDAT":
            packed += chunk
        at += 12 + length
    raw, size = zlib.decompress(packed), columns * 4
    before, out = bytearray(size + 4), []
    for row in range(rows):
        start = row * (size + 1)
        line = bytearray(4) + raw[start + 1 : start + 1 + size]
        unfilter(raw[start], line, before)
        out.append(line[4:])
        before = line
    return columns, rows, out


def unfilter(how, line, before):
    """In place; four bytes of nothing stand before both lines."""
    for x in range(4, len(line)) if how else ():
        left, up, slant = line[x - 4], before[x], before[x - 4]
        if how == 1:
            guess = left
        elif how == 2:
            guess = up
        elif how == 3:
            guess = (left + up) >> 1
        else:
            near = left + up - slant
            guess = min((left, up, slant), key=lambda one: abs(near - one))
        line[x] = (line[x] + guess) & 255


def areas(lines):
    """A number for each dot of an area, 0 elsewhere, and which dots are of the country at all."""
    inside = [[0] * COLUMNS for _ in range(ROWS)]
    solid = [bytearray(COLUMNS) for _ in range(ROWS)]
    for number, line in enumerate(lines):
        row = ROWS - 1 - number
        for column in range(COLUMNS):
            if line[4 * column + 3] > 128:
                solid[row][column] = 1
                # Lines between areas are darker than the areas.
                inside[row][column] = -1 if line[4 * column] >= 180 else 0
    count = 0
    for row in range(ROWS):
        for column in range(COLUMNS):
            if inside[row][column] != -1:
                continue
            count += 1
            inside[row][column], work = count, [(row, column)]
            while work:
                r, c = work.pop()
                for a, b in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
                    if 0 <= a < ROWS and 0 <= b < COLUMNS and inside[a][b] == -1:
                        inside[a][b] = count
                        work.append((a, b))
    return inside, solid


def seeds(places, table):
    """Longitude, latitude, region and municipality of each place that tells."""
    largest = {}
    for name, x, y, _, country in places:
        if country == "NL":
            largest.setdefault(name, (x, y))
    out, lost = [], []
    for row in table:
        name, region = row["municipality"], int(row["region_code"][2:])
        if name in POINTS:
            found = [POINTS[name]]
        else:
            names = SEATS[name].split() if name in SEATS else [name]
            found = [largest[seat] for seat in (n.replace("~", " ") for n in names) if seat in largest]
        if not found:
            lost.append(name)
        out += [(x, y, region, name) for x, y in found]
    if lost:
        sys.exit("without a place of their own: " + ", ".join(lost))
    return out


def at(inside, row, column):
    """The area at a dot, or the nearest one."""
    for reach in range(REACH + 1):
        for r in range(row - reach, row + reach + 1):
            for c in range(column - reach, column + reach + 1):
                if 0 <= r < ROWS and 0 <= c < COLUMNS and inside[r][c] > 0:
                    return inside[r][c]
    return None


def spread(inside, solid, region):
    """The region of each dot: that of its area, and of lines and specks that of the nearest area."""
    label = [[region.get(number, 0) if number else 0 for number in line] for line in inside]
    edge = [(r, c) for r in range(ROWS) for c in range(COLUMNS) if label[r][c]]
    while edge:
        onward = []
        for row, column in edge:
            for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if 0 <= r < ROWS and 0 <= c < COLUMNS and not label[r][c]:
                    label[r][c] = label[row][column]
                    onward.append((r, c))
        edge = onward
    return [[one if there else 0 for one, there in zip(*both)] for both in zip(label, solid)]


def rings(label, region):
    """The outlines of a region along the edges of its cells, the region on the left."""
    ahead = {}
    for row in range(ROWS):
        for column in range(COLUMNS):
            if label[row][column] != region:
                continue
            corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
            beyond = [(row - 1, column), (row, column + 1), (row + 1, column), (row, column - 1)]
            for side, (r, c) in enumerate(beyond):
                if label[r][c] != region:
                    ahead.setdefault(corners[side], []).append(corners[(side + 1) % 4])
    found = []
    while ahead:
        start = here = min(ahead)
        ring, came = [start], None
        while True:
            ways = ahead[here]
            if came and len(ways) > 1:
                dx, dy = here[0] - came[0], here[1] - came[1]
                ways.sort(key=lambda to: dx * (to[1] - here[1]) - dy * (to[0] - here[0]))
            to = ways.pop()
            if not ways:
                del ahead[here]
            came, here = here, to
            ring.append(here)
            if here == start:
                break
        # The other way round is a lake, over which the region goes on.
        if sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:])) > 0:
            found.append(ring)
    return found


def thin(line):
    """Douglas and Peucker from the same end whichever way it comes, so that neighbours agree."""
    turned = line[0] > line[-1]
    line = line[::-1] if turned else line
    keep, work = {0, len(line) - 1}, [(0, len(line) - 1)]
    while work:
        first, last = work.pop()
        (ax, ay), (bx, by) = line[first], line[last]
        dx, dy = bx - ax, by - ay
        length, worst, at = math.hypot(dx, dy), 0.0, None
        for place in range(first + 1, last):
            px, py = line[place][0] - ax, line[place][1] - ay
            away = abs(px * dy - py * dx) / length if length else math.hypot(px, py)
            if away > worst:
                worst, at = away, place
        if at is not None and worst > TOLERANCE:
            keep.add(at)
            work += [(first, at), (at, last)]
    out = [line[place] for place in sorted(keep)]
    return out[::-1] if turned else out


def meets(label, corner):
    """How many regions meet in a corner."""
    x, y = corner
    return len({label[r][c] for r in (y - 1, y) for c in (x - 1, x) if 0 <= r < ROWS and 0 <= c < COLUMNS})


def drawn(label, ring):
    if len(ring) < SPECK:
        return None
    joints = [place for place, corner in enumerate(ring[:-1]) if meets(label, corner) > 2]
    if not joints:
        least = min(range(len(ring) - 1), key=lambda place: ring[place])
        most = max(range(len(ring) - 1), key=lambda place: ring[place])
        joints = sorted({least, most})
    first = joints[0]
    ring = ring[first:-1] + ring[: first + 1]
    cuts = [place - first for place in joints] + [len(ring) - 1]
    out = []
    for begin, end in zip(cuts, cuts[1:]):
        out += thin(ring[begin : end + 1])[:-1]
    points = [degrees(x, y) for x, y in out]
    return points + points[:1] if len(points) > 2 else None


def main():
    global COLUMNS, ROWS
    wheel, out = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
    COLUMNS, ROWS, lines = dots(wheel.read(PICTURE))
    with open(f"{out}/places.json", encoding="utf-8") as file:
        places = json.load(file)
    here = os.path.dirname(os.path.abspath(__file__))
    with open(f"{here}/municipalities.csv", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    inside, solid = areas(lines)
    region, told = {}, {}
    for x, y, number, name in seeds(places, table):
        area = at(inside, *cell(x, y))
        if area is None:
            print(f"{name} lies in no area", file=sys.stderr)
        elif region.setdefault(area, number) != number:
            print(f"{name} and {told[area]} lie in one area", file=sys.stderr)
        told.setdefault(area, name)
    print(f"{len(table)} municipalities in {len(region)} areas", file=sys.stderr)
    label = spread(inside, solid, region)
    names = {int(row["region_code"][2:]): row["region"] for row in table}
    features = []
    for number in sorted(names):
        parts = [part for part in (drawn(label, ring) for ring in rings(label, number)) if part]
        geometry = {"type": "MultiPolygon", "coordinates": [[part] for part in parts]}
        properties = {"code": f"VR{number:02}", "name": names[number]}
        feature = {"type": "Feature", "properties": properties, "geometry": geometry}
        features.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    with open(f"{out}/regions.json", "w", encoding="utf-8") as file:
        file.write('{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n")


main()
