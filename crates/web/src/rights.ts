// What the caller may do, as far as the page must know: the node decides.
import { Role } from "./gen/polder/v1/charter_pb.ts";
import type { StatementRow } from "./gen/polder/v1/charter_service_pb.ts";
import { CallerKind, type Caller } from "./gen/polder/v1/people_service_pb.ts";
import { readCharter } from "./office/charter.ts";
import type { Item } from "./picture.ts";
import type { Entry } from "./gen/polder/v1/entry_pb.ts";

const PUBLISH = [Role.LIAISON, Role.COLUMN_HEAD, Role.INFORMATION_MANAGER, Role.OPERATIONAL_LEADER];

export const EVERYBODY = "audiences/all";
/** A list to choose from has no more. */
const CHOICES_MAX = 200;

/** Until the node told who calls, nothing is refused on its behalf. */
export function may(caller: Caller | undefined, right: string): boolean {
  return !caller || caller.rights.includes(right);
}

/** Whether they may report in an incident. */
export function mayPublish(caller: Caller | undefined, incident: string): boolean {
  if (!may(caller, "publish")) return false;
  if (!caller || caller.grants.length === 0) return true;
  return caller.grants.some((grant) => PUBLISH.includes(grant.role) && (!grant.incident || grant.incident === incident));
}

/** Parties for which they may report in an incident; empty: that of the node. */
export function partiesOf(caller: Caller | undefined, incident: string): string[] {
  const grants = (caller?.grants ?? []).filter((grant) => PUBLISH.includes(grant.role) && (!grant.incident || grant.incident === incident));
  return [...new Set(grants.map((grant) => grant.party))].filter(Boolean).sort();
}

/** Whether they may change what a party said: they speak for it, or coordinate the incident. */
export function mayChange(caller: Caller | undefined, entry: Entry, incident: string): boolean {
  if (!mayPublish(caller, incident)) return false;
  if (!caller || caller.grants.length === 0) return true;
  const coordinates = caller.grants.some((grant) => grant.role === Role.INFORMATION_MANAGER && grant.incident === incident);
  return coordinates || partiesOf(caller, incident).includes(entry.party);
}

/** Whether they may give to others what a party said: only who speaks for it. */
export function mayRelease(caller: Caller | undefined, entry: Entry, incident: string): boolean {
  if (!mayPublish(caller, incident)) return false;
  if (!caller || caller.kind === CallerKind.OPERATOR) return true;
  return partiesOf(caller, incident).includes(entry.party);
}

/** A named set of parties, as the charter has it. */
export interface AudienceRow {
  name: string;
  /** Language and text. */
  titles: [string, string][];
  parties: string[];
}

/** What the charter says of audiences; what does not count is left out. */
export function audiencesIn(rows: readonly StatementRow[]): AudienceRow[] {
  const found = new Map<string, AudienceRow>();
  for (const { change: { change } } of readCharter(new Uint8Array(), rows).items) {
    if (change.case !== "audience") continue;
    const { name, displayNames, parties } = change.value;
    found.set(name, { name, titles: displayNames.map(({ language, text }) => [language, text]), parties });
  }
  return [...found.values()];
}

/** To whom the caller can speak: each once, everybody first. */
export function audiencesOf(
  caller: Caller | undefined,
  incident: string,
  rows: readonly AudienceRow[],
  items: Iterable<Item>,
): string[] {
  const found = new Set<string>();
  const given = (caller?.grants ?? []).filter((grant) => !grant.incident || grant.incident === incident);
  const named = given.flatMap((grant) => grant.audiences);
  // A guest speaks to those that the invitation names, and to nobody else.
  if (caller?.kind === CallerKind.GUEST) return [...new Set(named)].map((name) => (name === EVERYBODY ? "" : name)).sort();
  for (const name of named) found.add(name);
  const parties = new Set(given.map((grant) => grant.party));
  for (const row of rows) {
    if (parties.size === 0 || row.parties.some((party) => parties.has(party))) found.add(row.name);
  }
  for (const { versions } of items) for (const { audience } of versions) if (audience) found.add(audience);
  found.delete(EVERYBODY);
  return ["", ...[...found].sort().slice(0, CHOICES_MAX)];
}
