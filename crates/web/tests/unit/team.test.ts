import { readFileSync, readdirSync } from "node:fs";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AssistanceTroubleSchema } from "../../src/gen/polder/v1/assistance_pb.ts";
import { RequestStateSchema } from "../../src/gen/polder/v1/assistance_request_pb.ts";
import { CountBasisSchema } from "../../src/gen/polder/v1/count_pb.ts";
import { SitrepThemeSchema } from "../../src/gen/polder/v1/sitrep_pb.ts";
import { SectionSchema } from "../../src/gen/polder/v1/incident_pb.ts";
import { DigestReasonSchema } from "../../src/gen/polder/v1/situation_service_pb.ts";
import { ContradictionSchema, MatterSortSchema } from "../../src/gen/polder/v1/team_service_pb.ts";
import { AGED_MS, Answer, PAUSE_MS } from "../../src/team/answer.ts";
import { betweenEntries, countBasis, decidable, decidedFor, decision, subject } from "../../src/team/disputes.ts";
import { SitrepSchema } from "../../src/gen/polder/v1/sitrep_pb.ts";
import { differences, factsOf, lineOf, noteOf, recompiled, titleOf, withLine, withRemark, withoutLine } from "../../src/team/sitrep.ts";
import { EntrySchema } from "../../src/gen/polder/v1/entry_pb.ts";
import { AssistanceSchema } from "../../src/gen/polder/v1/assistance_pb.ts";
import { EMPTY, accepting, answering, begun, current, moved, partyName, wholeOf, wouldAccept } from "../../src/team/help.ts";
import { language } from "../../src/words/index.ts";
import { enNames } from "../../src/words/en.ts";
import { nlNames } from "../../src/words/nl.ts";
import { assumptionWords, effectWords, interestWords, matchWords, signalStateWords } from "../../src/words/watch.ts";
import { AssumptionStateSchema, EffectStateSchema, ImpactMatchSchema } from "../../src/gen/polder/v1/impact_service_pb.ts";
import { SignalStateSchema } from "../../src/gen/polder/v1/signal_service_pb.ts";
import { contactTroubleWords, warningStateWords } from "../../src/words/public.ts";
import { WarningStateSchema } from "../../src/gen/polder/v1/warning_pb.ts";
import { ContactTroubleSchema } from "../../src/gen/polder/v1/warning_service_pb.ts";
import { aspectWords, basisWords, digestWords, matterWords, sectionWords, stateWords, teamWords, themeWords, troubleWords } from "../../src/words/team.ts";

