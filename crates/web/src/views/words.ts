// The right column: what was chosen, what waits, contradictions, and everything, newest first.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import type { Entry } from "../gen/polder/v1/entry_pb.ts";
import { IncidentState } from "../gen/polder/v1/incident_pb.ts";
import { millis } from "../wire.ts";
import { figures, party } from "../figures.ts";
import { audienceOf, entryOf, reasonOf, type Waiting } from "../outbox.ts";
import { said as told } from "../refusal.ts";
import type { Item } from "../picture.ts";
import { heading, isStale, isUrgent, sure, text, when } from "../show.ts";
import type { Actions, Shown } from "../state.ts";
import { written } from "../rd.ts";
import { entryMark } from "../symbols.ts";
import { may, mayChange } from "../rights.ts";
import { kindOf } from "../form.ts";
import { spoken } from "../spoken.ts";
import { office } from "../words/office.ts";
import { against } from "./against.ts";
import { audienceName } from "./audience.ts";
import { methane } from "./methane.ts";
import { album } from "./photos.ts";
import { changed, missing, tabs, viewName } from "./tabs.ts";
import { attention } from "./attention.ts";
import { form } from "./form.ts";
import { issuing } from "./issue.ts";
import { release, releasedMarks } from "./release.ts";
import { gone, takeBack } from "./takeback.ts";

const SPOKEN = 100;

export function words(shown: Shown, actions: Actions): TemplateResult {
  const { language, list } = shown;
  const { t } = language;
  const rows = list.slice(0, shown.shown);
  const rest = list.length - rows.length;
  const empty = shown.total === 0 && shown.waiting.length === 0;
  const none = shown.stream.kind === "starting" ? nothing : shown.whole ? (empty ? t.emptyIncident : t.nothing) : t.notYet;
  return html`<section class="words" aria-label=${t.list}>
    <p class="heard" role="status">${shown.announced}</p>
    ${form(shown, actions)}
    ${methane(shown, actions)}
    ${shown.mayRead ? nothing : html`<p class="warn">${t.mayNotRead}</p>`}
    ${shown.selected ? detail(shown, actions) : nothing}
    ${attention(shown, actions)}
    ${tabs(shown, actions)}
    ${queue(shown, actions)}
    ${shown.filter.view === "gaps" ? missing(shown) : shown.filter.view === "changes" ? changed(shown, actions) : nothing}
    ${against(shown, actions)}
    <section aria-labelledby="list-head" id="list" tabindex="-1" ?hidden=${shown.filter.view === "gaps" || shown.filter.view === "changes"}>
      <h2 id="list-head">${shown.filter.view === "all" ? t.latest : viewName(shown.filter.view, shown)} ${shown.whole ? `(${language.number(list.length)})` : ""}</h2>
      ${list.length === 0 ? html`<p class="quiet">${none}</p>` : nothing}
      <ul class="list">${repeat(rows, (one) => one.name, (one) => line(one, shown, actions))}</ul>
      ${rest > 0
        ? html`<button type="button" class="more" @click=${() => actions.more()}>${t.more} (${language.number(rest)})</button>`
        : nothing}
    </section>
    ${aloud(shown, actions)}
  </section>`;
}

/** What was written here and is not yet at the node. */
export function queue(shown: Shown, actions: Actions): TemplateResult {
  const { t } = shown.language;
  return html`${shown.waiting.length > 0
      ? html`<section class="queue" aria-labelledby="queue-head"><h2 id="queue-head">${t.waiting} (${shown.waiting.length})</h2>
          <p class="quiet">${t.waitingHelp}</p>
          <ul class="list">${repeat(shown.waiting, (w) => w.id, (w) => queued(w, shown, actions))}</ul></section>`
      : nothing}
    ${shown.othersWaiting > 0 ? html`<p class="quiet others">${shown.othersWaiting} ${t.othersWait}</p>` : nothing}`;
}

/** The map in words: for who listens, and on paper. */
function aloud(shown: Shown, actions: Actions): TemplateResult {
  const { t, lang } = shown.language;
  const rows = shown.list.slice(0, SPOKEN).map((one) => [one, spoken(one.versions[0]!, shown.towns, lang)] as const);
  const placed = rows.filter(([, where]) => where);
  return html`<details class="aloud"><summary>${t.mapInWords} (${placed.length})</summary>
    <ul class="plain">${placed.map(([one, where]) => html`<li><button type="button" class="text" @click=${() => actions.choose(one.name, "list")}>${heading(one.versions[0]!, shown.language)}</button>
      <span class="aside">${where}</span></li>`)}</ul></details>`;
}

