// Issuing a warning that another person drafted, word for word; and what it must cite.
import { clone, create } from "@bufbuild/protobuf";
import { EntrySchema, RelationSchema, RelationType, type Entry } from "./gen/polder/v1/entry_pb.ts";
import { WarningState } from "./gen/polder/v1/warning_pb.ts";
import type { Item } from "./picture.ts";
import type { FieldProblem } from "./refusal.ts";

/** A draft that somebody is about to issue. */
export interface Issue {
  /** Entry of the draft. */
  name: string;
  /** Entry of a warning that stands, which it corrects; empty: none. */
  corrects: string;
  /** Why nobody could check it. */
  unchecked: string;
  busy: boolean;
  /** The browser could not keep it. */
  notKept: boolean;
}

/** Whether a version is a warning that has not gone out. */
export function isDraft(entry: Entry | undefined): boolean {
  return entry?.body.case === "warning" && !entry.retracted && entry.body.value.state === WarningState.DRAFT;
}

/** Warnings that stand and that a draft may correct: for the same readers. */
export function standingFor(items: Iterable<Item>, draft: Entry): Entry[] {
  const out = [WarningState.ISSUED, WarningState.CORRECTED];
  const found: Entry[] = [];
  for (const { name, versions } of items) {
    const entry = versions[0];
    if (!entry || name === draft.name || entry.retracted || entry.audience !== draft.audience) continue;
    if (entry.body.case === "warning" && out.includes(entry.body.value.state)) found.push(entry);
  }
  return found;
}

/** The draft as it goes out: the same words, in place of the draft or of the warning that it corrects. */
export function issued(draft: Item, corrected: Item | undefined, unchecked: string): { entry: Entry; replaces: string[]; audience: string } | undefined {
  const words = draft.versions[0];
  const replaced = (corrected ?? draft).versions;
  if (!words || !isDraft(words) || !replaced[0]) return undefined;
  const entry = clone(EntrySchema, words);
  if (entry.body.case !== "warning") return undefined;
  entry.body.value.state = corrected ? WarningState.CORRECTED : WarningState.ISSUED;
  entry.body.value.uncheckedReason = unchecked.trim();
  entry.name = replaced[0].name;
  return { entry, replaces: replaced.map((version) => version.version), audience: replaced[0].audience };
}

/** An advice that still stands, which a refusal names. */
export interface Advice {
  /** Entry and version. */
  entry: string;
  version: string;
  problem: FieldProblem;
}

/** What a warning must cite before it is taken, as the node names it. */
export function adviceIn(problems: readonly FieldProblem[]): Advice[] {
  return problems.flatMap((problem) => {
    const found = problem.reason === "ADVICE_STANDS" ? /(incidents\/[^/\s]+\/entries\/[^/\s]+)\/versions\/([^/\s,]+)/.exec(problem.sentence) : null;
    return found ? [{ entry: found[1]!, version: found[2]!, problem }] : [];
  });
}

const CITES = [RelationType.WITHDRAWS, RelationType.CONTRADICTS];

/** What a warning says that it withdraws or contradicts. */
export function citedIn(base: Entry): Entry["relations"] {
  return base.relations.filter((relation) => CITES.includes(relation.type));
}

/** With an advice cited, once; nothing of the old is changed. */
export function citing(base: Entry, { entry, version }: Pick<Advice, "entry" | "version">, type: RelationType): Entry {
  const next = uncited(base, entry);
  next.relations.push(create(RelationSchema, { type, entry, version }));
  return next;
}

/** Without that citation. */
export function uncited(base: Entry, entry: string): Entry {
  const next = clone(EntrySchema, base);
  next.relations = next.relations.filter((relation) => !(CITES.includes(relation.type) && relation.entry === entry));
  return next;
}