describe("the words of a crisis team", () => {
  const told = (path: string): string => readFileSync(`../../src/cli/${path}`, "utf8");
  // The words of all commands last: those of crisis teams go before them.
  const cli = ["words.rs", "team/words.rs", "team/words/watch.rs", "team/words/public.rs", "team/impact/words.rs"].map(told).join("\n");
  const rust = (name: string): string => name.replace(/[A-Z]/g, (big) => `_${big.toLowerCase()}`);

  test("are those of the command line, where it has them", () => {
    const rows = [...cli.matchAll(/^ {4}(\w+):\s+"((?:[^"\\]|\\.)*)",\s+"((?:[^"\\]|\\.)*)";/gm)].map(([, name, en, nl]) => [name, [nl, en]] as const);
    const known = new Map(rows);
    const shared = Object.entries(teamWords).filter(([name]) => known.has(rust(name)));
    expect(shared.length).toBeGreaterThan(130);
    for (const [name, pair] of shared) expect(pair, name).toEqual(known.get(rust(name)));
    const aspects = [...cli.matchAll(/"(\w+\.[\w.]+)" => \("([^"]+)", "([^"]+)"\)/g)].map(([, name, en, nl]) => [name, [nl, en]]);
    expect(Object.entries(aspectWords)).toEqual(aspects);
    for (const table of [basisWords, digestWords, matterWords, sectionWords, stateWords, troubleWords, themeWords, signalStateWords, effectWords, matchWords, assumptionWords, interestWords, warningStateWords, contactTroubleWords]) {
      for (const [nl, en] of Object.values(table)) expect([cli.includes(`"${en}"`) || en === "", cli.includes(`"${nl}"`) || nl === ""], en).toEqual([true, true]);
    }
  });

  test("name criteria, staff and reports as the command line does", () => {
    for (const [names, at] of [[nlNames, 1], [enNames, 0]] as const) {
      const criteria = names.criterion.slice(1).map((one) => /^(\d)\.\d (.+)$/.exec(one)!);
      expect(criteria.map(([, interest]) => interestWords[Number(interest)]?.[at === 1 ? 0 : 1])).not.toContain(undefined);
      for (const word of [...criteria.map(([, , name]) => name), ...names.staff.slice(1), ...names.report.slice(1)]) expect(cli, word).toContain(`"${word}"`);
    }
  });

  test("name every value of the contract", () => {
    const tables = [[warningStateWords, WarningStateSchema], [contactTroubleWords, ContactTroubleSchema], [signalStateWords, SignalStateSchema], [effectWords, EffectStateSchema], [matchWords, ImpactMatchSchema], [assumptionWords, AssumptionStateSchema], [basisWords, CountBasisSchema], [digestWords, DigestReasonSchema], [matterWords, MatterSortSchema], [sectionWords, SectionSchema], [stateWords, RequestStateSchema], [troubleWords, AssistanceTroubleSchema], [themeWords, SitrepThemeSchema]] as const;
    for (const [table, schema] of tables) expect(Object.keys(table).map(Number), schema.typeName).toEqual(schema.values.map((one) => one.number));
  });

  test("are all used, and none is empty", () => {
    const read = (dir: string): string => readdirSync(dir).map((file) => readFileSync(`${dir}/${file}`, "utf8")).join("\n");
    const sources = read("src/team") + read("src/views/team");
    expect(Object.keys(teamWords).filter((word) => !sources.includes(`"${word}"`))).toEqual([]);
    for (const pair of Object.values(teamWords)) expect(pair.map((word) => word.trim())).not.toContain("");
  });
});

const contradiction = (value: MessageInitShape<typeof ContradictionSchema>) => create(ContradictionSchema, value);

describe("a contradiction", () => {
  test("is told by what it is about, each place once", () => {
    const one = contradiction({ subjects: [
      { aspect: "water_level.peak_level_m", place: "Borgharen", expected: true },
      { aspect: "water_level.peak_level_m", place: "Eijsden", expected: true },
      { aspect: "water_level.peak_level_m", place: "Eijsden", expected: true, detail: "x" },
      { aspect: "of.a_newer_node", place: "Venlo" },
    ] });
    expect(subject(one, "nl")).toBe("Borgharen, Eijsden: hoogste stand (verwacht) · Venlo: of.a_newer_node");
    const two = [{ name: "a", place: "" }, { name: "b", place: "Venlo" }];
    expect(subject(contradiction({ versions: two }), "en")).toBe("Venlo: one says that it contradicts the other");
    expect(subject(contradiction({ versions: [{ name: "a" }, { name: "a" }] }), "nl")).toBe("versies verschillen");
  });

  test("between entries is not one of versions", () => {
    expect([[{ name: "a" }, { name: "b" }], [{ name: "a" }, { name: "a" }]].map((versions) => betweenEntries(contradiction({ versions })))).toEqual([true, false]);
  });

  test("is settled by a decision that cites every version, for no more people than may see them", () => {
    const one = contradiction({ versions: [
      { name: "incidents/x/entries/a", version: "f-1" },
      { name: "incidents/x/entries/b", version: "f-2", audience: "audiences/kern", body: { case: "outage", value: { customers: { value: 3n, basis: 2 } } } },
    ] });
    const entry = decision(one, { title: " zo is het ", by: " ROT", because: "" }, "incidents/x", "nl");
    expect(entry.name).toMatch(/^incidents\/x\/entries\/[0-9a-f-]{36}$/);
    expect([entry.statement, entry.texts[0]?.title, entry.texts[0]?.language]).toEqual([5, "zo is het", "nl"]);
    expect(entry.body.case === "decision" && [entry.body.value.decidedBy, entry.body.value.state, entry.body.value.basis])
      .toEqual(["ROT", 2, ["incidents/x/entries/a/versions/f-1", "incidents/x/entries/b/versions/f-2"]]);
    expect([decidedFor(one), decidable(one), countBasis(one.versions[1]!), countBasis(one.versions[0]!)]).toEqual(["audiences/kern", true, 2, 0]);
    const many = Array.from({ length: 65 }, (_, at) => ({ name: `${at}` }));
    expect([decidable(contradiction({ versions: many })), decidable(contradiction({ versionsLeftOut: 1 }))]).toEqual([false, false]);
  });
});

