// Entries that contradict each other, side by side, with where each comes from; and the decision.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import type { Entry } from "../../gen/polder/v1/entry_pb.ts";
import { IncidentState } from "../../gen/polder/v1/incident_pb.ts";
import type { Contradiction } from "../../gen/polder/v1/team_service_pb.ts";
import { figures, party } from "../../figures.ts";
import { heading, isStale, sure, text, when } from "../../show.ts";
import type { Actions, Shown } from "../../state.ts";
import { countBasis, decidable, subject } from "../../team/disputes.ts";
import type { Room, RulingDraft } from "../../team/room.ts";
import { basisWords, named, team } from "../../words/team.ts";
import { audienceChoice, audienceName } from "../audience.ts";

const FIRST = 3;

/** Open ones first; the rest behind a fold. */
export function disputeList(rows: readonly Contradiction[], room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { language } = shown;
  const { t, lang } = language;
  const open = rows.filter((one) => one.decisions.length === 0);
  const decided = rows.filter((one) => one.decisions.length > 0);
  const list = (some: readonly Contradiction[]): TemplateResult => html`<ul class="list">${repeat(some, (one) => one.name, (one) => html`<li>${dispute(one, room, shown, actions)}</li>`)}</ul>`;
  const leftOut = room.disputes.value?.contradictionsLeftOut ?? 0;
  return html`${open.length > 0 ? list(open.slice(0, FIRST)) : nothing}
    ${open.length > FIRST ? html`<details><summary>${t.more} (${open.length - FIRST})</summary>${list(open.slice(FIRST))}</details>` : nothing}
    ${leftOut > 0 ? html`<p class="quiet">${language.number(leftOut)} ${team(lang, "contradictionsMore")}</p>` : nothing}
    ${decided.length > 0 ? html`<details><summary>${team(lang, "decidedOnes")} (${decided.length})</summary>${list(decided)}</details>` : nothing}`;
}

export function dispute(one: Contradiction, room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { lang, number } = shown.language;
  const open = one.decisions.length === 0;
  return html`<article class="dispute ${open ? "open" : ""}" data-contradiction=${one.name}>
    <h3><b class="badge ${open ? "refused" : ""}">${team(lang, open ? "open" : "decided")}</b> ${subject(one, lang)}</h3>
    <ul class="sides">${one.versions.map((entry) => html`<li>${side(entry, shown, actions, subject(one, lang))}</li>`)}</ul>
    ${one.versionsLeftOut > 0 ? html`<p class="quiet">${number(one.versionsLeftOut)} ${team(lang, "versionsMore")}</p>` : nothing}
    ${one.agreeing.length > 0 ? html`<details><summary>${team(lang, "agrees")} (${one.agreeing.length})</summary>
      <ul class="sides">${one.agreeing.map((entry) => html`<li>${side(entry, shown, actions)}</li>`)}</ul></details>` : nothing}
    ${one.decisions.map((entry) => ruled(entry, shown, actions))}
    ${open ? deciding(one, room, shown) : nothing}</article>`;
}

/** One side: the figure first, then who says it, when, how sure, and what it rests on. The place is
 * not said again below a heading that has it. */
function side(entry: Entry, shown: Shown, actions: Actions, head = ""): TemplateResult {
  const { language, nowMs } = shown;
  const { t, lang } = language;
  const [title, numbers, at] = [heading(entry, language), figures(entry, language), when(entry)];
  const systems = entry.sources.map((source) => source.system).filter(Boolean).join("; ");
  const basis = named(lang, basisWords, countBasis(entry));
  return html`<button type="button" class="side-claim ${sure(entry)}" @click=${() => actions.look(entry.name)}>
    ${numbers && numbers !== title ? html`<b class="figures">${numbers}</b><span class="said-as">${title}</span>` : html`<b class="figures">${title}</b>`}
    <span class="meta">${isStale(entry, nowMs) ? html`<b class="badge stale">◷ ${t.stale}</b>` : nothing}
      <span>${party(entry.party) || t.unknown}${entry.author ? ` · ${entry.author}` : ""}</span>
      <time datetime=${new Date(at).toISOString()}>${language.moment(at, nowMs)}</time>
      <span>${language.age(nowMs - at)} ${team(lang, "old")}</span>
      <b class="sure">${t[sure(entry)]}</b>
      ${entry.place && !head.includes(entry.place) ? html`<span>${entry.place}</span>` : nothing}</span>
    ${systems || basis ? html`<span class="meta">${systems ? html`<span>${team(lang, "source")}: ${systems}</span>` : nothing}
      ${basis ? html`<span>${team(lang, "basis")}: ${basis}</span>` : nothing}</span>` : nothing}
    ${entry.audience ? html`<span class="meta"><b class="badge audience">${t.audience}: ${audienceName(entry.audience, shown)}</b></span>` : nothing}</button>`;
}

