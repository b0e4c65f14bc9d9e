"""What the base map is of, and how its lines become short."""

import math

# West, south, east, north; how finely lines are kept, in degrees.
BOXES = [
    ("europe", (0.5, 48.9, 10.5, 54.8), 0.0009),
    ("leeward", (-70.3, 11.9, -68.0, 12.8), 0.0006),
    ("windward", (-63.5, 17.3, -62.8, 18.3), 0.0006),
]


def simplify(line, tolerance):
    """Douglas and Peucker, without recursion; degrees of longitude count less up here."""
    if len(line) < 3:
        return line
    shrink = math.cos(math.radians(line[0][1]))
    keep = {0, len(line) - 1}
    work = [(0, len(line) - 1)]
    while work:
        first, last = work.pop()
        (ax, ay), (bx, by) = line[first], line[last]
        dx, dy = (bx - ax) * shrink, by - ay
        length = math.hypot(dx, dy)
        worst, at = 0.0, None
        for place in range(first + 1, last):
            px, py = (line[place][0] - ax) * shrink, line[place][1] - ay
            away = abs(px * dy - py * dx) / length if length else math.hypot(px, py)
            if away > worst:
                worst, at = away, place
        if at is not None and worst > tolerance:
            keep.add(at)
            work += [(first, at), (at, last)]
    return [line[place] for place in sorted(keep)]


def rounded(line, digits=4):
    """With so many digits, and no point twice in a row."""
    out = []
    for x, y in line:
        point = [round(x, digits), round(y, digits)]
        if not out or out[-1] != point:
            out.append(point)
    return out