describe("an answer that follows the picture", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const answer = (ask: () => Promise<number>): [Answer<number>, () => number] => {
    let asked = 0;
    return [new Answer(() => ((asked += 1), ask()), () => undefined), () => asked];
  };
  const about = (change: unknown, atMs?: number) => ({ incident: "incidents/x", atMs, change });

  test("is asked once for many changes, and again when something changed meanwhile", async () => {
    let told = 0;
    const [one, asked] = answer(async () => (told += 1));
    one.follow(about(0));
    await vi.advanceTimersByTimeAsync(0);
    expect([one.value, asked()]).toEqual([1, 1]);
    for (let change = 1; change < 50; change += 1) one.follow(about(change));
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    expect([one.value, asked()]).toEqual([2, 2]);
    await vi.advanceTimersByTimeAsync(AGED_MS);
    expect(asked()).toBe(3);
    one.follow(undefined);
    await vi.advanceTimersByTimeAsync(10 * AGED_MS);
    expect(asked()).toBe(3);
  });

  test("of a moment is asked once, and what was asked of another moment is not shown for it", async () => {
    const waits: ((value: number) => void)[] = [];
    const [one, asked] = answer(() => new Promise((done) => waits.push(done)));
    one.follow(about(0, 1000));
    await vi.advanceTimersByTimeAsync(0);
    one.follow(about(0, 2000));
    waits[0]!(7);
    await vi.advanceTimersByTimeAsync(0);
    expect(one.value).toBeUndefined();
    waits[1]!(8);
    await vi.advanceTimersByTimeAsync(10 * AGED_MS);
    one.follow(about(0, 2000));
    await vi.advanceTimersByTimeAsync(10 * AGED_MS);
    expect([one.value, asked()]).toEqual([8, 2]);
  });

  test("stays while the node is away, and goes when it is refused", async () => {
    const failures = [new ConnectError("gone", Code.Unavailable), new ConnectError("no", Code.PermissionDenied)];
    let next: ConnectError | undefined;
    const [one, asked] = answer(async () => {
      if (next) throw next;
      return 5;
    });
    one.follow(about(0));
    await vi.advanceTimersByTimeAsync(0);
    next = failures[0];
    one.follow(about(1));
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    expect([one.value, one.away, asked()]).toEqual([5, true, 2]);
    next = failures[1];
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    expect([one.value, one.away, one.refusal?.sentence]).toEqual([undefined, false, "no"]);
    next = new ConnectError("what?", Code.Unimplemented);
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    await vi.advanceTimersByTimeAsync(10 * AGED_MS);
    expect([one.unknown, asked()]).toEqual([true, 4]);
  });
});

