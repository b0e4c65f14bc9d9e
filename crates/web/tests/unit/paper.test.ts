import { expect, test } from "vitest";
import { pageRule, quoted } from "../../src/paper.ts";

test("whatever a title says stays within the words at the head of a sheet", () => {
  expect(quoted('Maas "hoog" } @page { \\ \n x')).toBe('"Maas \\22 hoog\\22  \\7d  \\40 page \\7b  \\5c  x"');
  expect(pageRule("a").match(/"a"/g)).toHaveLength(1);
});
