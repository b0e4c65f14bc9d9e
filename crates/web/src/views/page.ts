// The whole page: bar, filters and links, map, words, the box to report, the slider.
import { html, nothing, type TemplateResult } from "lit";
import { GripLevel, IncidentState, type Incident } from "../gen/polder/v1/incident_pb.ts";
import { LinkState } from "../gen/polder/v1/node_service_pb.ts";
import { party } from "../figures.ts";
import { OVERSEAS } from "../map/map.ts";
import type { Actions, Shown, Theme } from "../state.ts";
import { side } from "./side.ts";
import { post } from "./post.ts";
import { time } from "./time.ts";
import { words } from "./words.ts";

export function page(shown: Shown, actions: Actions): TemplateResult {
  const { t } = shown.language;
  const past = shown.past?.items;
  return html`
    <a class="skip" href="#list">${t.skip}</a>
    <div class=${past ? "page then" : "page"}>
      ${bar(shown, actions)}
      ${past
        ? html`<p class="frame" role="status">${t.thenFrame} ${whole(shown, shown.past?.shownMs ?? 0)}
            <button type="button" @click=${() => actions.past(undefined)}>${t.backToLive}</button></p>`
        : nothing}
      <div class="columns">
        ${side(shown, actions)}
        <main class="ground" aria-label=${t.map}>
          <div id="map" tabindex="0" role="application" aria-label="${t.map}. ${t.mapHelp}"></div>
          <div class="zoom">
            <button type="button" @click=${() => actions.zoom(1)} aria-label=${t.zoomIn}>+</button>
            <button type="button" @click=${() => actions.zoom(-1)} aria-label=${t.zoomOut}>−</button>
          </div>
          <p id="readout" class="readout" aria-hidden="true"></p>
          <div class="jump">
            <button type="button" @click=${() => actions.go("incident")}>${t.wholeIncident}</button>
            <button type="button" @click=${() => actions.go("netherlands")}>${t.netherlands}</button>
            <select aria-label=${t.overseas} @change=${(event: Event) => jump(event, actions)}>
              <option value="">${t.overseas} …</option>
              ${OVERSEAS.map(([name]) => html`<option value=${name}>${name}</option>`)}
            </select>
          </div>
        </main>
        ${words(shown, actions)}
      </div>
      ${post(shown, actions)} ${time(shown, actions)}
    </div>
  `;
}

function jump(event: Event, actions: Actions): void {
  const select = event.target as HTMLSelectElement;
  if (select.value) actions.go(select.value);
  select.value = "";
}

function whole(shown: Shown, ms: number): string {
  const tag = shown.language.lang === "nl" ? "nl-NL" : "en-GB";
  return new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "medium" }).format(ms);
}

function title(incident: Incident, lang: string): string {
  const own = incident.titles.find((text) => text.language.startsWith(lang));
  return (own ?? incident.titles[0])?.title || party(incident.name);
}

function bar(shown: Shown, actions: Actions): TemplateResult {
  const { language, incident, incidents } = shown;
  const { t, names } = language;
  const cut = shown.links?.rows.filter((link) => link.state === LinkState.CUT_OFF).length ?? 0;
  const known = shown.links && !shown.links.failed;
  return html`<header class="bar">
    <h1><img src="/icon.svg" alt="" width="24" height="24" />Polder</h1>
    ${incidents && incidents.length === 0
      ? html`<p>${t.noIncident}</p>`
      : html`<label class="chooser">
          <select aria-label=${t.incident} @change=${(event: Event) => actions.open((event.target as HTMLSelectElement).value)}>
            ${incidents || !shown.name ? nothing : html`<option value=${shown.name}>${party(shown.name)}</option>`}
            ${(incidents ?? []).map((one) => html`<option value=${one.name} ?selected=${one.name === shown.name}>
              ${names.mode[one.mode]} · ${title(one, language.lang)}${one.state === IncidentState.CLOSED ? ` (${t.closed})` : ""}
            </option>`)}
          </select></label>`}
    ${incident ? badges(shown, incident) : nothing} ${state(shown)}
    ${cut > 0
      ? html`<span class=${known ? "cut" : "cut doubt"}>${cut} ${cut === 1 ? t.cutOffOne : t.cutOffCount}</span>`
      : nothing}
    <span class="grow"></span>
    <label><select aria-label=${t.language} @change=${(event: Event) => actions.language((event.target as HTMLSelectElement).value)}>
        <option value="nl" ?selected=${language.lang === "nl"}>Nederlands</option>
        <option value="en" ?selected=${language.lang === "en"}>English</option>
      </select></label>
    <label><select aria-label=${t.theme} @change=${(event: Event) => actions.theme((event.target as HTMLSelectElement).value as Theme)}>
        <option value="system" ?selected=${shown.theme === "system"}>${t.themeSystem}</option>
        <option value="light" ?selected=${shown.theme === "light"}>${t.themeLight}</option>
        <option value="dark" ?selected=${shown.theme === "dark"}>${t.themeDark}</option>
      </select></label>
  </header>`;
}

function badges(shown: Shown, incident: Incident): TemplateResult {
  const { t, names } = shown.language;
  const grip = incident.grip - GripLevel.GRIP_LEVEL_0;
  const phase = names.phase[incident.phase];
  return html`<span class="mode mode${incident.mode}">${names.mode[incident.mode]}</span>
    ${incident.gripRijk ? html`<span class="grip">${t.gripRijk}</span>` : nothing}
    ${incident.grip > GripLevel.GRIP_LEVEL_0 ? html`<span class="grip">${t.grip} ${grip}</span>` : nothing}
    ${phase ? html`<span class="phase">${phase}</span>` : nothing}
    ${incident.state === IncidentState.CLOSED ? html`<span class="phase">${t.closed}</span>` : nothing}`;
}

/** How the stream stands: the word is announced, the clock beside it is not. */
function state(shown: Shown): TemplateResult {
  const { language, stream } = shown;
  const { t } = language;
  switch (stream.kind) {
    case "live":
      return html`<span class="stream live"><span role="status"><b>●</b> ${t.live}</span>
        <span class="aside">${t.lastWord} ${language.clock(stream.lastWord)}</span></span>`;
    case "reconnecting":
    case "gone": {
      const word = stream.kind === "gone" ? t.gone : t.reconnecting;
      const old = shown.total > 0 ? t.shownIsOld : "";
      const last = stream.lastWord === undefined ? "" : `, ${t.lastWord} ${language.clock(stream.lastWord)}`;
      return html`<span class="stream lost"><span role="status"><b>▲</b> ${word} ${t.since} ${language.clock(stream.since)}</span>
        <span class="aside">(${language.age(Date.now() - stream.since)}${last}). ${old}</span></span>`;
    }
    default:
      if (shown.incidents?.length === 0) return html``;
      return html`<span class="stream"><span role="status">${t.starting}</span></span>`;
  }
}