function line(one: Item, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const entry = one.versions[0];
  if (!entry) return nothing;
  const chosen = one.name === shown.selected;
  return html`<li><button type="button" class=${shape(entry, shown)} data-entry=${one.name} aria-pressed=${chosen}
    @click=${() => actions.choose(chosen ? undefined : one.name, "list")}>
    ${claim(entry, shown)}
    ${releasedMarks(one, shown)}
    ${one.contradicts && one.versions.length > 1
      ? html`<span class="badge against">${one.versions.length} ${shown.language.t.versions}</span>` : nothing}
  </button></li>`;
}

function shape(entry: Entry, shown: Shown): string {
  const parts = ["line", sure(entry)];
  if (isStale(entry, shown.nowMs)) parts.push("stale");
  if (isUrgent(entry)) parts.push("urgent");
  if (entry.retracted) parts.push("retracted");
  return parts.join(" ");
}

/** What one version says: mark, title, figures, who, when, how sure. */
export function claim(entry: Entry, shown: Shown): TemplateResult {
  const { language, nowMs } = shown;
  const { t, names } = language;
  const title = heading(entry, language);
  const numbers = figures(entry, language);
  const at = when(entry);
  const stale = isStale(entry, nowMs);
  return html`${entryMark(entry.discipline, entry.kind)}
    <span class="text"><span class="title">${title}</span>
      ${numbers && numbers !== title ? html`<span class="figures">${numbers}</span>` : nothing}
      <span class="meta">
        ${isUrgent(entry) ? html`<b class="badge urgent">${t.urgent}</b>` : nothing}
        ${entry.retracted || entry.erased ? html`<b class="badge">${entry.erased ? t.erased : t.retracted}</b>` : nothing}
        ${stale ? html`<b class="badge stale">◷ ${t.stale}</b>` : nothing}
        <span>${party(entry.party) || t.unknown}${entry.author ? ` · ${entry.author}` : ""}</span>
        ${entry.audience ? html`<b class="badge audience">${t.audience}: ${audienceName(entry.audience, shown)}</b>` : nothing}
        <time datetime=${new Date(at).toISOString()}>${language.moment(at, nowMs)}</time>
        <span>${language.age(nowMs - at)} ${t.ago}</span>
        <span>${names.statement[entry.statement]}</span>
        <b class="sure">${t[sure(entry)]}</b>
        ${entry.place ? html`<span>${entry.place}</span>` : nothing}
        ${entry.clockUnsynchronised ? html`<b class="badge">${t.clockDoubt}</b>` : nothing}
      </span></span>`;
}

export function relations(entry: Entry | undefined, shown: Shown): string {
  const { names } = shown.language;
  const said = (entry?.relations ?? []).map((relation) => {
    const other = [...shown.list].find((one) => one.name === relation.entry)?.versions[0];
    const what = other ? `“${heading(other, shown.language)}”` : party(relation.entry).slice(0, 8);
    return `${names.relation[relation.type] ?? ""} ${what}`;
  });
  return said.join("; ");
}

function queued(waiting: Waiting, shown: Shown, actions: Actions): TemplateResult {
  const { language } = shown;
  const { t } = language;
  const entry = entryOf(waiting);
  const now = Date.now();
  const about = shown.list.find((one) => one.name === waiting.name)?.versions[0];
  const other = `${t.withdraw}: ${about ? heading(about, language) : party(waiting.name).slice(0, 8)} (${reasonOf(waiting)})`;
  return html`<li><div class="line waiting">
    ${entry ? entryMark(entry.discipline, kindOf(entry) ?? "observation") : nothing}
    <span class="text"><span class="title">${entry ? heading(entry, language) : other}</span>
      <span class="meta"><b class=${waiting.problem ? "badge refused" : "badge waits"}>${waiting.problem ? t.refused : t.waiting}</b>
        <span>${language.age(now - waiting.made)}</span>
        ${audienceOf(waiting) ? html`<b class="badge audience">${t.audience}: ${audienceName(audienceOf(waiting), shown)}</b>` : nothing}</span>
      ${!waiting.owner && shown.person
        ? html`<span class="problem">${t.nobodys}</span><span class="pair">
            <button type="button" @click=${() => actions.claim(waiting.id)}>${t.claim}</button>
            <button type="button" @click=${() => actions.discard(waiting.id)}>${t.discard}</button></span>`
        : nothing}
      ${waiting.problem
        ? html`<span class="problem">${why(waiting, shown)}</span>
            <span class="pair">${entry && waiting.incident === shown.name
              ? html`<button type="button" @click=${() => actions.correct(waiting.id)}>${t.correct}</button>` : nothing}
            <button type="button" @click=${() => actions.retry(waiting.id)}>${t.retry}</button>
            <button type="button" @click=${() => actions.discard(waiting.id)}>${t.discard}</button></span>`
        : nothing}
    </span></div></li>`;
}

