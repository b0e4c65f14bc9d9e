// The whole page: bar, filters and links, map, words, the box to report, the slider.
import { html, nothing, type TemplateResult } from "lit";
import { LinkState } from "../gen/polder/v1/node_service_pb.ts";
import { party } from "../figures.ts";
import { OVERSEAS } from "../map/map.ts";
import type { Actions, Shown } from "../state.ts";
import { bar, title } from "./bar.ts";
import { side } from "./side.ts";
import { post } from "./post.ts";
import { time } from "./time.ts";
import { words } from "./words.ts";
import { nation } from "./nation.ts";
import { officePages } from "./office/frame.ts";
import { teamPages } from "./crew.ts";
import { switches } from "./demo.ts";

export function page(shown: Shown, actions: Actions): TemplateResult {
  const { t } = shown.language;
  const past = shown.past?.items;
  const office = actions.office.tab !== undefined;
  const team = !office && actions.team.tab !== undefined;
  const national = shown.filter.view === "nation";
  return html`
    <a class="skip" href="#list">${t.skip}</a>
    <div class="page ${past ? "then" : ""} ${national ? "national" : ""}">
      ${bar(shown, actions)}
      ${shown.upgraded ? html`<p class="upgraded" role="status"><span>${t.upgraded}</span>
            <button type="button" class="load-anew" @click=${() => actions.loadAnew()}>${t.loadAnew}</button></p>` : nothing}
      ${past
        ? html`<p class="frame" role="status">${t.thenFrame} ${shown.language.whole(shown.past?.shownMs ?? 0)}${shown.past?.validToo ? ` · ${t.validThen}` : ""}
            <button type="button" @click=${() => actions.past(undefined)}>${t.backToLive}</button></p>`
        : nothing}
      ${switches(shown, actions)}
      <p class="paper" aria-hidden="true">${paperHead(shown, actions)}</p>
      <div class=${office || team ? "stage behind" : "stage"}>${office ? officePages(shown, actions) : team ? teamPages(shown, actions) : national ? nation(shown, actions) : nothing}
      <div class="columns ${shown.panel ? "paned" : ""}">
        ${side(shown, actions)}
        <div class="ground" role=${national ? "region" : "main"} aria-label=${t.map}>
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
        </div>
        ${words(shown, actions)}
      </div></div>
      ${office ? nothing : html`${team ? nothing : post(shown, actions)} ${time(shown, actions)}`}
    </div>
  `;
}

/** On each page of paper: which picture, of when, at which node, and how complete. */
export function paperHead(shown: Shown, actions: Actions): string {
  const { language, links } = shown;
  const { t, names } = language;
  const cut = links?.rows.filter((link) => link.state === LinkState.CUT_OFF).map((link) => link.displayName || party(link.party)) ?? [];
  const lack = !links || links.failed ? t.linksUnknown : cut.length > 0 ? `${t.cutOff}: ${cut.join(", ")}` : links.rows.length > 0 ? t.allLinked : t.noLinks;
  const incident = shown.incident ? `${names.mode[shown.incident.mode]} · ${title(shown.incident, language.lang)}` : "";
  const live = shown.stream.kind === "live" ? "" : t.shownIsOld;
  return [
    incident, actions.team.paper(shown), `${t.paperAt} ${language.whole(shown.nowMs)}`, `${t.paperNode} ${shown.nodeName || t.unknown}`,
    `${language.number(shown.list.length)} ${t.of} ${language.number(shown.total)} ${t.entries}`, lack, live,
  ].filter(Boolean).join(" · ");
}

function jump(event: Event, actions: Actions): void {
  const select = event.target as HTMLSelectElement;
  if (select.value) actions.go(select.value);
  select.value = "";
}