describe("a sitrep", () => {
  const line = (entry: number, version: number, more: object = {}) => ({ version: `incidents/x/entries/${entry}/versions/f-${version}`, dutch: `nl ${entry}`, english: `en ${entry}`, party: "parties/a", ...more });
  const sitrep = (...lines: object[]) => create(SitrepSchema, { sections: [{ theme: 1, lines }] });

  test("differs from another by the entries that lines rest on, as on the command line", () => {
    const [first, second] = [sitrep(line(1, 1), line(2, 1), line(3, 1)), sitrep(line(4, 1), line(2, 2), line(3, 1))];
    expect(differences(first, second).map(([mark, { dutch }]) => `${mark} ${dutch}`)).toEqual(["+ nl 4", "~ nl 2", "- nl 1"]);
    expect(differences(first, first)).toEqual([]);
  });

  test("is read in the words of the reader", () => {
    const one = create(SitrepSchema, { number: 3, version: 2, team: "ROT", issuedBy: "informatiemanager", scalings: ["zuid GRIP 4"] });
    const [dutch, english] = [language("nl"), language("en")];
    expect([titleOf(one, dutch), titleOf(create(SitrepSchema), english)]).toEqual(["Sitrep 3.2 ROT", "Sitrep draft"]);
    expect(factsOf(one, dutch, 0, "fout")).toEqual([["INGETROKKEN", "fout"], ["Door", "informatiemanager"], ["Opschaling", "zuid GRIP 4"]]);
    const [said] = sitrep(line(1, 1, { unverified: true, stale: true })).sections[0]!.lines;
    expect(lineOf(said!, english, 0)).toBe("en 1 (a, unverified, stale)");
    const section = (more: object) => create(SitrepSchema, { sections: [more] }).sections[0]!;
    expect([noteOf(section({}), dutch), noteOf(section({ staleLeftOut: 2, leftOut: 1 }), dutch), noteOf(section({ lines: [line(1, 1)] }), dutch)])
      .toEqual(["geen", "2 verouderde items weggelaten, 1 verdere items weggelaten", ""]);
  });

  test("is edited without touching what it was, and a line that is left out is counted", () => {
    const before = sitrep(line(1, 1), line(2, 1));
    const after = withoutLine(withLine(withRemark(before, 0, "rustig"), 0, 0, { dutch: "anders" }), 0, 1);
    expect([before.sections[0]?.remark, before.sections[0]?.lines.length, before.sections[0]?.lines[0]?.dutch]).toEqual(["", 2, "nl 1"]);
    expect([after.sections[0]?.remark, after.sections[0]?.lines.map((one) => one.dutch), after.sections[0]?.leftOut]).toEqual(["rustig", ["anders"], 1]);
    expect(recompiled(after, sitrep(line(3, 1))).sections[0]).toMatchObject({ remark: "rustig", leftOut: 0, lines: [{ dutch: "nl 3" }] });
  });
});

