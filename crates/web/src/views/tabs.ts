// Above the list: which view of the picture, which theme; and the views that are no list of entries:
// gaps, and what changed.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import { localMinute } from "../form.ts";
import { party } from "../figures.ts";
import { heading } from "../show.ts";
import { VIEWS, gaps, type ViewName } from "../themes.ts";
import { disciplineMark, entryMark } from "../symbols.ts";
import type { Actions, Shown } from "../state.ts";

const ROWS = 200;

export function viewName(view: ViewName, shown: Shown): string {
  const { t } = shown.language;
  const names: Record<ViewName, string> = {
    all: t.viewAll, decisions: t.viewDecisions, actions: t.viewActions, asks: t.viewAsks, bottlenecks: t.viewBottlenecks,
    questions: t.viewQuestions, gaps: t.viewGaps, changes: t.viewChanges, nation: t.viewNation,
  };
  return names[view];
}

export function tabs(shown: Shown, actions: Actions): TemplateResult {
  const { filter, language, themes } = shown;
  const { t } = language;
  const theme = (number: number, name: string, count: number): TemplateResult => html`<button type="button" class="chip" aria-pressed=${filter.theme === number}
    @click=${() => actions.filter({ theme: number })}>${name} <span class="count">${language.number(count)}</span></button>`;
  const all = [...themes.values()].reduce((sum, count) => sum + count, 0);
  const listed = filter.view !== "gaps" && filter.view !== "changes";
  return html`<nav class="tabs" aria-label=${t.views}>${VIEWS.filter((view) => view !== "nation").map((view) => html`<button type="button"
      class="tab" aria-pressed=${filter.view === view} @click=${() => actions.filter({ view })}>${viewName(view, shown)}</button>`)}</nav>
    ${listed && themes.size > 1 ? html`<div class="chips" role="group" aria-label=${t.themes}>${theme(-1, t.anyTheme, all)}
      ${language.names.theme.map((name, number) => (themes.has(number) || filter.theme === number ? theme(number, name || t.unsorted, themes.get(number) ?? 0) : nothing))}</div>` : nothing}`;
}

export function missing(shown: Shown): TemplateResult {
  const { language, nowMs } = shown;
  const { t, names } = language;
  const found = gaps(shown.items.values(), shown.incident, (shown.links?.rows ?? []).map((link) => link.party));
  return html`<section aria-labelledby="gaps-head"><h2 id="gaps-head">${t.viewGaps}</h2>
    <h3>${t.silentParties} (${found.parties.length})</h3>
    ${found.parties.length === 0 ? html`<p class="quiet">${t.nobodySilent}</p>` : html`<ul class="plain">${found.parties.map((name) => html`<li>${name}</li>`)}</ul>`}
    <h3>${t.silentColumns} (${found.disciplines.length})</h3>
    <ul class="plain">${found.disciplines.map((number) => html`<li class="mated">${disciplineMark(number)} ${names.discipline[number]}</li>`)}</ul>
    <h3>${t.lastWords}</h3>
    <ul class="plain">${found.last.slice(0, ROWS).map(([name, at, count]) => html`<li><b>${name || t.unknown}</b>
      <span class="aside">${language.age(nowMs - at)} ${t.ago} · ${language.number(count)} ${t.entries}</span></li>`)}</ul></section>`;
}

export function changed(shown: Shown, actions: Actions): TemplateResult {
  const { language, since, lastVisit, nowMs } = shown;
  const { t } = language;
  const sorts = { new: t.isNew, changed: t.isChanged, withdrawn: t.retracted, contradicting: t.isAgainst };
  const rows = since?.rows ?? [];
  return html`<section aria-labelledby="changes-head"><h2 id="changes-head">${t.viewChanges}</h2>
    <p class="pair wrap">
      ${lastVisit > 0 ? html`<button type="button" aria-pressed=${since?.atMs === lastVisit} @click=${() => actions.since(lastVisit)}>${t.sinceVisit} (${language.moment(lastVisit, nowMs)})</button>` : nothing}
      <button type="button" @click=${() => actions.since(nowMs - 8 * 3_600_000)}>${t.sinceShift}</button></p>
    <label class="field">${t.sinceTime}<input type="datetime-local" .value=${live(localMinute(since?.atMs ?? nowMs))}
      @change=${(event: Event) => {
        const at = new Date((event.target as HTMLInputElement).value).getTime();
        if (Number.isFinite(at)) actions.since(at);
      }} /></label>
    ${since?.failed ? html`<p class="warn" role="alert">${t.asOfFailed}</p>` : nothing}
    ${since?.rows ? html`<p role="status">${t.since} ${language.moment(since.atMs, nowMs)}: ${language.number(rows.length)} ${t.differences}</p>` : nothing}
    <ul class="list">${repeat(rows.slice(0, ROWS), (row) => row.name, ({ sort, name, item }) => {
      const entry = item.versions[0];
      return entry ? html`<li><button type="button" class="line" aria-pressed=${shown.selected === name} @click=${() => actions.choose(name, "list")}>
        ${entryMark(entry.discipline, entry.kind)}<span class="text"><span class="title">${heading(entry, language)}</span>
        <span class="meta"><b class="badge ${sort === "contradicting" ? "refused" : ""}">${sorts[sort]}</b>
          <span>${party(entry.party)}</span><span>${language.moment(item.at, nowMs)}</span></span></span></button></li>` : nothing;
    })}</ul>
    ${rows.length > ROWS ? html`<p class="quiet">+ ${language.number(rows.length - ROWS)}</p>` : nothing}</section>`;
}
