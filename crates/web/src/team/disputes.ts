// Contradictions between entries: which are shown beside rival versions, what they are about, and the
// decision that settles one.
import { create } from "@bufbuild/protobuf";
import { DecisionState } from "../gen/polder/v1/decision_pb.ts";
import { CountBasis, type Count } from "../gen/polder/v1/count_pb.ts";
import { EntrySchema, Statement, type Entry } from "../gen/polder/v1/entry_pb.ts";
import type { Contradiction } from "../gen/polder/v1/team_service_pb.ts";
import type { Lang } from "../words/index.ts";
import { aspect, team } from "../words/team.ts";

/** Versions on which a decision may rest. */
const BASIS_MAX = 64;

/** Whether different entries contradict each other; rivals of one entry are shown as such. */
export function betweenEntries(one: Contradiction): boolean {
  return new Set(one.versions.map((version) => version.name)).size > 1;
}

/** What they differ about, as the command line says it. */
export function subject(one: Contradiction, lang: Lang): string {
  if (one.subjects.length === 0) {
    const place = one.versions.find((version) => version.place)?.place;
    const what = team(lang, betweenEntries(one) ? "saysSo" : "differ");
    return place ? `${place}: ${what}` : what;
  }
  const places = new Map<string, string[]>();
  for (const { aspect: name, place, expected } of one.subjects) {
    const what = `${aspect(lang, name)}${expected ? ` (${team(lang, "expected")})` : ""}`;
    const known = places.get(what) ?? [];
    if (!known.includes(place)) places.set(what, [...known, place]);
  }
  return [...places].map(([what, at]) => `${at.join(", ")}: ${what}`).join(" · ");
}

/** What the main count of an entry rests on. */
export function countBasis(entry: Entry): CountBasis {
  const { body } = entry;
  const count = ((): Count | undefined => {
    switch (body.case) {
      case "outage":
        return body.value.customers;
      case "evacuation":
        return body.value.people ?? body.value.homes;
      case "careCapacity":
        return body.value.patients;
      case "reception":
        return body.value.present ?? body.value.capacity;
      case "resource":
        return body.value.quantity;
      case "casualties":
        return body.value.figures[0]?.count;
      default:
        return undefined;
    }
  })();
  return count?.basis ?? CountBasis.UNSPECIFIED;
}

/** Whether one decision can rest on all of it. */
export function decidable(one: Contradiction): boolean {
  return one.versionsLeftOut === 0 && one.versions.length <= BASIS_MAX;
}

/** Whom a decision is for unless somebody says otherwise: never more than may see what it cites. */
export function decidedFor(one: Contradiction): string {
  return one.versions.find((version) => version.audience)?.audience ?? "";
}

export interface Ruling {
  title: string;
  by: string;
  because: string;
}

/** A decision that rests on every version that takes part. */
export function decision(one: Contradiction, ruling: Ruling, incident: string, lang: Lang): Entry {
  return create(EntrySchema, {
    name: `${incident}/entries/${crypto.randomUUID()}`,
    statement: Statement.DECISION,
    texts: [{ language: lang, title: ruling.title.trim() }],
    body: {
      case: "decision",
      value: {
        decidedBy: ruling.by.trim(),
        state: DecisionState.TAKEN,
        rationale: ruling.because.trim(),
        basis: one.versions.map((version) => `${version.name}/versions/${version.version}`),
      },
    },
  });
}
