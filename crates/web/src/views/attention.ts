// On top of everything: what must be seen, who has, who is late, and the press that says so.
import { html, nothing, type TemplateResult } from "lit";
import type { AddresseeState, Attended } from "../gen/polder/v1/team_service_pb.ts";
import { party } from "../figures.ts";
import { said } from "../refusal.ts";
import { heading } from "../show.ts";
import type { Actions, Shown } from "../state.ts";
import { entryMark } from "../symbols.ts";
import { millis } from "../wire.ts";

export function attention(shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { t } = shown.language;
  const { rows, leftOut } = actions.attention;
  // Of the past it is told with the picture of then.
  if (rows.length === 0 || shown.past?.items) return nothing;
  return html`<section class="attention" aria-labelledby="attention-head">
    <h2 id="attention-head"><span role="status">${t.mustSee} (${rows.length + leftOut})</span></h2>
    <ul class="list">${rows.map((row) => line(row, shown, actions))}</ul></section>`;
}

function line(row: Attended, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { language } = shown;
  const { t, lang } = language;
  const { entry } = row;
  if (!entry) return nothing;
  const due = millis(row.dueTime);
  const own = mine(row.addressees, shown);
  const { refused, busy } = actions.attention;
  return html`<li><div class="line ${row.addressees.some((one) => one.overdue) ? "urgent" : ""}">${entryMark(entry.discipline, entry.kind)}
    <span class="text"><button type="button" class="text title" @click=${() => actions.choose(entry.name, "list")}>${heading(entry, language)}</button>
      <span class="meta"><span>${party(entry.party)}</span>${due === undefined ? nothing : html`<span>${t.mustSeeBefore} ${language.moment(due, shown.liveMs)}</span>`}</span>
      <ul class="plain">${row.addressees.map((one) => html`<li>${addressee(one, shown)}</li>`)}</ul>
      ${refused?.name === entry.name ? html`<span class="problem" role="alert">${refused.away ? t.nodeAway : said(refused.refusal, lang)}</span>` : nothing}
      ${own === undefined ? nothing : html`<span class="pair"><button type="button" class="send read" ?disabled=${busy.has(entry.name)}
        @click=${() => void actions.attention.read(entry.name, own)}>${t.iHaveSeen}<span class="hidden">: ${heading(entry, language)}</span></button></span>`}
    </span></div></li>`;
}

/** The party for which the reader is asked and has not said so; `undefined`: they are not asked. */
function mine(addressees: readonly AddresseeState[], shown: Shown): string | undefined {
  if (!shown.mayPublish) return undefined;
  const parties = shown.speaksFor.length > 0 ? shown.speaksFor : [shown.party];
  const waiting = addressees.filter((one) => one.readTime === undefined);
  const asked = [...waiting.map((one) => one.party), ...waiting.map((one) => one.escalatedTo)];
  return asked.find((name) => name && parties.includes(name));
}

function addressee(one: AddresseeState, shown: Shown): TemplateResult {
  const { t, moment } = shown.language;
  const [delivered, read] = [millis(one.deliveredTime), millis(one.readTime)];
  const told = delivered === undefined ? t.notDelivered : `${t.delivered} ${moment(delivered, shown.liveMs)}`;
  const seen = read === undefined ? (one.readEarlier ? t.readEarlier : t.notSeen) : `${t.wasRead} ${moment(read, shown.liveMs)}${one.reader ? ` (${one.reader})` : ""}`;
  return html`<b>${party(one.party)}</b>${one.role ? ` (${one.role})` : ""}: ${told} · ${seen}
    ${one.overdue ? html`<b class="badge urgent">${t.tooLate}</b>` : nothing}
    ${one.escalatedTo ? html`· ${t.nowAsked} ${party(one.escalatedTo)}` : nothing}`;
}
