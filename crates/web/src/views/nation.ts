// The national screen: every incident with its phase and GRIP, every region with its link, the age
// of its last word, and what it asks for. Its larger form is read at four metres.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { GripLevel, IncidentState } from "../gen/polder/v1/incident_pb.ts";
import { LinkState } from "../gen/polder/v1/node_service_pb.ts";
import { party } from "../figures.ts";
import { slug } from "../map/areas.ts";
import { heading } from "../show.ts";
import { isOpen } from "../themes.ts";
import { millis } from "../wire.ts";
import type { Actions, Shown } from "../state.ts";

const REGIONS = [
  "Groningen", "Fryslân", "Drenthe", "IJsselland", "Twente", "Noord- en Oost-Gelderland", "Gelderland-Midden", "Gelderland-Zuid",
  "Utrecht", "Noord-Holland-Noord", "Zaanstreek-Waterland", "Kennemerland", "Amsterdam-Amstelland", "Gooi en Vechtstreek", "Haaglanden",
  "Hollands-Midden", "Rotterdam-Rijnmond", "Zuid-Holland-Zuid", "Zeeland", "Midden- en West-Brabant", "Brabant-Noord", "Brabant-Zuidoost",
  "Limburg-Noord", "Zuid-Limburg", "Flevoland",
];
const ASKS = 4;

interface Row {
  name: string;
  grip: number;
  link: LinkState | undefined;
  heardMs: number | undefined;
  count: number;
  lastMs: number;
  asks: string[];
  against: number;
}

export function rows(shown: Shown): Row[] {
  const all = new Map<string, Row>();
  const row = (name: string): Row => {
    const key = slug(name);
    const known = all.get(key);
    if (known) return known;
    const made = { name, grip: 0, link: undefined, heardMs: undefined, count: 0, lastMs: 0, asks: [], against: 0 };
    all.set(key, made);
    return made;
  };
  for (const name of REGIONS) row(name);
  for (const scaling of shown.incident?.scalings ?? []) row(party(scaling.region)).grip = scaling.grip;
  for (const link of shown.links?.rows ?? []) {
    const one = row(party(link.party) || link.displayName || link.address);
    one.link = link.state;
    one.heardMs = millis(link.lastHeard);
  }
  for (const item of shown.items.values()) {
    for (const entry of item.versions) {
      const one = all.get(slug(entry.party));
      if (!one || entry.retracted) continue;
      one.count += 1;
      one.lastMs = Math.max(one.lastMs, millis(entry.recordedTime) ?? 0);
      if (item.contradicts) one.against += 1;
      if (entry.kind === "assistance_request" && isOpen(entry)) one.asks.push(heading(entry, shown.language));
    }
  }
  // Who is cut off stands first, then who is busy.
  const weight = (one: Row): number => (one.link === LinkState.CUT_OFF ? 1e9 : 0) + one.grip * 1e6 + one.asks.length * 1e4 + one.count;
  return [...all.values()].sort((a, b) => weight(b) - weight(a));
}

export function nation(shown: Shown, actions: Actions): TemplateResult {
  const { language, nowMs } = shown;
  const { t, names } = language;
  const { lang } = language;
  const all = rows(shown);
  const busy = all.filter((one) => one.link !== undefined || one.grip > 0 || one.count > 0);
  const still = all.filter((one) => !busy.includes(one));
  return html`<main class="nation" aria-labelledby="nation-head">
    <div class="nation-bar"><h2 id="nation-head">${t.viewNation}</h2>
      <label class="check"><input type="checkbox" .checked=${live(shown.wall)} @change=${(event: Event) => actions.wall((event.target as HTMLInputElement).checked)} />${t.wallScreen}</label>
      <button type="button" @click=${() => actions.filter({ view: "all" })}>${t.backToMap}</button></div>
    <section aria-labelledby="incidents-head"><h3 id="incidents-head">${t.incidents}</h3>
      <ul class="cards">${(shown.incidents ?? []).map((one) => {
        const title = one.titles.find((text) => text.language.startsWith(lang)) ?? one.titles[0];
        return html`<li><button type="button" class="card" aria-pressed=${one.name === shown.name} @click=${() => actions.open(one.name)}>
          <span class="title">${title?.title || party(one.name)}</span>
          <span class="facts"><b class="mode mode${one.mode}">${names.mode[one.mode]}</b>
          ${one.grip > GripLevel.GRIP_LEVEL_0 ? html`<b class="grip">GRIP ${one.grip - 1}</b>` : nothing}
          ${names.phase[one.phase] ? html`<span class="phase">${names.phase[one.phase]}</span>` : nothing}
          ${one.state === IncidentState.CLOSED ? html`<span class="phase">${t.closed}</span>` : nothing}</span>
          <span>${language.number(Number(one.entryCount))} ${t.entries}</span></button></li>`;
      })}</ul></section>
    <section aria-labelledby="regions-head"><h3 id="regions-head">${t.regions}</h3>
      ${shown.links?.failed ? html`<p class="warn">${t.linksUnknown}</p>` : nothing}
      <ul class="cards">${busy.map((one) => card(one, shown, nowMs))}</ul>
      ${still.length > 0 ? html`<p class="quiet">${t.noWord}: ${still.map((one) => one.name).join(" · ")}</p>` : nothing}</section>
  </main>`;
}

function card(one: Row, shown: Shown, nowMs: number): TemplateResult {
  const { language } = shown;
  const { t } = language;
  const cut = one.link === LinkState.CUT_OFF;
  const state = one.link === undefined ? t.noLink : cut ? `✕ ${t.cutOff}` : one.link === LinkState.CONNECTED ? `✓ ${t.connected}` : `↷ ${t.indirect}`;
  const heard = one.heardMs === undefined ? "" : `${t.heard} ${language.age(nowMs - one.heardMs)} ${t.ago}`;
  return html`<li class="card ${cut ? "off" : ""}"><h4>${one.name}</h4>
    <span class="facts">${one.grip > GripLevel.GRIP_LEVEL_0 ? html`<b class="grip">GRIP ${one.grip - 1}</b>` : nothing}
      <b class="state">${state}</b><span>${heard}</span></span>
    <span>${one.count > 0 ? `${t.lastWord} ${language.age(nowMs - one.lastMs)} ${t.ago} · ${language.number(one.count)} ${t.entries}` : t.noWord}</span>
    ${one.against > 0 ? html`<span class="against-count">${t.contradictions}: ${one.against}</span>` : nothing}
    ${one.asks.length > 0 ? html`<ul class="asks" aria-label=${t.viewAsks}>${one.asks.slice(0, ASKS).map((ask) => html`<li>${ask}</li>`)}
      ${one.asks.length > ASKS ? html`<li>+ ${one.asks.length - ASKS}</li>` : nothing}</ul>` : nothing}</li>`;
}