/** Why it was refused, in the reader's language, each field by name. */
function why(waiting: Waiting, shown: Shown): string {
  const { refusal, problem } = waiting;
  const { lang } = shown.language;
  if (!refusal) return problem;
  if (refusal.fields.length === 0) return told(refusal, lang);
  return refusal.fields.map((field) => `${field.field}: ${told(field, lang)}`).join("; ");
}

function detail(shown: Shown, actions: Actions): TemplateResult {
  const { language, nowMs } = shown;
  const { t } = language;
  const one = shown.selected ? shown.items.get(shown.selected) : undefined;
  const close = html`<button type="button" class="close" aria-label=${t.close} @click=${() => actions.choose(undefined, "list")}>✕</button>`;
  if (!one) return html`<section class="detail" aria-label=${t.detail}>${close}${gone(shown.selected ?? "", shown, actions, (taken) => actions.choose(taken.again || taken.name, "list"))}</section>`;
  const rows = shown.versions?.name === one.name ? shown.versions : undefined;
  const current = new Set(one.versions.map((version) => version.version));
  const older = (rows?.rows ?? []).filter((version) => !current.has(version.version));
  return html`<section class="detail" aria-labelledby="detail-head">
    ${close}
    <h2 id="detail-head">${t.detail}</h2>
    ${one.versions.length > 1 ? html`<p class="warn">${one.versions.length} ${t.versions}: ${t.contradictionHelp}</p>` : nothing}
    ${one.versions.map((entry) => html`${version(entry, shown)}${album(entry, shown, actions)}${one.versions.length > 1 && !entry.retracted && !shown.past?.items
      ? choose(one, entry, shown, actions) : nothing}${edit(one, entry, shown, actions)}`)}
    ${release(one, shown, actions)}
    ${issuing(one, shown, actions)}
    ${withdrawal(one, shown, actions)}
    ${takeBack(one, shown, actions, ["recall", "erase"], (taken) => actions.choose(taken.again || taken.name, "list"))}
    ${shown.caller && may(shown.caller, "audit") ? html`<p class="pair"><button type="button" class="text who-did" @click=${() => actions.office.whoDid(one.name, shown.name)}>${office(language.lang, "whoDidThis")}</button></p>` : nothing}
    <h3>${t.history}</h3>
    ${rows?.failed ? html`<p class="warn">${t.historyFailed}</p>` : nothing}
    <ol class="history">${[...one.versions, ...older].map((entry) => html`<li>
      <b>${current.has(entry.version) ? t.current : t.replaced}</b>
      ${entry.retracted || entry.erased ? html`<b class="badge">${entry.erased ? t.erased : t.retracted}</b> ${entry.retractionReason}` : heading(entry, language)}
      <span class="aside">${[figures(entry, language), party(entry.party), language.moment(millis(entry.recordedTime) ?? 0, nowMs)].filter(Boolean).join(" · ")}</span>
    </li>`)}</ol>
  </section>`;
}

/** Says one version anew; the others that are on the screen go with it. */
function edit(one: Item, entry: Entry, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { t } = shown.language;
  const closed = shown.incident?.state === IncidentState.CLOSED;
  if (closed || shown.past?.items || entry.retracted || !kindOf(entry) || !mayChange(shown.caller, entry, shown.name)) return nothing;
  return html`<p class="pair"><button type="button" class="edit" @click=${() => actions.edit(one, entry)}>${t.change}</button></p>`;
}

