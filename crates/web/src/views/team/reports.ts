// What citizens told, in groups that are likely of one thing, and what a person makes of them.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { IncidentState } from "../../gen/polder/v1/incident_pb.ts";
import type { ListReportGroupsResponse, ReportGroup } from "../../gen/polder/v1/report_service_pb.ts";
import { heading } from "../../show.ts";
import type { Actions, Shown } from "../../state.ts";
import type { Room } from "../../team/room.ts";
import { citedOf, promotedFrom } from "../../team/watch.ts";
import { millis } from "../../wire.ts";
import { team } from "../../words/team.ts";
import { chosen, current, entryLine, leftOut } from "./frame.ts";

export function reportsPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { watch } = room;
  const { lang } = shown.language;
  return html`<p class="pair wrap head"><label class="check"><input id="only-waiting" type="checkbox" .checked=${live(watch.onlyWaiting)}
      @change=${(event: Event) => watch.change({ onlyWaiting: (event.target as HTMLInputElement).checked })} />${team(lang, "onlyWaiting")}</label></p>
    ${watch.onlyWaiting ? chosen(team(lang, "onlyWaiting")) : nothing}
    ${current(watch.reports, shown)}
    ${watch.reports.value ? groups(watch.reports.value, watch.onlyWaiting, shown, actions) : nothing}`;
}

function groups(told: ListReportGroupsResponse, onlyWaiting: boolean, shown: Shown, actions: Actions): TemplateResult {
  const { lang } = shown.language;
  return html`${told.groups.length === 0 ? html`<p>${team(lang, onlyWaiting ? "noReportsWait" : "noReports")}</p>` : nothing}
    <ul class="list groups">${told.groups.map((one) => html`<li>${group(one, shown, actions)}</li>`)}</ul>
    ${leftOut(told.groupsLeftOut, "reportGroupsMore", shown)}
    ${leftOut(told.reportsLeftOut, "reportsUnlooked", shown)}`;
}

function group(one: ReportGroup, shown: Shown, actions: Actions): TemplateResult {
  const { language, nowMs } = shown;
  const { lang, names, number, moment } = language;
  const [waiting, count] = [Number(one.waitingCount), Number(one.reportCount)];
  const [first, last] = [millis(one.firstTime) ?? 0, millis(one.lastTime) ?? 0].map((ms) => moment(ms, nowMs));
  return html`<article class="signal" data-group=${one.name}>
    <h3><b class="badge ${waiting > 0 ? "waits" : ""}">${waiting > 0 ? `${number(waiting)} ${team(lang, "reportsWait")}` : team(lang, "reportsDone")}</b>
      ${names.report[one.category] ?? "?"}: ${number(count)} ${team(lang, count === 1 ? "reportOne" : "reportsMany")}
      <span class="aside">${first === last ? first : `${first} – ${last}`}</span></h3>
    ${one.representative ? entryLine(one.representative, shown, actions) : nothing}
    ${one.promoted.map((entry) => html`<p class="ruled"><b>${team(lang, "promotedTo")}</b> <button type="button" class="text" data-look=${entry.name} @click=${() => actions.look(entry.name)}>${heading(entry, language)}</button></p>`)}
    ${one.reports.length + one.reportsLeftOut > 1 ? every(one, shown, actions) : nothing}
    ${promote(one, shown, actions)}</article>`;
}

/** Each report of a group; one that the reader does not have is said to be there. */
function every(one: ReportGroup, shown: Shown, actions: Actions): TemplateResult {
  const { language } = shown;
  const { lang, number } = language;
  return html`<details><summary>${team(lang, "theReports")} (${number(one.reports.length + one.reportsLeftOut)})</summary>
    <ul class="plain">${one.reports.map((name) => {
      const entry = shown.items.get(name)?.versions[0];
      return html`<li>${entry ? html`<button type="button" class="text" data-look=${name} @click=${() => actions.look(name)}>${heading(entry, language)}</button>` : html`<i>${team(lang, "notSeenHere")}</i>`}</li>`;
    })}</ul>${leftOut(one.reportsLeftOut, "moreLines", shown)}</details>`;
}

/** A person makes an entry of a group: the form, filled in with what the reports say. */
function promote(one: ReportGroup, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { lang, number } = shown.language;
  const closed = shown.incident?.state === IncidentState.CLOSED;
  if (closed || shown.past?.items || !shown.mayPublish || one.waitingEntryCount === 0) return nothing;
  const begin = (): void => {
    const base = promotedFrom(one, shown.name);
    // Who may read what was made of reports is who may read the reports.
    if (base) actions.write(base, one.representative?.audience ?? "", team(lang, "promoteHelp"));
  };
  const { left } = citedOf(one);
  return html`<p class="pair wrap"><button type="button" class="promote" @click=${begin}>${team(lang, "promote")}<span class="hidden"> ${shown.language.names.report[one.category] ?? ""} ${number(Number(one.reportCount))}</span></button>
    ${left > 0 ? html`<span class="quiet">${number(left)} ${team(lang, "reportsLeft")}</span>` : nothing}</p>`;
}
