import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { EntrySchema, RelationType } from "../../src/gen/polder/v1/entry_pb.ts";
import { CallerSchema, CallerKind } from "../../src/gen/polder/v1/people_service_pb.ts";
import { Role } from "../../src/gen/polder/v1/charter_pb.ts";
import { listed } from "../../src/list.ts";
import { item } from "../../src/picture.ts";
import { othersOf, releases } from "../../src/release.ts";
import { mayRelease } from "../../src/rights.ts";
import { language } from "../../src/words/index.ts";

const entry = (name: string, type?: RelationType, of = "") =>
  create(EntrySchema, { name, party: "parties/a", ...(type && { relations: [{ type, entry: of }] }) });

test("what was released is found by what it comes from", () => {
  const items = [item("x", [entry("x")]), item("y", [entry("y", RelationType.RELEASED_FROM, "x")]), item("z", [entry("z", RelationType.ANSWERS, "x")])];
  expect([...releases(items)].map(([from, given]) => [from, given.map((one) => one.name)])).toEqual([["x", ["y"]]]);
});

test("an entry is released to others than those who see it", () => {
  expect(othersOf(["", "audiences/kern"], "audiences/kern")).toEqual(["audiences/all"]);
  expect(othersOf(["", "audiences/kern"], "")).toEqual(["audiences/kern"]);
});

test("only who speaks for the party releases, whoever coordinates the incident", () => {
  const caller = (role: Role, party: string, incident = "") => create(CallerSchema, { kind: CallerKind.ACCOUNT, rights: ["look", "read", "publish"], grants: [{ role, party, incident }] });
  expect(mayRelease(caller(Role.LIAISON, "parties/a"), entry("x"), "incidents/i")).toBe(true);
  expect(mayRelease(caller(Role.INFORMATION_MANAGER, "parties/b", "incidents/i"), entry("x"), "incidents/i")).toBe(false);
  expect(mayRelease(caller(Role.READER, "parties/a"), entry("x"), "incidents/i")).toBe(false);
  expect(mayRelease(create(CallerSchema, { kind: CallerKind.OPERATOR, rights: ["publish"] }), entry("x"), "incidents/i")).toBe(true);
});

test("that somebody has read an entry is no news in the list", () => {
  const filter = { hidden: new Set<number>(), kind: "", text: "", statement: 0, party: "", urgent: false, sure: "" as const, hours: 0, theme: -1, view: "all" as const };
  const found = listed(new Map([["x", item("x", [entry("x")])], ["y", item("y", [entry("y", RelationType.ACKNOWLEDGES, "x")])]]), filter, language("nl"), 0);
  expect([found.total, found.list.map((one) => one.name)]).toEqual([1, ["x"]]);
});
