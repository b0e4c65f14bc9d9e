// The left column: what is shown, and how the nodes are linked.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { LinkState, type Link } from "../gen/polder/v1/node_service_pb.ts";
import { millis } from "../wire.ts";
import { party } from "../figures.ts";
import type { Actions, Shown } from "../state.ts";
import { disciplineMark } from "../symbols.ts";

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
    ${shown.past?.items ? nothing : links(shown)}
  </aside>`;
}

function links(shown: Shown): TemplateResult {
  const { language, links } = shown;
  const { t } = language;
  return html`<section aria-labelledby="links-head" class=${links?.failed ? "doubt" : ""}>
    <h2 id="links-head">${t.links}</h2>
    ${links?.failed ? html`<p class="warn">${t.linksUnknown} (${t.lastWord} ${language.clock(links.at)})</p>` : nothing}
    <ul class="links">
      <li class="own">${shown.nodeName || t.thisNode}${shown.nodeName
        ? html`<span class="aside">${t.thisNode}</span>` : nothing}</li>
      ${(links?.rows ?? []).map((link) => row(link, shown))}
    </ul>
    ${links && !links.failed && links.rows.length === 0 ? html`<p class="quiet">${t.noLinks}</p>` : nothing}
  </section>`;
}

function row(link: Link, shown: Shown): TemplateResult {
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
  const old = heard !== undefined && now - heard > 60_000;
  const state = direct ? t.connected : `${t.indirect} ${party(link.through).slice(0, 8) || "?"}`;
  return html`<li class=${old ? "late" : "on"}><span class="sign" aria-hidden="true">${old ? "◷" : "✓"}</span>
    <span><b>${name}</b> <span class="state">${state}</span>
    <span class="aside">${old || !direct ? `${age} · ` : ""}${behind.join(" · ") || t.inStep}</span></span></li>`;
}
