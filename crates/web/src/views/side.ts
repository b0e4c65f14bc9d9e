// The left column: what is shown, and how the nodes are linked.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { LinkState, type Link } from "../gen/polder/v1/node_service_pb.ts";
import { millis } from "../wire.ts";
import { party } from "../figures.ts";
import type { Actions, Shown } from "../state.ts";
import type { Sure } from "../show.ts";
import { disciplineMark } from "../symbols.ts";
import { WAYS } from "../map/ways.ts";

export function side(shown: Shown, actions: Actions): TemplateResult {
  const { language, filter } = shown;
  const { t, names } = language;
  const out = shown.total - shown.list.length;
  const disciplines = [...new Set([...shown.counts.keys(), ...filter.hidden])].sort((a, b) => a - b);
  const value = (event: Event): string => (event.target as HTMLInputElement).value;
  return html`<aside class="side">
    <section aria-labelledby="filters-head">
      <h2 id="filters-head">${t.filters}</h2>
      <label class="field">${t.search}
        <input type="search" placeholder=${t.searchHint} maxlength="100" .value=${live(filter.text)}
          @input=${(event: Event) => actions.filter({ text: value(event) })} /></label>
      <label class="field">${t.kinds}
        <select @change=${(event: Event) => actions.filter({ kind: value(event) })}>
          <option value="" ?selected=${!filter.kind}>${t.anyKind}</option>
          ${shown.kinds.map((kind) => html`<option value=${kind} ?selected=${kind === filter.kind}>${language.kind(kind)}</option>`)}
        </select></label>
      ${further(shown, actions)}
      <fieldset>
        <legend>${t.disciplines}</legend>
        ${disciplines.map((number) => html`<label class="check">
          <input type="checkbox" .checked=${live(!filter.hidden.has(number))}
            @change=${(event: Event) => actions.discipline(number, (event.target as HTMLInputElement).checked)} />
          ${disciplineMark(number)}<span>${names.discipline[number] ?? number}</span>
          <span class="count">${shown.counts.get(number) ?? 0}</span></label>`)}
        <p class="pair">
          <button type="button" class="text" @click=${() => actions.filter({ hidden: new Set() })}>${t.all}</button>
          <button type="button" class="text" @click=${() => actions.filter({ hidden: new Set(disciplines) })}>${t.none}</button>
        </p>
      </fieldset>
      ${out > 0
        ? html`<p class="out">${out} ${t.hidden}
            <button type="button" class="text" @click=${() => actions.filter({ hidden: new Set(), kind: "", text: "" })}>${t.clear}</button></p>`
        : nothing}
    </section>
    ${shown.past?.items ? nothing : links(shown, actions.demo.places.length > 0)}
    ${layers(shown, actions)}
  </aside>`;
}

const HOURS = [1, 3, 8, 24, 72];

/** Filters that are needed less often. */
function further(shown: Shown, actions: Actions): TemplateResult {
  const { language, filter } = shown;
  const { t, names } = language;
  const value = (event: Event): string => (event.target as HTMLSelectElement).value;
  const set = [filter.statement, filter.party, filter.urgent, filter.sure, filter.hours].filter(Boolean).length;
  const sures: Sure[] = ["verified", "unverified", "refuted", "superseded"];
  return html`<details class="further"><summary>${t.moreFilters}${set > 0 ? ` (${set})` : ""}</summary>
    <label class="field">${t.statement}<select @change=${(event: Event) => actions.filter({ statement: Number(value(event)) })}>
      ${names.statement.map((name, number) => html`<option value=${number} ?selected=${number === filter.statement}>${number === 0 ? t.any : name}</option>`)}</select></label>
    <label class="field">${t.who}<select @change=${(event: Event) => actions.filter({ party: value(event) })}>
      <option value="" ?selected=${!filter.party}>${t.any}</option>
      ${shown.parties.map((name) => html`<option value=${name} ?selected=${name === filter.party}>${party(name)}</option>`)}</select></label>
    <label class="field">${t.sure}<select @change=${(event: Event) => actions.filter({ sure: value(event) as Sure | "" })}>
      <option value="" ?selected=${!filter.sure}>${t.any}</option>
      ${sures.map((name) => html`<option value=${name} ?selected=${name === filter.sure}>${t[name]}</option>`)}</select></label>
    <label class="field">${t.seenWithin}<select @change=${(event: Event) => actions.filter({ hours: Number(value(event)) })}>
      <option value="0" ?selected=${filter.hours === 0}>${t.any}</option>
      ${HOURS.map((hours) => html`<option value=${hours} ?selected=${hours === filter.hours}>${hours} ${t.hour}</option>`)}</select></label>
    <label class="check"><input type="checkbox" .checked=${live(filter.urgent)} @change=${(event: Event) => actions.filter({ urgent: (event.target as HTMLInputElement).checked })} />${t.onlyUrgent}</label>
  </details>`;
}

