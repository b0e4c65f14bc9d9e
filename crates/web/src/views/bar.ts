// The bar above the page: which incident, how it stands, whether this is live, who is cut off.
import { html, nothing, type TemplateResult } from "lit";
import { GripLevel, IncidentState, type Incident } from "../gen/polder/v1/incident_pb.ts";
import { LinkState } from "../gen/polder/v1/node_service_pb.ts";
import { party } from "../figures.ts";
import type { Actions, Shown } from "../state.ts";
import { me } from "./me.ts";
import { officeButton } from "./office/frame.ts";
import { teamButton } from "./crew.ts";

export function title(incident: Incident, lang: string): string {
  const own = incident.titles.find((text) => text.language.startsWith(lang));
  return (own ?? incident.titles[0])?.title || party(incident.name);
}

export function bar(shown: Shown, actions: Actions): TemplateResult {
  const { language, incident, incidents } = shown;
  const { t, names } = language;
  const cut = shown.links?.rows.filter((link) => link.state === LinkState.CUT_OFF).length ?? 0;
  const known = shown.links && !shown.links.failed;
  return html`<header class="bar">
    <h1><img src="/icon.svg" alt="" width="24" height="24" /><span class="brand">Polder</span></h1>
    ${incidents && incidents.length === 0
      ? html`<p>${shown.mayRead ? t.noIncident : t.mayNotRead}</p>`
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
    <button type="button" aria-pressed=${shown.filter.view === "nation" && !actions.office.tab && !actions.team.tab} @click=${() => actions.nation()}>${t.viewNation}</button>
    ${teamButton(shown, actions)}
    ${officeButton(shown, actions, "office-button")}
    <button type="button" class="panel-toggle" aria-expanded=${shown.panel} @click=${() => actions.panel(!shown.panel)}>${t.filters}</button>
    ${me(shown, actions)}
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
  // Who may not read has no stream that could be lost.
  if (!shown.mayRead) return html``;
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
