// The pages of a crisis team: tabs, what waits to be sent, and the page that is open.
import { html, nothing, type TemplateResult } from "lit";
import { said } from "../../refusal.ts";
import type { Actions, Shown } from "../../state.ts";
import type { Answer } from "../../team/answer.ts";
import { TABS, type Tab } from "../../team/door.ts";
import type { Room } from "../../team/room.ts";
import { office } from "../../words/office.ts";
import { team, type TeamWord } from "../../words/team.ts";
import { queue } from "../words.ts";
import { handoverPage } from "./handover.ts";
import { helpPage } from "./help.ts";
import { situationPage } from "./situation.ts";
import { readTitle, sitrepsPage } from "./sitreps.ts";

const NAMES: Record<Tab, TeamWord> = { situation: "situation", handover: "handoverTab", sitreps: "sitrepsTab", help: "helpTab" };
const PAGES: Record<Tab, (room: Room, shown: Shown, actions: Actions) => unknown> = {
  situation: situationPage, handover: handoverPage, sitreps: sitrepsPage, help: helpPage,
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
