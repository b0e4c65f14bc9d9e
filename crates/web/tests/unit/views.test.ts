import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { differences } from "../../src/changes.ts";
import { EntrySchema } from "../../src/gen/polder/v1/entry_pb.ts";
import { isRegions, slug } from "../../src/map/areas.ts";
import { lackingOf, report } from "../../src/methane.ts";
import { item } from "../../src/picture.ts";
import { spoken } from "../../src/spoken.ts";

test("M/ETHANE without anything but its type is one entry", () => {
  let next = 0;
  const entries = report({ type: "brand" }, () => `incidents/a/entries/${(next += 1)}`, "nl", 0, {});
  expect(entries.map((entry) => entry.texts[0]?.title)).toEqual(["brand"]);
  expect(entries[0]?.assessment).toBeUndefined();
});

test("M/ETHANE says what lacks, and which number is none", () => {
  expect([...lackingOf({ t1: "2", t2: "veel", t3: "-1", dead: "1.200" })]).toEqual([["type", "REQUIRED"], ["t2", "NOT_A_NUMBER"], ["t3", "OUT_OF_RANGE"]]);
  const [, casualties] = report({ type: "brand", dead: "1.200" }, () => crypto.randomUUID(), "nl", 0, {});
  expect(casualties?.body.case === "casualties" && casualties.body.value.figures[0]?.count?.value).toBe(1200n);
});

test("what differs between two moments is new, changed, withdrawn or contradicting", () => {
  const one = (name: string, ...versions: string[]) => item(name, versions.map((version) => create(EntrySchema, { name, version })));
  const map = (...items: ReturnType<typeof one>[]) => new Map(items.map((found) => [found.name, found]));
  const found = differences(map(one("a", "1"), one("b", "1"), one("c", "1"), one("e", "1")), map(one("a", "1"), one("b", "2"), one("d", "1"), one("e", "1", "2")));
  expect(Object.fromEntries(found.map(({ name, sort }) => [name, sort]))).toEqual({ b: "changed", c: "withdrawn", d: "new", e: "contradicting" });
});

test("a place is told from the nearest town", () => {
  const entry = create(EntrySchema, { geometry: { shape: { case: "point", value: { latitude: 51.42, longitude: 6.17 } } } });
  expect(spoken(entry, [["Venlo", 6.168, 51.37, 100_000, "NL"]], "nl")).toBe("6 km noord van Venlo");
  expect(spoken(create(EntrySchema), [["Venlo", 6.168, 51.37, 100_000, "NL"]], "nl")).toBe("");
  // What was said once is said anew when the towns are known, or in another language.
  expect(spoken(entry, [], "nl")).toBe("");
  expect(spoken(entry, [["Venlo", 6.168, 51.37, 100_000, "NL"]], "en")).toBe("6 km north of Venlo");
});

test("regions and parties are matched by their names", () => {
  expect(["Limburg-Noord", "parties/vr-limburg-noord", "Veiligheidsregio Limburg-Noord"].map(slug)).toEqual(Array(3).fill("limburg-noord"));
  expect(isRegions("regions.geojson") && isRegions("veiligheidsregios_2026.geojson")).toBe(true);
  expect(isRegions("dikes.geojson")).toBe(false);
});
