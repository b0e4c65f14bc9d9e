// Themes of the situation picture, and what is asked of whom: what the views beside the map sort by.
import { RequestState } from "./gen/polder/v1/assistance_request_pb.ts";
import { ActionState } from "./gen/polder/v1/action_pb.ts";
import { Statement, type Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Incident } from "./gen/polder/v1/incident_pb.ts";
import { party } from "./figures.ts";
import type { Item } from "./picture.ts";

/** Of kinds that name no theme of their own. */
const OF_KIND: Record<string, number> = {
  casualties: 4, water_level: 7, outage: 6, measurement: 7, closure: 2, evacuation: 4, care_capacity: 6, resource: 2,
  assistance_request: 2, warning: 4, weather: 7, decision: 9, action: 2, flood_defence: 7, reception: 4, assistance_offer: 2, staffing: 2,
  facility: 6, scenario: 3,
};

/** What is expected belongs to the prognosis, whatever it is about. */
export function themeOf(entry: Entry): number {
  if (entry.body.case === "observation" && entry.body.value.theme) return entry.body.value.theme;
  if (entry.statement === Statement.FORECAST) return 3;
  return OF_KIND[entry.kind] ?? 0;
}

export const VIEWS = ["all", "decisions", "actions", "asks", "bottlenecks", "questions", "gaps", "changes", "nation"] as const;
export type ViewName = (typeof VIEWS)[number];

/** Whether an entry belongs in a view of the list. */
export function belongs(entry: Entry, view: ViewName): boolean {
  switch (view) {
    case "decisions":
      return entry.kind === "decision" || entry.statement === Statement.DECISION;
    case "actions":
      return entry.kind === "action" || entry.statement === Statement.ACTION;
    case "asks":
      return entry.kind === "assistance_request" || entry.kind === "assistance_offer";
    case "bottlenecks":
      return entry.statement === Statement.BOTTLENECK;
    case "questions":
      return entry.statement === Statement.QUESTION;
    default:
      return true;
  }
}

/** Asked for, and not met, refused or withdrawn. */
export function isOpen(entry: Entry): boolean {
  if (entry.body.case === "assistanceRequest") {
    const done = [RequestState.MET, RequestState.REFUSED, RequestState.WITHDRAWN];
    return !done.includes(entry.body.value.state);
  }
  if (entry.body.case === "action") return ![ActionState.DONE, ActionState.CANCELLED].includes(entry.body.value.state);
  return true;
}

export interface Gaps {
  /** Regions that scaled up, parties that were asked and nodes that are linked, without a word. */
  parties: string[];
  disciplines: number[];
  /** The last word of each who spoke, the longest ago first. */
  last: [party: string, at: number, count: number][];
}

export function gaps(items: Iterable<Item>, incident: Incident | undefined, linked: readonly string[]): Gaps {
  const spoke = new Map<string, [number, number]>();
  const columns = new Set<number>();
  const expected = new Set(linked.filter(Boolean));
  for (const scaling of incident?.scalings ?? []) expected.add(scaling.region);
  for (const { versions } of items) {
    for (const entry of versions) {
      const at = Number(entry.recordedTime?.seconds ?? 0n) * 1000;
      const [last, count] = spoke.get(entry.party) ?? [0, 0];
      spoke.set(entry.party, [Math.max(last, at), count + 1]);
      columns.add(entry.discipline);
      if (entry.body.case === "assistanceRequest") expected.add(entry.body.value.addressee);
    }
  }
  expected.delete("");
  return {
    parties: [...expected].filter((name) => !spoke.has(name)).map(party).sort(),
    disciplines: Array.from({ length: 13 }, (_, at) => at + 1).filter((number) => !columns.has(number)),
    last: [...spoke].map(([name, [at, count]]) => [party(name), at, count] as [string, number, number]).sort((a, b) => a[1] - b[1]),
  };
}
