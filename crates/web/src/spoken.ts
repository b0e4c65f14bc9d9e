// The map in words, for who listens and for paper: what lies where, seen from the nearest town.
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Geometry } from "./gen/polder/v1/geometry_pb.ts";
import type { PlaceRow } from "./map/base.ts";
import type { Position } from "./understand.ts";
import type { Lang } from "./words/index.ts";

const WINDS: Record<Lang, string[]> = {
  nl: ["noord", "noordoost", "oost", "zuidoost", "zuid", "zuidwest", "west", "noordwest"],
  en: ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"],
};
/** A town that people know. */
const TOWN = 12_000;

/** A point in the middle of a shape. */
export function middle(geometry: Geometry | undefined): Position | undefined {
  const shape = geometry?.shape;
  const mean = (points: Position[]): Position | undefined =>
    points.length === 0 ? undefined : {
      latitude: points.reduce((sum, at) => sum + at.latitude, 0) / points.length,
      longitude: points.reduce((sum, at) => sum + at.longitude, 0) / points.length,
    };
  switch (shape?.case) {
    case "point":
      return shape.value;
    case "line":
      return mean(shape.value.points);
    case "polygon":
      return mean(shape.value.rings[0]?.points.slice(1) ?? []);
    case "circle":
      return shape.value.center;
    case "multi":
      return mean(shape.value.geometries.map(middle).filter((at) => at !== undefined));
    default:
      return undefined;
  }
}

/** What was said of an entry: a page is drawn far more often than an entry changes. */
const told = new WeakMap<Entry, [towns: readonly PlaceRow[], lang: Lang, words: string]>();

/** `4 km noordoost van Venlo`; empty when it lies nowhere. */
export function spoken(entry: Entry, towns: readonly PlaceRow[], lang: Lang): string {
  const before = told.get(entry);
  if (before?.[0] === towns && before[1] === lang) return before[2];
  const words = nearest(entry, towns, lang);
  told.set(entry, [towns, lang, words]);
  return words;
}

const known = new WeakMap<readonly PlaceRow[], PlaceRow[]>();

/** Those of them that people know. */
function wellKnown(towns: readonly PlaceRow[]): PlaceRow[] {
  const found = known.get(towns) ?? towns.filter((row) => row[3] >= TOWN || row[4] !== "NL");
  known.set(towns, found);
  return found;
}

function nearest(entry: Entry, towns: readonly PlaceRow[], lang: Lang): string {
  const at = middle(entry.geometry);
  if (!at) return "";
  let best: PlaceRow | undefined;
  let least = Infinity;
  const shrink = Math.cos((at.latitude * Math.PI) / 180);
  for (const row of wellKnown(towns)) {
    const [east, north] = [(at.longitude - row[1]) * shrink, at.latitude - row[2]];
    const square = east * east + north * north;
    if (square < least) [best, least] = [row, square];
  }
  const far = Math.sqrt(least) * 111.3;
  if (!best || far > 200) return "";
  const [town] = best;
  const [east, north] = [(at.longitude - best[1]) * shrink, at.latitude - best[2]];
  if (far < 1.5) return `in ${town}`;
  const wind = WINDS[lang][Math.round(((Math.atan2(east, north) * 180) / Math.PI + 360) / 45) % 8] ?? "";
  return lang === "nl" ? `${Math.round(far)} km ${wind} van ${town}` : `${Math.round(far)} km ${wind} of ${town}`;
}
