import { clone, create, equals, type DescField } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { EntrySchema, type Entry } from "../../src/gen/polder/v1/entry_pb.ts";
import { COMMON, KIND_FIELDS, KINDS, type Field } from "../../src/fields.ts";
import { commonOf, emptyRow, entryOfForm, figuresOf, kindOf, localTime, numberOf, put } from "../../src/form.ts";
import { language } from "../../src/words/index.ts";
import { nlNames } from "../../src/words/nl.ts";
import { labels } from "../../src/words/labels.ts";

const bodies = EntrySchema.oneofs.find((oneof) => oneof.name === "body")?.fields ?? [];

/** Every field, with its own description in the contract. */
function* all(fields: readonly Field[], desc: DescField["message"] & object): Generator<[Field, DescField]> {
  for (const field of fields) {
    let within = desc;
    const parts = field.name.split(".");
    for (const part of parts.slice(0, -1)) within = within.fields.find((one) => one.name === part)!.message!;
    const found = within.fields.find((one) => one.name === parts.at(-1));
    expect(found, `${desc.typeName}.${field.name}`).toBeDefined();
    yield [field, found!];
    if (field.fields) yield* all(field.fields, found!.message!);
  }
}

describe("the table of fields", () => {
  test.each(KINDS)("has every field of %s, and no other", (kind) => {
    const desc = bodies.find((field) => field.name === kind)!.message!;
    expect(KIND_FIELDS[kind].map((field) => field.name).sort()).toEqual(desc.fields.map((field) => field.name).sort());
    for (const [field, leaf] of all(KIND_FIELDS[kind], desc)) {
      const sorts: Record<string, boolean> = {
        choice: leaf.fieldKind === "enum",
        choices: leaf.fieldKind === "list" && leaf.listKind === "enum",
        rows: leaf.fieldKind === "list" && leaf.listKind === "message",
        list: leaf.fieldKind === "list" && leaf.listKind === "scalar",
        count: leaf.message?.typeName === "polder.v1.Count",
        time: leaf.message?.typeName === "google.protobuf.Timestamp",
        minutes: leaf.message?.typeName === "google.protobuf.Duration",
      };
      expect(sorts[field.sort] ?? leaf.fieldKind === "scalar", `${kind}.${field.name}`).toBe(true);
      const values = leaf.fieldKind === "enum" ? leaf.enum.values : leaf.fieldKind === "list" && leaf.listKind === "enum" ? leaf.enum.values : undefined;
      if (values) expect(nlNames[field.names!], `${kind}.${field.name}`).toHaveLength(values.length);
    }
  });

  test("has all kinds", () => {
    expect([...KINDS].sort()).toEqual(bodies.map((field) => field.name).sort());
    expect(KINDS).toHaveLength(22);
  });

  test("has a name for each field in both languages, and no name too many", () => {
    const used = new Set<string>();
    const look = (kind: string, fields: readonly Field[]): void => {
      for (const field of fields) {
        const key = `${kind}.${field.name}` in labels ? `${kind}.${field.name}` : field.name;
        used.add(key);
        for (const lang of ["nl", "en"] as const) expect(language(lang).field(kind, field.name), key).not.toBe(field.name);
        if (field.fields) look(kind, field.fields);
      }
    };
    look("", COMMON);
    for (const kind of KINDS) look(kind, KIND_FIELDS[kind]);
    expect(Object.keys(labels).filter((key) => !used.has(key))).toEqual([]);
  });
});

const AT = 1_751_000_000_123;
const level = (): Entry => create(EntrySchema, {
  name: "incidents/x/entries/e", statement: 1, party: "parties/water", place: "Borgharen",
  texts: [{ language: "nl", title: "Hoog" }, { language: "en", title: "High", machineTranslated: true }],
  times: { observed: timestampFromMs(AT) },
  assessment: { certainty: 3, verification: { state: 2, verifiedBy: "parties/water" } },
  sources: [{ system: "meetnet" }],
  body: { case: "waterLevel", value: { gauge: "Borgharen", levelM: 45.678, datum: "NAP" } },
});

