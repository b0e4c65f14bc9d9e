// The box to report in: one line, and what it was understood to say.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { IncidentState } from "../gen/polder/v1/incident_pb.ts";
import { figures } from "../figures.ts";
import type { Actions, Picking, Shown } from "../state.ts";
import { written } from "../rd.ts";
import { entryMark } from "../symbols.ts";
import { POSTED, entry, lacking, type Understood } from "../understand.ts";
import { KINDS } from "../fields.ts";
import type { KindName } from "../words/index.ts";
import { audienceChoice, partyChoice } from "./audience.ts";

export function post(shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { draft, language, incident, past } = shown;
  const { t } = language;
  if (!shown.name || past?.items) return nothing;
  if (incident?.state === IncidentState.CLOSED) return html`<p class="box quiet" role="status">${t.closedNoPost}</p>`;
  if (!shown.mayPublish) return html`<p class="box quiet" role="status">${t.mayNotPublish}</p>`;
  // What a form took over is said there.
  const said = draft.line.trim() && !shown.form && !shown.first ? actions.understood() : undefined;
  const lack = said && lacking(said);
  const send = (event: Event): void => {
    event.preventDefault();
    actions.post();
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
  };
  return html`<form class="box" @submit=${send} @keydown=${keys} aria-label=${t.post}>
    <div class="typed">
      <label for="line">${t.post}</label>
      <input id="line" type="text" autocomplete="off" maxlength="300" placeholder=${t.postPlaceholder}
        .value=${live(draft.line)} @input=${(event: Event) => actions.type((event.target as HTMLInputElement).value)} />
      <button type="submit" class="send" ?disabled=${!said || lack !== undefined} title=${t.sendKeys}>${t.send}</button>
      <button type="button" @click=${() => actions.fill()}>${t.form}</button>
      <button type="button" @click=${() => actions.methane()}>M/ETHANE</button>
    </div>
    ${draft.problem ? html`<p class="warn" role="alert">${draft.problem}</p>` : nothing}
    ${said ? understood(said, lack, shown, actions) : nothing}
  </form>`;
}

function understood(said: Understood, lack: ReturnType<typeof lacking>, shown: Shown, actions: Actions): TemplateResult {
  const { draft, language, nowMs } = shown;
  const { t, names } = language;
  const made = entry(said, "", draft.discipline, language.lang, nowMs);
  const value = (event: Event): string => (event.target as HTMLSelectElement).value;
  const pick = (picking: Picking, words: string): TemplateResult => html`<button type="button"
    aria-pressed=${draft.picking === picking} @click=${() => actions.draft({ picking: draft.picking === picking ? "" : picking })}>${words}</button>`;
  const where = said.drawn ? `${said.drawn.sort === "line" ? t.line : t.area} (${said.drawn.points.length})`
    : said.position ? `${said.place ? `${said.place} · ` : ""}${degrees(said)}` : said.place || t.noPlace;
  return html`<fieldset class="said">
    <legend>${t.understood}</legend>
    <span class="preview">${entryMark(draft.discipline, said.kind)} <b>${said.title}</b></span>
    <label>${t.kind}
      <select @change=${(event: Event) => choose(value(event) as KindName, actions)}>
        ${KINDS.map((kind) => html`<option value=${kind} ?selected=${kind === said.kind}>${language.kind(kind)}</option>`)}
      </select></label>
    <label>${t.statement}
      <select @change=${(event: Event) => actions.choice({ statement: Number(value(event)) })}>
        ${[1, 2, 3, 4, 7].map((number) => html`<option value=${number} ?selected=${number === said.statement}>${names.statement[number]}</option>`)}
      </select></label>
    <label>${t.discipline}
      <select @change=${(event: Event) => actions.draft({ discipline: Number(value(event)) })}>
        ${names.discipline.map((name, number) => html`<option value=${number} ?selected=${number === draft.discipline}>${name}</option>`)}
      </select></label>
    <span class="fact"><span class="quiet">${t.figure}</span> ${figures(made, language) || t.noFigure}</span>
    <span class="fact"><span class="quiet">${t.time}</span> ${said.observed ? language.moment(said.observed, nowMs) : t.timeNow}</span>
    <span class="fact"><span class="quiet">${t.place}</span> ${where}
      ${pick("point", t.pick)} ${pick("line", t.line)} ${pick("area", t.area)}
      <button type="button" @click=${() => actions.center()}>${t.pickHere}</button>
      ${draft.choice.position || draft.choice.drawn ? html`<button type="button" @click=${() => actions.unplace()}>${t.unpick}</button>` : nothing}
      ${draft.picking ? html`<span class="warn" role="status">${draft.picking === "point" ? t.picking : t.drawing}</span>` : nothing}</span>
    <label class="check"><input type="checkbox" .checked=${live(said.urgent)}
      @change=${(event: Event) => actions.choice({ urgent: (event.target as HTMLInputElement).checked })} />${t.urgency}</label>
    ${audienceChoice(shown.audience, shown, (audience) => actions.draft({ audience }), "audience")}
    ${partyChoice(draft.party, shown, (party) => actions.draft({ party }))}
    <b class="sure unverified">${t.unverified}</b>
    ${lack === "needFigure" ? html`<span class="warn" role="status">${t.needFigure}</span>` : nothing}
  </fieldset>`;
}

/** A kind that a line cannot say has its form. */
function choose(kind: KindName, actions: Actions): void {
  if (POSTED.includes(kind)) actions.choice({ kind });
  else actions.fill(kind);
}

function degrees({ position }: Understood): string {
  return position ? written(position) : "";
}