/** Withdraws an entry, with a reason. */
function withdrawal(one: Item, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { t } = shown.language;
  const { withdrawing } = shown;
  const closed = shown.incident?.state === IncidentState.CLOSED;
  if (closed || shown.past?.items || one.versions.every((entry) => entry.retracted)) return nothing;
  if (!one.versions.every((entry) => mayChange(shown.caller, entry, shown.name))) return nothing;
  if (withdrawing === undefined) {
    return html`<p class="pair"><button type="button" @click=${() => actions.withdraw("")}>${t.withdraw}</button></p>`;
  }
  const send = (event: Event): void => {
    event.preventDefault();
    actions.retract(one.name);
  };
  return html`<form class="warn" @submit=${send}>
    <label class="field">${t.withdrawWhy}
      <input type="text" required maxlength="1000" .value=${live(withdrawing)}
        @input=${(event: Event) => actions.withdraw((event.target as HTMLInputElement).value)} /></label>
    <p class="pair"><button type="submit" class="send" ?disabled=${!withdrawing.trim()}>${t.withdrawSure}</button>
      <button type="button" @click=${() => actions.withdraw(undefined)}>${t.cancel}</button></p></form>`;
}

/** Decides between versions; asked twice, for it counts for everybody. */
function choose(one: Item, entry: Entry, shown: Shown, actions: Actions): TemplateResult {
  const { t } = shown.language;
  if (shown.incident?.state === IncidentState.CLOSED || !shown.mayPublish) return html``;
  if (shown.deciding !== entry.version) {
    return html`<p class="pair"><button type="button" @click=${() => actions.decide(entry.version)}>${t.holds}</button></p>`;
  }
  return html`<div class="warn"><p role="alert">${t.holdsHelp}</p><p class="pair">
    <button type="button" class="send" @click=${() => actions.hold(one, entry)}>${t.holdsSure}</button>
    <button type="button" @click=${() => actions.decide(undefined)}>${t.cancel}</button></p></div>`;
}

function version(entry: Entry, shown: Shown): TemplateResult {
  const { language, nowMs } = shown;
  const { t, names } = language;
  const { title, body } = text(entry, language.lang);
  const { assessment, times } = entry;
  const moment = (ms: number | undefined): string =>
    ms === undefined ? "" : `${language.moment(ms, nowMs)} (${language.age(Math.abs(nowMs - ms))}${ms <= nowMs ? ` ${t.ago}` : ""})`;
  const verified = assessment?.verification;
  const certain = [
    `${names.statement[entry.statement]}, ${t[sure(entry)]}${verified?.verifiedBy ? ` ${t.verifiedBy} ${party(verified.verifiedBy)}` : ""}`,
    names.certainty[assessment?.certainty ?? 0],
    names.reliability[assessment?.reliability ?? 0],
    names.credibility[assessment?.credibility ?? 0],
    verified?.note,
  ];
  const sources = entry.sources.map((source) => [source.system, source.method, source.originalId].filter(Boolean).join(", "));
  const end = millis(entry.expireTime);
  const facts: [string, string][] = [
    [t.kind, language.kind(entry.kind)],
    [t.figure, figures(entry, language)],
    [t.who, [party(entry.party), names.discipline[entry.discipline]].filter(Boolean).join(" · ")],
    [t.author, entry.author],
    [t.audience, audienceName(entry.audience, shown)],
    [t.place, place(entry, shown)],
    ...joined([
      [t.observed, moment(millis(times?.observed))],
      [t.reported, moment(millis(times?.reported))],
      [t.recorded, moment(millis(entry.recordedTime))],
      [t.received, moment(millis(entry.receivedTime))],
    ]),
    [end !== undefined && end <= nowMs ? t.staleSince : t.validUntil, moment(end)],
    [t.sure, certain.filter(Boolean).join(" · ")],
    [t.source, sources.join("; ")],
    [t.relations, relations(entry, shown)],
    [t.writtenAt, party(entry.node).slice(0, 16)],
  ];
  return html`<article class="version ${sure(entry)}">
    <h3>${title || heading(entry, language)}</h3>
    ${entry.retracted || entry.erased ? html`<p class="warn">${entry.erased ? t.erased : t.retracted}: ${entry.retractionReason}</p>` : nothing}
    ${body ? html`<p class="body">${body}</p>` : nothing}
    <dl>${facts.filter(([, value]) => value).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
  </article>`;
}

/** Neighbours that say the same, as one. */
function joined(facts: [string, string][]): [string, string][] {
  const out: [string, string][] = [];
  for (const [name, value] of facts) {
    const last = out.at(-1);
    if (last && last[1] === value) last[0] += `, ${name.toLowerCase()}`;
    else if (value) out.push([name, value]);
  }
  return out;
}

function place(entry: Entry, shown: Shown): string {
  const { t } = shown.language;
  const shape = entry.geometry?.shape;
  const where = shape?.case === "point" ? written(shape.value) : shape?.case ? t.onMap : "";
  return [entry.place, where].filter(Boolean).join(" · ") || t.noPlace;
}