describe("a form", () => {
  test("that nobody touched says the same, to the millisecond and the last decimal", () => {
    const base = level();
    const { entry, problems } = entryOfForm(base, "water_level", commonOf(base), figuresOf(base, "water_level"));
    expect(problems).toEqual([]);
    expect(equals(EntrySchema, entry, base)).toBe(true);
  });

  test("changes what was changed and nothing else", () => {
    const base = level();
    const before = clone(EntrySchema, base);
    const common = put(put(commonOf(base), ["place"], "Eijsden"), ["texts", 0, "title"], "Hoger");
    const figures = put(figuresOf(base, "water_level"), ["level_m"], "46,1");
    const { entry } = entryOfForm(base, "water_level", common, figures);
    expect(base).toEqual(before);
    expect([entry.place, entry.texts[0]?.title, entry.texts[1]?.title]).toEqual(["Eijsden", "Hoger", "High"]);
    expect(entry.body.case === "waterLevel" && [entry.body.value.levelM, entry.body.value.datum]).toEqual([46.1, "NAP"]);
    expect([entry.times?.observed, entry.sources, entry.assessment?.verification?.state]).toEqual([base.times?.observed, base.sources, 2]);
  });

  test("takes away what was emptied", () => {
    const base = level();
    const figures = put(put(figuresOf(base, "water_level"), ["level_m"], ""), ["discharge_m3_s"], "2.500,5".replace(".", ""));
    const common = put(put(commonOf(base), ["times.observed"], ""), ["texts", 1], undefined);
    const { entry, problems } = entryOfForm(base, "water_level", common, figures);
    expect(problems).toEqual([]);
    expect(entry.body.case === "waterLevel" && [entry.body.value.levelM, entry.body.value.dischargeM3S]).toEqual([undefined, 2500.5]);
    expect([entry.times?.observed, entry.texts.length]).toEqual([undefined, 1]);
  });

  test("says which field is wrong, and how", () => {
    const base = create(EntrySchema, { name: "incidents/x/entries/e", texts: [{ language: "nl", title: "a" }] });
    let figures = figuresOf(base, "weather");
    for (const [name, typed] of [["gust_m_s", "201"], ["wind_from_deg", "360"], ["temperature_c", "-90"], ["visibility_m", "ver"]] as const) {
      figures = put(figures, [name], typed);
    }
    const { problems } = entryOfForm(base, "weather", put(commonOf(base), ["place"], "x".repeat(201)), figures);
    expect(problems.map(({ field, reason }) => `${field} ${reason}`)).toEqual([
      "statement REQUIRED", "place TOO_LONG", "weather.wind_from_deg OUT_OF_RANGE", "weather.gust_m_s OUT_OF_RANGE", "weather.visibility_m NOT_A_NUMBER",
    ]);
  });

  test("says who must see it, within how long, and who else; without anybody it says neither", () => {
    const base = create(EntrySchema, { name: "incidents/x/entries/e", statement: 1, texts: [{ language: "nl", title: "a" }] });
    const rows = COMMON.find((field) => field.name === "attention.addressees")!;
    const make = (from: Entry, ...changes: [(string | number)[], unknown][]) =>
      entryOfForm(from, "observation", changes.reduce((values, [path, value]) => put(values, path, value as never), commonOf(from)), figuresOf(from, "observation"));
    const one: [(string | number)[], unknown] = [["attention.addressees", 0], { ...emptyRow(rows), party: "ghor", role: "ovd", second: "parties/politie" }];
    const said = make(base, one).entry.attention;
    expect([said?.addressees.map(({ party, role, second }) => [party, role, second]), said?.within?.seconds]).toEqual([[["parties/ghor", "ovd", "parties/politie"]], 900n]);
    expect(make(base, one, [["attention.within"], "1,5"]).entry.attention?.within?.seconds).toBe(90n);
    expect(make(base, one, [["attention.within"], ""]).problems.map(({ field, reason }) => `${field} ${reason}`)).toEqual(["attention.within REQUIRED"]);
    expect(make(base, one, [["attention.within"], "20.000"]).problems.map(({ field, reason }) => `${field} ${reason}`)).toEqual([]);
    expect(make(base, one, [["attention.within"], "20000"]).problems.map(({ field, reason }) => `${field} ${reason}`)).toEqual(["attention.within OUT_OF_RANGE"]);
    expect(make(base, [["attention.addressees", 0], emptyRow(rows)]).problems.map(({ field }) => field)).toEqual(["attention.addressees[0].party"]);
    expect(make(base, [["attention.within"], "5"]).entry.attention).toBeUndefined();
    const odd = create(EntrySchema, { name: base.name, statement: 1, texts: [{ language: "nl", title: "a" }], attention: { addressees: [{ party: "parties/a" }], within: { seconds: 61n, nanos: 5 } } });
    expect([make(odd).problems, make(odd).entry.attention?.within?.seconds, make(odd).entry.attention?.within?.nanos]).toEqual([[], 61n, 5]);
    expect(make(odd, [["attention.addressees", 0], undefined]).entry.attention).toBeUndefined();
  });

  test("has rows that come and go, and keeps those that stay as they were", () => {
    const base = create(EntrySchema, {
      name: "incidents/x/entries/e", statement: 1,
      body: { case: "casualties", value: { figures: [{ category: 1, count: { value: 2n, basis: 3 } }, { category: 5, count: { value: 9n, qualifier: 2 } }] } },
    });
    const rows = KIND_FIELDS.casualties.find((field) => field.name === "figures")!;
    let figures = put(figuresOf(base, "casualties"), ["figures", 0], undefined);
    figures = put(figures, ["figures", 1], emptyRow(rows) as never);
    expect(entryOfForm(base, "casualties", commonOf(base), figures).problems.map((one) => one.field)).toEqual([
      "casualties.figures[1].category", "casualties.figures[1].count",
    ]);
    figures = put(figures, ["figures", 1, "category"], "2");
    figures = put(figures, ["figures", 1, "count"], { value: "1.234", qualifier: "3", basis: "1" });
    const { entry, problems } = entryOfForm(base, "casualties", commonOf(base), figures);
    expect(problems).toEqual([]);
    const made = entry.body.case === "casualties" ? entry.body.value.figures : [];
    expect(made.map((row) => [row.category, row.count?.value, row.count?.qualifier, row.count?.basis])).toEqual([[5, 9n, 2, 0], [2, 1234n, 3, 1]]);
  });

  test("of any kind begins empty and says so where something is required", () => {
    const base = create(EntrySchema, { name: "incidents/x/entries/e", statement: 1, texts: [{ language: "nl", title: "a" }] });
    for (const kind of KINDS) {
      const { entry, problems } = entryOfForm(base, kind, commonOf(base), figuresOf(base, kind));
      expect(kindOf(entry)).toBe(kind);
      expect(problems.map((one) => one.field).sort(), kind).toEqual(
        KIND_FIELDS[kind].filter((field) => field.required).map((field) => `${kind}.${field.name}`).sort());
    }
  });
});

test("a comma or a point, thousands only in whole numbers, and nothing guessed", () => {
  expect([numberOf("3,18", false), numberOf("3.18", false), numberOf("−3", false), numberOf("1.234", false)]).toEqual([3.18, 3.18, -3, 1.234]);
  expect([numberOf("1.234", true), numberOf("12 000", true), numberOf("-4", true)]).toEqual([1234, 12000, -4]);
  for (const typed of ["", "1,2,3", "0x10", "12a", "1.5e999", "Infinity", "1..2"]) expect(numberOf(typed, false), typed).toBeUndefined();
  for (const typed of ["1,5", "99999999999999999999"]) expect(numberOf(typed, true), typed).toBeUndefined();
});

test("a time is shown as the browser's own clock has it, to the second", () => {
  expect(new Date(localTime(new Date(AT))).getTime()).toBe(Math.floor(AT / 1000) * 1000);
});
