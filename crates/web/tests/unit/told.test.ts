// What is taken back, and what the public is told: the parts that need no node.
import { create, equals, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { EntrySchema, RelationType, type Entry } from "../../src/gen/polder/v1/entry_pb.ts";
import { adviceIn, citedIn, citing, isDraft, issued, standingFor, uncited } from "../../src/issue.ts";
import type { Item } from "../../src/picture.ts";
import { fewerOf, ready, type TakeBack } from "../../src/takeback.ts";

const entry = (value: MessageInitShape<typeof EntrySchema>): Entry => create(EntrySchema, value);
const item = (...versions: Entry[]): Item => ({ name: versions[0]!.name, versions, contradicts: versions.length > 1 }) as Item;
const warning = (name: string, state: number, more: MessageInitShape<typeof EntrySchema> = {}): Entry =>
  entry({ name: `incidents/x/entries/${name}`, version: `${name}-1`, body: { case: "warning", value: { state, responses: [2] } }, ...more });

describe("an entry that is taken back", () => {
  test("stays for fewer people than see it, and for nobody while versions differ", () => {
    const one = entry({ name: "a", audience: "audiences/kern" });
    expect(fewerOf(["", "audiences/kern", "audiences/ander", "audiences/all"], item(one))).toEqual(["audiences/ander"]);
    expect(fewerOf(["", "audiences/ander"], item(one, one))).toEqual([]);
  });

  test("is taken back only with a reason, and by who is sure", () => {
    const now: TakeBack = { name: "a", sort: "erase", audience: "", reason: " fout ", sure: true, busy: false, refusal: undefined, away: false, id: "1" };
    expect([now, { ...now, reason: " " }, { ...now, sure: false }, { ...now, busy: true }].map(ready)).toEqual([true, false, false, false]);
  });
});

describe("a warning that is issued", () => {
  test("has the words of its draft, in its place", () => {
    const draft = warning("a", 1, { texts: [{ language: "nl", title: "Ga weg" }], audience: "audiences/kern" });
    const out = issued(item(draft, { ...draft, version: "a-2" }), undefined, "")!;
    expect([out.entry.name, out.replaces, out.audience]).toEqual([draft.name, ["a-1", "a-2"], "audiences/kern"]);
    expect(out.entry.body.case === "warning" && [out.entry.body.value.state, out.entry.body.value.uncheckedReason]).toEqual([2, ""]);
    expect(out.entry.texts).toEqual(draft.texts);
    expect(draft.body.case === "warning" && draft.body.value.state, "the draft is what it was").toBe(1);
  });

  test("takes the place of what it corrects, and says why nobody checked it", () => {
    const [draft, old] = [warning("a", 1), warning("b", 2)];
    const out = issued(item(draft), item(old), " alleen hier ")!;
    expect([out.entry.name, out.replaces]).toEqual([old.name, ["b-1"]]);
    expect(out.entry.body.case === "warning" && [out.entry.body.value.state, out.entry.body.value.uncheckedReason]).toEqual([3, "alleen hier"]);
  });

  test("is a draft that nobody withdrew, and corrects only what stands for the same readers", () => {
    const draft = warning("a", 1);
    const all = [draft, warning("b", 2), warning("c", 3), warning("d", 4), warning("e", 2, { audience: "audiences/kern" }), warning("f", 2, { retracted: true })];
    expect(standingFor(all.map((one) => item(one)), draft).map((one) => one.version)).toEqual(["b-1", "c-1"]);
    expect([draft, warning("b", 2), warning("a", 1, { retracted: true }), undefined].map(isDraft)).toEqual([true, false, false, false]);
    expect(issued(item(warning("b", 2)), undefined, "")).toBeUndefined();
  });

  test("cites what the node says still stands, once and as one of two", () => {
    const sentence = "tells people in Horn to leave, while incidents/x/entries/b/versions/f00-7 of parties/politie, which tells them to stay inside, still stands: withdraw that first";
    const standing = { field: "warning.responses", reason: "ADVICE_STANDS", sentence };
    const found = adviceIn([standing, { ...standing, reason: "REQUIRED" }, { ...standing, sentence: "while items[0] of the same request still stands" }]);
    expect(found).toEqual([{ entry: "incidents/x/entries/b", version: "f00-7", problem: standing }]);
    const draft = warning("a", 1, { relations: [{ type: RelationType.SUPPORTS, entry: "incidents/x/entries/b" }] });
    const twice = citing(citing(draft, found[0]!, RelationType.WITHDRAWS), found[0]!, RelationType.CONTRADICTS);
    expect(citedIn(twice).map(({ type, entry: name, version }) => [type, name, version])).toEqual([[RelationType.CONTRADICTS, "incidents/x/entries/b", "f00-7"]]);
    expect(equals(EntrySchema, uncited(twice, "incidents/x/entries/b"), draft)).toBe(true);
  });
});
