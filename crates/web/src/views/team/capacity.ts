// Units and people: what can be sent and for how long, each unit counted once; who lacks rest.
import { html, nothing, type TemplateResult } from "lit";
import { party } from "../../figures.ts";
import type { ListCapacityResponse, ResourceCapacity, StaffCapacity } from "../../gen/polder/v1/capacity_service_pb.ts";
import type { Entry } from "../../gen/polder/v1/entry_pb.ts";
import type { Actions, Shown } from "../../state.ts";
import type { Room } from "../../team/room.ts";
import { millis } from "../../wire.ts";
import { team, type TeamWord } from "../../words/team.ts";
import { current, entryLine, leftOut } from "./frame.ts";

const HOURS = [8, 12, 16, 24];

export function capacityPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { watch } = room;
  const { lang } = shown.language;
  return html`<div class="asked head"><label>${team(lang, "restAfter")}<select id="rest-after" @change=${(event: Event) => watch.change({ dutyHours: Number((event.target as HTMLSelectElement).value) })}>
      ${HOURS.map((hours) => html`<option value=${hours} ?selected=${hours === watch.dutyHours}>${team(lang, "hoursOf", hours)}</option>`)}</select></label></div>
    ${current(watch.capacity, shown)}
    ${watch.capacity.value ? told(watch.capacity.value, watch.dutyHours, shown, actions) : nothing}`;
}

type Column<R> = readonly [TeamWord, (row: R) => number];
const UNITS: readonly Column<ResourceCapacity>[] = [
  ["countAvailable", (row) => Number(row.available)], ["countAlerted", (row) => Number(row.alerted)], ["enRoute", (row) => Number(row.enRoute)],
  ["countDeployed", (row) => Number(row.deployed)], ["countExhausted", (row) => Number(row.exhausted)], ["countOutOfOrder", (row) => Number(row.outOfOrder)],
  ["stateUnsaid", (row) => Number(row.unstated)], ["countWithPeople", (row) => Number(row.personnel)], ["ofOldFigures", (row) => Number(row.stale)],
];
const STAFF: readonly Column<StaffCapacity>[] = [
  ["groupsOfPeople", (row) => row.units], ["countPresent", (row) => Number(row.present)], ["countAvailable", (row) => Number(row.available)],
  ["countOnDuty", (row) => Number(row.onDuty)], ["countResting", (row) => Number(row.resting)], ["ofOldFigures", (row) => row.staleUnits],
];

function told(answer: ListCapacityResponse, hours: number, shown: Shown, actions: Actions): TemplateResult {
  const { lang, names } = shown.language;
  if (answer.resources.length === 0 && answer.staff.length === 0) return html`<p>${team(lang, "noCapacity")}</p>`;
  const staffOf = (row: StaffCapacity): string => (row.function ? `${row.function} (${names.staff[row.sort] ?? "?"})` : (names.staff[row.sort] ?? "?"));
  return html`${table("capacityUnits", "unitHead", answer.resources, (row) => row.type, UNITS, answer.resourcesLeftOut, shown)}
    ${table("capacityStaff", "staffHead", answer.staff, staffOf, STAFF, answer.staffLeftOut, shown)}
    <div class="handover">
    ${part("capacityEnds", "", answer.endsLeftOut, shown, answer.ends.map((end) => entry(end.entry, shown, actions, endWords(millis(end.time) ?? 0, Number(end.count), end.past, shown))))}
    ${part("capacityRest", ` ${team(lang, "hoursOf", hours)}`, answer.restBreachesLeftOut, shown, answer.restBreaches.map((breach) =>
      entry(breach.entry, shown, actions, html`<b class="badge matter refused">${shown.language.age(Number(breach.duty?.seconds ?? 0n) * 1000)}</b>`)))}
    ${part("capacityDisputed", "", answer.disputedLeftOut, shown, answer.disputed.map((one) => html`<li><b>${one.unit}</b>
      <ul class="list">${one.versions.map((version) => entry(version, shown, actions))}</ul></li>`))}</div>`;
}

function endWords(at: number, count: number, past: boolean, shown: Shown): TemplateResult {
  const { lang, moment, number } = shown.language;
  return html`<b class="badge matter ${past ? "refused" : "waits"}">${number(count)} · ${moment(at, shown.nowMs)}${past ? ` · ${team(lang, "capacityEnded")}` : ""}</b>`;
}

function entry(found: Entry | undefined, shown: Shown, actions: Actions, more: unknown = nothing): TemplateResult | typeof nothing {
  return found ? html`<li>${entryLine(found, shown, actions, more)}</li>` : nothing;
}

function part(name: TeamWord, after: string, more: number, shown: Shown, rows: readonly unknown[]): TemplateResult | typeof nothing {
  const { lang, number } = shown.language;
  if (rows.length === 0) return nothing;
  return html`<section class="part" data-part=${name}><h3>${team(lang, name)}${after} (${number(rows.length + more)})</h3><ul class="list">${rows}</ul>${leftOut(more, "moreLines", shown)}</section>`;
}

/** Columns of which all is nothing are not drawn. */
function table<R extends { party: string }>(
  name: TeamWord, head: TeamWord, rows: readonly R[], what: (row: R) => string, all: readonly Column<R>[], more: number, shown: Shown,
): TemplateResult | typeof nothing {
  const { lang, number } = shown.language;
  if (rows.length === 0) return nothing;
  const columns = all.filter(([, value]) => rows.some((row) => value(row) > 0));
  return html`<section class="part" data-part=${name}><h3>${team(lang, name)}</h3>
    <div class="wide" tabindex="0" role="region" aria-label=${team(lang, name)}><table class="sheet counts">
    <thead><tr><th scope="col">${team(lang, "partyHead")}</th><th scope="col">${team(lang, head)}</th>${columns.map(([word]) => html`<th scope="col" class="figure">${team(lang, word)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr><td>${party(row.party)}</td><th scope="row">${what(row)}</th>${columns.map(([word, value]) => html`<td class="figure ${word === "ofOldFigures" && value(row) > 0 ? "bad" : ""}">${value(row) > 0 ? number(value(row)) : "·"}</td>`)}</tr>`)}</tbody></table></div>
    ${leftOut(more, "moreLines", shown)}</section>`;
}
