// A first report by M/ETHANE: what was answered, and the entries that it becomes.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { numberOf } from "./form.ts";
import { EntrySchema, RelationType, type Entry } from "./gen/polder/v1/entry_pb.ts";
import { shape, type Choice } from "./understand.ts";
import type { Lang } from "./words/index.ts";

/** By letter, as it was typed. */
export type Answers = Record<string, string>;

export interface FirstReport {
  answers: Answers;
  /** True once somebody tried to post: what lacks is named then. */
  tried: boolean;
}

/** Numbers, each with its category of casualties. */
const TRIAGE = [["t1", 6], ["t2", 7], ["t3", 8], ["dead", 1]] as const;
const COUNT_MAX = 1_000_000_000;

/** Reasons by letter why it cannot be posted yet. */
export function lackingOf(answers: Answers): Map<string, string> {
  const found = new Map<string, string>();
  const word = (key: string): string => (answers[key] ?? "").trim();
  if (!word("type")) found.set("type", "REQUIRED");
  for (const [key] of TRIAGE) {
    const value = numberOf(word(key), true);
    if (word(key) && value === undefined) found.set(key, "NOT_A_NUMBER");
    else if (value !== undefined && (value < 0 || value > COUNT_MAX)) found.set(key, "OUT_OF_RANGE");
  }
  return found;
}

const LETTERS: Record<Lang, Record<"hazards" | "access" | "casualties" | "services", string>> = {
  nl: { hazards: "Gevaren", access: "Bereikbaarheid", casualties: "Slachtoffers", services: "Nodig" },
  en: { hazards: "Hazards", access: "Access", casualties: "Casualties", services: "Needed" },
};

/** What happened, and an entry for each thing that is known of it; the first is what the others belong to. */
export function report(answers: Answers, name: () => string, lang: Lang, nowMs: number, where: Choice, discipline = 0): Entry[] {
  const word = (key: string): string => (answers[key] ?? "").trim();
  const said = LETTERS[lang];
  const main = name();
  const placed = where.drawn || where.position ? { geometry: { shape: shape(where.drawn, where.position) } } : {};
  const urgent = word("major") === "1" ? { assessment: { urgency: 4 } } : {};
  const make = (title: string, body: object, own = name()): Entry =>
    create(EntrySchema, {
      name: own, statement: 1, discipline, place: word("exact").slice(0, 200), times: { observed: timestampFromMs(nowMs) },
      texts: [{ language: lang, title: title.slice(0, 200) }], ...placed, ...urgent, body,
      relations: own === main ? [] : [{ type: RelationType.PART_OF, entry: main }],
    } as Parameters<typeof create<typeof EntrySchema>>[1]);
  const observation = (theme: number): object => ({ case: "observation", value: { theme } });
  const out = [make(`${word("type")}${word("exact") ? `, ${word("exact")}` : ""}`, observation(1), main)];
  if (word("hazards")) out.push(make(`${said.hazards}: ${word("hazards")}`, observation(7)));
  if (word("access")) out.push(make(`${said.access}: ${word("access")}`, observation(2)));
  const figures = TRIAGE.flatMap(([key, category]) => {
    const value = numberOf(word(key), true);
    return value === undefined ? [] : [{ category, count: { value: BigInt(value), qualifier: 2 } }];
  });
  if (figures.length > 0) out.push(make(said.casualties, { case: "casualties", value: { figures } }));
  const need = word("services").slice(0, 200);
  if (need) out.push(make(`${said.services}: ${need}`, { case: "assistanceRequest", value: { need, state: 1 } }));
  return out;
}
