import { expect, test } from "vitest";
import { fromRd, toRd, written } from "../../src/rd.ts";

// As the Kadaster publishes them: Amersfoort, Westertoren, Martinitoren.
const KNOWN: [number, number, number, number][] = [
  [155000, 463000, 52.1551744, 5.38720621],
  [120700.723, 487525.501, 52.37453253, 4.88352559],
  [233883.131, 582065.167, 53.21938317, 6.56820053],
];

test.each(KNOWN)("%d %d is %d %d, within a metre", (x, y, latitude, longitude) => {
  const grid = toRd({ latitude, longitude });
  expect(Math.hypot((grid?.[0] ?? 0) - x, (grid?.[1] ?? 0) - y)).toBeLessThan(1);
  const place = fromRd(x, y);
  expect(Math.abs((place?.latitude ?? 0) - latitude)).toBeLessThan(1e-5);
  expect(Math.abs((place?.longitude ?? 0) - longitude)).toBeLessThan(1.5e-5);
});

test("outside of the grid there are no grid coordinates", () => {
  expect(toRd({ latitude: 12.15, longitude: -68.27 })).toBeUndefined();
  expect(toRd({ latitude: 48.85, longitude: 2.35 })).toBeUndefined();
  expect(fromRd(500_000, 100_000)).toBeUndefined();
  expect(written({ latitude: 12.15, longitude: -68.27 })).toBe("12.1500, -68.2700");
  expect(written({ latitude: 52.1551744, longitude: 5.38720621 })).toBe("RD 155000 463000 · 52.1552, 5.3872");
});
