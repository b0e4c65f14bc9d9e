import { expect, test } from "vitest";
import { growth } from "../soak/flat.ts";

test("what swings does not grow, what is warmed up does not count, and what leaks a little each time does", () => {
  const minutes = (of: (minute: number) => number, count = 11): number[] => Array.from({ length: count }, (_, minute) => of(minute));
  expect(growth(minutes(() => 20))).toBe(0);
  expect(growth(minutes((minute) => 20 - 8 / (1 + 9 * minute)))).toBeLessThan(0.3);
  expect(growth(minutes((minute) => 20 + (minute % 2), 61))).toBe(0);
  expect(growth(minutes((minute) => (minute > 8 ? 60 : 20)))).toBe(0);
  expect(growth(minutes((minute) => 20 + minute))).toBeGreaterThan(3);
  expect(growth(minutes((minute) => 20 + 0.2 * minute, 61))).toBeGreaterThan(3);
});
