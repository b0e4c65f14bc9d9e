import { readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { WAYS, widthOf } from "../../src/map/ways.ts";

type Line = [number, number][];
const lines = (way: string): Line[] => {
  const { features } = JSON.parse(readFileSync(`public/map/${way}.json`, "utf8")) as { features: { geometry: { coordinates: Line[] } }[] };
  return features.flatMap((one) => one.geometry.coordinates);
};
const drawn = { roads: lines("roads"), rails: lines("rails") };

/** Kilometres from a spot to the nearest line, as a plane. */
function away(all: Line[], [x, y]: [number, number]): number {
  let best = Infinity;
  for (const line of all) {
    for (let at = 1; at < line.length; at += 1) {
      const [ax, ay] = [(line[at - 1]![0] - x) * 68.5, (line[at - 1]![1] - y) * 111.2];
      const [bx, by] = [(line[at]![0] - x) * 68.5, (line[at]![1] - y) * 111.2];
      const [dx, dy] = [bx - ax, by - ay];
      const along = Math.min(1, Math.max(0, -(ax * dx + ay * dy) / (dx * dx + dy * dy || 1)));
      best = Math.min(best, Math.hypot(ax + along * dx, ay + along * dy));
    }
  }
  return best;
}

test("main roads and railways run past where everybody knows that they do", () => {
  const roads: [string, [number, number]][] = [
    ["Knooppunt Oudenrijn", [5.066, 52.065]], ["Kerensheide", [5.80, 50.965]], ["Prins Clausplein", [4.385, 52.055]],
    ["Afsluitdijk", [5.23, 53.02]], ["Hoogkerk", [6.51, 53.21]],
  ];
  for (const [name, at] of roads) expect([name, away(drawn.roads, at) < 2.5]).toEqual([name, true]);
  const rails: [string, [number, number]][] = [
    ["Utrecht Centraal", [5.11, 52.089]], ["Maastricht", [5.7055, 50.85]], ["Groningen", [6.564, 53.21]], ["Vlissingen", [3.596, 51.445]],
    ["Zwolle", [6.091, 52.505]], ["Roermond", [5.994, 51.192]],
  ];
  for (const [name, at] of rails) expect([name, away(drawn.rails, at) < 1.5]).toEqual([name, true]);
});

test("there is no road through the sea, and every line lies on the map", () => {
  // In the North Sea and in the IJsselmeer.
  for (const at of [[4.0, 52.9], [3.2, 52.3], [5.35, 52.75]] as [number, number][]) {
    expect(Math.min(away(drawn.roads, at), away(drawn.rails, at))).toBeGreaterThan(4);
  }
  for (const way of WAYS) {
    expect(drawn[way].length).toBeGreaterThan(1_000);
    // A line that leaves the map may go on to its next bend.
    const on = ([x, y]: [number, number]): boolean => (x > -71 && x < -62 && y > 11 && y < 19) || (x > -0.5 && x < 11.5 && y > 48 && y < 55.5);
    expect(drawn[way].filter((line) => line.length < 2 || !line.every(on))).toEqual([]);
  }
});

test("the map stays small enough for a slow line, and says whose data it is", () => {
  const files = ["coast", "places", "regions", "roads", "rails"].map((name) => `public/map/${name}.json`);
  const packed = files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
  expect(packed).toBeLessThan(600_000);
  expect(files.every((file) => statSync(file).size > 10_000)).toBe(true);
  const licences = readFileSync("public/map/LICENCES.txt", "utf8");
  for (const word of ["roads.json", "rails.json", "OpenStreetMap contributors", "Open Database License"]) expect(licences).toContain(word);
});

test("from far off lines are thin, and never thinner from nearer", () => {
  const widths = [2_000, 600, 300, 100, 20, 1].map(widthOf);
  expect(widths).toEqual([...widths].sort((a, b) => a - b));
});