function ruled(entry: Entry, shown: Shown, actions: Actions): TemplateResult {
  const { language, nowMs } = shown;
  const { lang } = language;
  const body = entry.body.case === "decision" ? entry.body.value : undefined;
  return html`<p class="ruled"><b>${team(lang, "decided")}:</b> <button type="button" class="text" @click=${() => actions.look(entry.name)}>${heading(entry, language)}</button>
    <span class="aside">${[body?.decidedBy, party(entry.party), language.moment(when(entry), nowMs)].filter(Boolean).join(" · ")}</span>
    ${body?.rationale ? html`<span class="block">${body.rationale}</span>` : nothing}</p>`;
}

function deciding(one: Contradiction, room: Room, shown: Shown): TemplateResult | typeof nothing {
  const { lang } = shown.language;
  const closed = shown.incident?.state === IncidentState.CLOSED;
  if (closed || shown.past?.items || !shown.mayPublish) return nothing;
  if (room.isRuled(one, shown)) return html`<p class="quiet" role="status">${team(lang, "decisionSent")}</p>`;
  if (!decidable(one)) return html`<p class="quiet">${team(lang, "tooManyVersions")}</p>`;
  const { ruling } = room;
  if (ruling?.name !== one.name) {
    return html`<p class="pair"><button type="button" class="decide" @click=${() => room.rule(one)}>${team(lang, "decide")}<span class="hidden"> ${subject(one, lang)}</span></button></p>`;
  }
  return form(one, ruling, room, shown);
}

function form(one: Contradiction, ruling: RulingDraft, room: Room, shown: Shown): TemplateResult {
  const { language } = shown;
  const { t, lang } = language;
  const send = (event: Event): void => {
    event.preventDefault();
    void room.sendRuling(one, shown);
  };
  const typed = (event: Event): string => (event.target as HTMLInputElement).value;
  const lines = [...new Set(one.versions.map((entry) => {
    const [title, numbers] = [text(entry, lang).title, figures(entry, language)];
    return [numbers, title && !numbers.includes(title) ? title : ""].filter(Boolean).join(", ") || heading(entry, language);
  }))];
  return html`<form class="ruling" @submit=${send} aria-busy=${ruling.busy} aria-label=${team(lang, "decide")}>
    <p class="quiet">${team(lang, "decideHelp")}</p>
    <p class="starts">${lines.slice(0, 6).map((line) => html`<button type="button"
      @click=${() => room.changeRuling({ title: `${team(lang, "startFrom")} ${line}`.slice(0, 200) })}>${team(lang, "startFrom")} ${line}</button>`)}</p>
    <label class="field">${team(lang, "whatDecided")}<input class="ruling-title" type="text" required maxlength="200" autocomplete="off" .value=${live(ruling.title)}
      @input=${(event: Event) => room.changeRuling({ title: typed(event) })} /></label>
    <label class="field">${team(lang, "whoDecided")}<input class="ruling-by" type="text" required maxlength="200" .value=${live(ruling.by)}
      @input=${(event: Event) => room.changeRuling({ by: typed(event) })} /></label>
    <label class="field">${team(lang, "why")}<textarea class="ruling-why" rows="2" maxlength="4000" .value=${live(ruling.because)}
      @input=${(event: Event) => room.changeRuling({ because: typed(event) })}></textarea></label>
    ${audienceChoice(ruling.audience, shown, (audience) => room.changeRuling({ audience }), "ruling-audience")}
    ${ruling.notKept ? html`<p class="warn" role="alert">${t.notKept}</p>` : nothing}
    <p class="pair"><button type="submit" class="send" ?disabled=${ruling.busy || !ruling.title.trim() || !ruling.by.trim()}>${team(lang, "recordDecision")}</button>
      <button type="button" @click=${() => room.rule(undefined)}>${t.cancel}</button></p></form>`;
}
