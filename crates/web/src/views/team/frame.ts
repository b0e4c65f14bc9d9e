// The pages of a crisis team: tabs, what waits to be sent, and the page that is open.
import { html, nothing, type TemplateResult } from "lit";
import { IncidentState } from "../../gen/polder/v1/incident_pb.ts";
import { LinkState } from "../../gen/polder/v1/node_service_pb.ts";
import { party } from "../../figures.ts";
import type { Entry } from "../../gen/polder/v1/entry_pb.ts";
import { said } from "../../refusal.ts";
import type { Actions, Shown } from "../../state.ts";
import type { Answer } from "../../team/answer.ts";
import { TABS, type Tab } from "../../team/door.ts";
import type { Room } from "../../team/room.ts";
import { office } from "../../words/office.ts";
import { team, type TeamWord } from "../../words/team.ts";
import { claim, queue } from "../words.ts";
import { bookPage } from "./book.ts";
import { capacityPage } from "./capacity.ts";
import { forecastsPage } from "./forecasts.ts";
import { handoverPage } from "./handover.ts";
import { helpPage } from "./help.ts";
import { impactPage } from "./impact.ts";
import { reportsPage } from "./reports.ts";
import { scenariosPage } from "./scenarios.ts";
import { signalsPage } from "./signals.ts";
import { situationPage } from "./situation.ts";
import { readTitle, sitrepsPage } from "./sitreps.ts";
import { warningsPage } from "./warnings.ts";

const NAMES: Record<Tab, TeamWord> = {
  situation: "situation", signals: "signalsTab", impact: "impactTab", scenarios: "scenariosTab", capacity: "capacityTab",
  help: "helpTab", reports: "reportsTab", handover: "handoverTab", sitreps: "sitrepsTab", forecasts: "forecastsTab", warnings: "warningsTab", book: "bookTab",
};
const PAGES: Record<Tab, (room: Room, shown: Shown, actions: Actions) => unknown> = {
  situation: situationPage, signals: signalsPage, impact: impactPage, scenarios: scenariosPage, capacity: capacityPage,
  help: helpPage, reports: reportsPage, handover: handoverPage, sitreps: sitrepsPage, forecasts: forecastsPage, warnings: warningsPage, book: bookPage,
};

/** What a sheet of paper is. */
export function paperOf(tab: Tab, room: Room, shown: Shown): string {
  return (tab === "sitreps" && readTitle(room, shown)) || team(shown.language.lang, NAMES[tab]);
}

export function pageOf(tab: Tab, room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { t, lang } = shown.language;
  return html`<main class="office crew" aria-labelledby="crew-head">
    <div class="office-bar"><h2 id="crew-head">${team(lang, NAMES[tab])}</h2>
      <nav class="tabs" aria-label=${team(lang, "team")}>${TABS.map((one) => html`<button type="button" class="tab" aria-pressed=${one === tab}
        @click=${() => actions.team.open(one)}>${team(lang, NAMES[one])}</button>`)}</nav>
      <button type="button" @click=${() => globalThis.print()}>${t.print}</button>
      <button type="button" @click=${() => actions.team.close()}>${t.backToMap}</button></div>
    ${queue(shown, actions)}
    <div class="crew-page">${PAGES[tab](room, shown, actions)}</div></main>`;
}

/** What stands above an answer: that it is on its way, that the node is away, or why it says no. */
export function standing<T>(answer: Answer<T>, shown: Shown): TemplateResult | typeof nothing {
  const { t, lang, clock } = shown.language;
  if (answer.refusal) return html`<p class="warn" role="alert">${said(answer.refusal, lang)}</p>`;
  if (answer.away || (answer.value && !shown.past?.items && shown.stream.kind !== "live")) {
    return html`<p class="warn" role="alert">${answer.value ? `${team(lang, "goneStale")} ${clock(answer.gotMs)}.` : t.nodeAway}</p>`;
  }
  return answer.value ? nothing : html`<p class="quiet" role="status">${office(lang, "fetching")}</p>`;
}

/** The same, with of when the answer is and whose words it lacks. */
export function current<T>(answer: Answer<T>, shown: Shown): TemplateResult {
  const { lang, clock } = shown.language;
  const past = shown.past?.items !== undefined;
  // Of the past it is not known who was cut off.
  const cut = past ? [] : (shown.links?.rows ?? []).filter((link) => link.state === LinkState.CUT_OFF);
  return html`${standing(answer, shown)}
    ${answer.value && !past && !answer.away ? html`<p class="quiet told-at">${team(lang, "toldAt")} ${clock(answer.gotMs)}</p>` : nothing}
    ${cut.length > 0 ? html`<p class="warn" role="status"><b>${team(lang, "cutOffNow")}: ${cut.map((link) => link.displayName || party(link.party)).join(", ")}.</b> ${team(lang, "cutOffHelp")}</p>` : nothing}`;
}

/** What was chosen, where paper has no choices. */
export function chosen(words: string): TemplateResult {
  return html`<p class="only-paper" aria-hidden="true">${words}</p>`;
}

/** An entry, and the way to it: in the list, and on the map where it has a place. */
export function entryLine(entry: Entry, shown: Shown, actions: Actions, more: unknown = nothing): TemplateResult {
  return html`<button type="button" class="line" data-look=${entry.name} @click=${() => actions.look(entry.name)}>${claim(entry, shown)}${more}</button>`;
}

/** How many more there are than are listed. */
export function leftOut(count: number, word: TeamWord, shown: Shown): TemplateResult | typeof nothing {
  return count > 0 ? html`<p class="quiet">${shown.language.number(count)} ${team(shown.language.lang, word)}</p>` : nothing;
}

/** Whether anything can be said here at all. */
export function mayDo(shown: Shown): boolean {
  return shown.mayPublish && !shown.past?.items && shown.incident?.state !== IncidentState.CLOSED;
}
