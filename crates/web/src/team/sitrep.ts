// A sitrep as it is read, what two of them differ in, and a draft that is being edited.
import { clone } from "@bufbuild/protobuf";
import { SitrepSchema, type Sitrep, type SitrepLine, type SitrepSection } from "../gen/polder/v1/sitrep_pb.ts";
import { party } from "../figures.ts";
import { millis } from "../wire.ts";
import type { Language } from "../words/index.ts";
import { team } from "../words/team.ts";

/** `Sitrep 3.1 ROT`, as the command line has it. */
export function titleOf(sitrep: Sitrep, { lang }: Language): string {
  const number = sitrep.number === 0 ? team(lang, "aDraft") : `${sitrep.number}.${sitrep.version}`;
  return `${team(lang, "sitrep")} ${number} ${sitrep.team}`.trim();
}

/** Name and value; `recalled`: why it was withdrawn. */
export function factsOf(sitrep: Sitrep, language: Language, nowMs: number, recalled: string): [string, string][] {
  const { lang, moment } = language;
  const at = (ms: number | undefined): string => (ms === undefined ? "" : moment(ms, nowMs));
  const facts: [string, string][] = [
    [team(lang, "sitrepRecalled"), recalled],
    [team(lang, "issued"), at(millis(sitrep.issuedTime))],
    [team(lang, "issuedBy"), sitrep.issuedBy],
    [team(lang, "pictureOf"), at(millis(sitrep.knownAt))],
    [team(lang, "scaling"), sitrep.scalings.join(", ")],
    [team(lang, "nextOne"), at(millis(sitrep.nextTime))],
  ];
  return facts.filter(([, value]) => value);
}

/** What it says, who says it and when, and what is not sure. */
export function lineOf(line: SitrepLine, language: Language, nowMs: number): string {
  const { lang, t, moment } = language;
  const observed = millis(line.observed);
  const more = [
    party(line.party), observed === undefined ? "" : moment(observed, nowMs), line.unverified ? t.unverified : "", line.stale ? t.stale : "",
  ];
  return `${lang === "nl" ? line.dutch : line.english} (${more.filter(Boolean).join(", ")})`;
}

/** What a section does not list, or that there is nothing; empty: nothing to say. */
export function noteOf(section: SitrepSection, { lang }: Language): string {
  const { lines, staleLeftOut, leftOut } = section;
  if (lines.length === 0 && staleLeftOut === 0 && leftOut === 0) return team(lang, "nothingThere");
  const notes = [staleLeftOut > 0 ? `${staleLeftOut} ${team(lang, "staleLeftOut")}` : "", leftOut > 0 ? `${leftOut} ${team(lang, "moreLeftOut")}` : ""];
  return notes.filter(Boolean).join(", ");
}

export type Mark = "+" | "-" | "~";

/** Lines that the first lacks (`+`), the second lacks (`-`), or both have otherwise (`~`, as the
 * second has it): by the entries that they rest on, in the order of the second. */
export function differences(first: Sitrep, second: Sitrep): [Mark, SitrepLine][] {
  const lines = (sitrep: Sitrep): SitrepLine[] => sitrep.sections.flatMap((section) => section.lines);
  const entry = (line: SitrepLine): string => line.version.split("/versions/")[0] ?? "";
  const before = new Map<string, SitrepLine[]>();
  for (const line of lines(first)) before.set(entry(line), [...(before.get(entry(line)) ?? []), line]);
  const after = new Set(lines(second).map(entry));
  const changes: [Mark, SitrepLine][] = [];
  for (const line of lines(second)) {
    const held = before.get(entry(line));
    if (!held) changes.push(["+", line]);
    else if (held.every((one) => one.version !== line.version)) changes.push(["~", line]);
  }
  for (const line of lines(first)) if (!after.has(entry(line))) changes.push(["-", line]);
  return changes;
}

/** With a section otherwise; nothing of the old is changed. */
function within(sitrep: Sitrep, section: number, change: (section: SitrepSection) => void): Sitrep {
  const next = clone(SitrepSchema, sitrep);
  const found = next.sections[section];
  if (found) change(found);
  return next;
}

export function withRemark(sitrep: Sitrep, section: number, remark: string): Sitrep {
  return within(sitrep, section, (one) => (one.remark = remark));
}

export function withLine(sitrep: Sitrep, section: number, line: number, change: Partial<Pick<SitrepLine, "dutch" | "english">>): Sitrep {
  return within(sitrep, section, ({ lines }) => {
    if (lines[line]) Object.assign(lines[line], change);
  });
}

/** Without a line: the reader is told that there is one more that is not listed. */
export function withoutLine(sitrep: Sitrep, section: number, line: number): Sitrep {
  return within(sitrep, section, (one) => (one.leftOut += one.lines.splice(line, 1).length));
}

/** What was compiled anew, with the words that somebody wrote before. */
export function recompiled(before: Sitrep, fresh: Sitrep): Sitrep {
  const next = clone(SitrepSchema, fresh);
  for (const section of next.sections) section.remark = before.sections.find((one) => one.theme === section.theme)?.remark ?? "";
  return Object.assign(next, { team: before.team, issuedBy: before.issuedBy, nextTime: before.nextTime });
}
