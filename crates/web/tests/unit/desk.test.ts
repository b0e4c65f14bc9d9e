// The draft of a sitrep: what is typed is kept, whatever is drawn in between.
import { create } from "@bufbuild/protobuf";
import { beforeEach, expect, test, vi } from "vitest";
import { SitrepSchema } from "../../src/gen/polder/v1/sitrep_pb.ts";

const stored = new Map<string, string>();
const storage = {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => void stored.set(key, value),
  removeItem: (key: string) => void stored.delete(key),
};
vi.stubGlobal("sessionStorage", storage);
vi.stubGlobal("localStorage", storage);
vi.stubGlobal("location", { origin: "http://127.0.0.1", hash: "", pathname: "/", search: "" });
vi.stubGlobal("addEventListener", () => undefined);

const { SitrepDesk } = await import("../../src/team/desk.ts");
const { withLine, withRemark } = await import("../../src/team/sitrep.ts");

let person = "baas";
const house = {
  draw: () => undefined, person: () => person, party: () => "", mode: () => 0, now: () => 0, say: () => undefined,
} as unknown as ConstructorParameters<typeof SitrepDesk>[0];
const desk = (): InstanceType<typeof SitrepDesk> => new SitrepDesk(house, () => undefined);

beforeEach(() => {
  stored.clear();
  person = "baas";
});

function begun(): InstanceType<typeof SitrepDesk> {
  const at = desk();
  at.begin("hoogwater", "audiences/all");
  at.change({ sitrep: create(SitrepSchema, { sections: [{ theme: 1, lines: [{ dutch: "water", english: "water" }] }] }) });
  return at;
}

test("two changes between two drawings are both kept, and stay over a reload", () => {
  const at = begun();
  at.edit((now) => withRemark(now, 0, "De dijk houdt."));
  at.edit((now) => withLine(now, 0, 0, { dutch: "water in de hoofdstraat" }));
  const again = desk().laidOut("hoogwater")?.sitrep?.sections[0];
  expect(again?.remark).toBe("De dijk houdt.");
  expect(again?.lines[0]?.dutch).toBe("water in de hoofdstraat");
});

test("a draft is laid out also when nothing, or another incident, was shown first", () => {
  begun();
  const at = desk();
  expect(at.laidOut("")).toBeUndefined();
  expect(at.laidOut("storm")).toBeUndefined();
  expect(at.laidOut("hoogwater")?.sitrep?.sections).toHaveLength(1);
});

test("a draft is laid out for whoever made it, and for nobody else", () => {
  const at = begun();
  person = "anna";
  expect(at.laidOut("hoogwater")).toBeUndefined();
  person = "baas";
  expect(at.laidOut("hoogwater")?.sitrep?.sections).toHaveLength(1);
});