describe("help", () => {
  const form = (more: object) => ({ ...EMPTY, ...more });
  const request = (accepted: object[] = []) => create(EntrySchema, { name: "r", version: "f-1", rivals: ["f-2"], body: { case: "assistanceRequest", value: { need: "pompen", quantity: { value: 10n }, accepted } } });
  const offer = (more: object = {}) => create(EntrySchema, { name: "o", body: { case: "assistanceOffer", value: { means: "pompen", quantity: { value: 8n }, state: 1, ...more } } });

  test("that is asked or offered says what the command line says", () => {
    const asked = begun(form({ what: " soldaten ", quantity: "1.300", of: "parties/defensie", urgent: true }), "incidents/x")!;
    expect([asked.statement, asked.assessment?.urgency, asked.body.case === "assistanceRequest" && [asked.body.value.need, asked.body.value.quantity?.value, asked.body.value.quantity?.basis, asked.body.value.addressee, asked.body.value.state]])
      .toEqual([4, 4, ["soldaten", 1300n, 2, "parties/defensie", 1]]);
    const offered = begun(form({ sort: "offer", what: "pompen", quantity: "2", request: "r" }), "incidents/x")!;
    expect([offered.statement, offered.body.case === "assistanceOffer" && [offered.body.value.request, offered.body.value.state]]).toEqual([1, ["r", 1]]);
    for (const wrong of [{ what: "", quantity: "1" }, { what: "x", quantity: "0" }, { what: "x", quantity: "veel" }]) expect(begun(form(wrong), "i"), JSON.stringify(wrong)).toBeUndefined();
    expect([partyName(" defensie"), partyName("parties/defensie"), partyName(" "), wholeOf("0", 0), wholeOf("-1", 0), wholeOf("2000000000", 0)]).toEqual(["parties/defensie", "parties/defensie", "", 0, undefined, undefined]);
  });

  test("between countries says what CECIS asks, of either side, and an offer begins with what was asked", () => {
    const cecis = { module: 1, entryPoint: " Eijsden ", number: " EU-12 ", support: [5, 2] };
    const body = (more: object) => begun(form({ what: "pompen", quantity: "2", ...cecis, ...more }), "incidents/x")?.body.value;
    expect(body({})).toMatchObject({ module: 1, entryPoint: "Eijsden", number: "EU-12", providedSupport: [2, 5] });
    expect(body({ sort: "offer", transport: 2, costs: 4 })).toMatchObject({ module: 1, entryPoint: "Eijsden", number: "EU-12", neededSupport: [2, 5], transport: 2, costs: 4 });
    const asked = (more: object) => create(EntrySchema, { name: "r", audience: "audiences/kern", body: { case: "assistanceRequest", value: { need: "pompen", ...more } } });
    expect(answering(asked({ module: 1, entryPoint: "Eijsden", number: "EU-12", providedSupport: [2] }), 3n))
      .toEqual({ sort: "offer", request: "r", audience: "audiences/kern", quantity: "3", abroad: true, module: 1, entryPoint: "Eijsden" });
    expect(answering(asked({}), 0n)).toMatchObject({ quantity: "", abroad: false, module: 0, entryPoint: "" });
  });

  test("that is accepted is no more than there is and lacks, and 0 accepts it no longer", () => {
    const row = (short: bigint, open: bigint, accepted: object[] = [], asked = 10n) => create(AssistanceSchema, { request: request(accepted), asked, short, parts: [{ offer: "o", count: { open } }] });
    expect([wouldAccept(row(3n, 8n), offer()), wouldAccept(row(10n, 5n, [{ offer: "o", quantity: 3 }]), offer()), wouldAccept(row(0n, 8n, [], 0n), offer())]).toEqual([3, 8, 8]);
    const quantities = (entry: ReturnType<typeof request>) => entry.body.case === "assistanceRequest" && entry.body.value.accepted.map((one) => [one.offer, one.quantity]);
    const before = request([{ offer: "o", quantity: 3 }, { offer: "p", quantity: 1 }]);
    expect([quantities(accepting(before, "o", 5)), quantities(accepting(before, "o", 0)), quantities(accepting(before, "q", 2)), quantities(before)]).toEqual([
      [["o", 5], ["p", 1]], [["p", 1]], [["o", 3], ["p", 1], ["q", 2]], [["o", 3], ["p", 1]],
    ]);
    expect(current(before)).toEqual(["f-1", "f-2"]);
  });

  test("that is moved is never more than is offered", () => {
    const move = (enRoute: string, arrived: string, released: string, withdraw = false) => moved(offer(), { enRoute, arrived, released, withdraw })?.body.value;
    expect(move("3", "4", "1", true)).toMatchObject({ enRoute: 3, arrived: 4, released: 1, state: 2 });
    expect(move("", "", "2")).toMatchObject({ enRoute: 0, arrived: 0, released: 2, state: 1 });
    expect([move("8", "1", "0"), move("-1", "0", "0"), move("x", "0", "0")]).toEqual([undefined, undefined, undefined]);
  });
});