/** What lies under the entries. */
function layers(shown: Shown, actions: Actions): TemplateResult {
  const { t } = shown.language;
  const { areas } = actions;
  return html`<section aria-labelledby="layers-head"><h2 id="layers-head">${t.layers}</h2>
    <p class="quiet">${areas.indicative ? t.regionsGuess : t.regionsOfficial}</p>
    ${WAYS.map((way) => html`<label class="check"><input type="checkbox" .checked=${live(areas.ways.shows(way))} @change=${() => areas.ways.toggle(way)} />
      <span>${way === "roads" ? t.mainRoads : t.railways}</span></label>`)}
    ${areas.layers.map((layer) => html`<label class="check"><input type="checkbox" ?disabled=${layer.tooLarge} .checked=${live(layer.state === "on" || layer.state === "loading")}
      @change=${() => void areas.toggle(layer.name)} /><span>${layer.name.replace(/\.(geojson|pmtiles)$/, "")}</span>
      ${layer.tooLarge || layer.state === "failed" ? html`<span class="badge refused">${layer.tooLarge ? t.tooLarge : t.notRead}</span>` : nothing}</label>`)}
    ${areas.leftOut > 0 ? html`<p class="quiet">+ ${areas.leftOut} ${t.layersLeftOut}</p>` : nothing}</section>`;
}

/** `fast` where the clock of a demo runs ahead: there the age of a sign of life says nothing. */
function links(shown: Shown, fast: boolean): TemplateResult {
  const { language, links } = shown;
  const { t } = language;
  return html`<section aria-labelledby="links-head" class=${links?.failed ? "doubt" : ""}>
    <h2 id="links-head">${t.links}</h2>
    ${links?.failed ? html`<p class="warn">${t.linksUnknown} (${t.lastWord} ${language.clock(links.at)})</p>` : nothing}
    <ul class="links">
      <li class="own">${shown.nodeName || t.thisNode}${shown.nodeName
        ? html`<span class="aside">${t.thisNode}</span>` : nothing}</li>
      ${(links?.rows ?? []).map((link) => row(link, shown, fast))}
    </ul>
    ${links && !links.failed && links.rows.length === 0 ? html`<p class="quiet">${t.noLinks}</p>` : nothing}
  </section>`;
}

function row(link: Link, shown: Shown, fast: boolean): TemplateResult {
  const { language, links } = shown;
  const { t } = language;
  const now = links?.nodeMs ?? 0;
  const name = link.displayName || party(link.party) || link.address || party(link.node).slice(0, 8);
  const since = millis(link.since);
  const heard = millis(link.lastHeard);
  const here = link.lanes.reduce((sum, lane) => sum + Number(lane.recordsToReceive), 0);
  const there = link.lanes.reduce((sum, lane) => sum + Number(lane.recordsToSend), 0);
  const behind = [
    here > 0 ? `${t.missingHere} ${language.number(here)}` : "",
    there > 0 ? `${t.missingThere} ${language.number(there)}` : "",
  ].filter(Boolean);
  const age = heard === undefined ? t.never : `${t.heard} ${language.age(now - heard)} ${t.ago}`;
  if (link.state === LinkState.CUT_OFF) {
    const how = since === undefined ? "" : `${t.since} ${language.moment(since, now)} (${language.age(now - since)})`;
    return html`<li class="off"><span class="sign" aria-hidden="true">✕</span><span><b>${name}</b>
      <span class="state">${t.cutOff}</span> <span class="aside">${how} · ${age}</span>
      ${behind.length > 0 ? html`<span class="aside">${behind.join(" · ")}</span>` : nothing}</span></li>`;
  }
  const direct = link.state === LinkState.CONNECTED;
  const old = !fast && heard !== undefined && now - heard > 60_000;
  const state = direct ? t.connected : `${t.indirect} ${party(link.through).slice(0, 8) || "?"}`;
  return html`<li class=${old ? "late" : "on"}><span class="sign" aria-hidden="true">${old ? "◷" : "✓"}</span>
    <span><b>${name}</b> <span class="state">${state}</span>
    <span class="aside">${old || !direct ? `${age} · ` : ""}${behind.join(" · ") || t.inStep}</span></span></li>`;
}
