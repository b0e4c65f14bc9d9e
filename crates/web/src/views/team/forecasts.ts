// Forecasts: each figure with all that was forecast of it, how it moved, and what came true.
import { html, nothing, type TemplateResult } from "lit";
import type { Forecast, ForecastOutcome, ForecastSource, ForecastTrack, ListForecastsResponse } from "../../gen/polder/v1/forecast_pb.ts";
import type { Actions, Shown } from "../../state.ts";
import { entryOfVersion, errorOf, figureOf, forWhen, movedBy, saidBy, trackName, untold } from "../../team/public.ts";
import type { Room } from "../../team/room.ts";
import { team } from "../../words/team.ts";
import { current, leftOut } from "./frame.ts";
import { trackChart } from "./chart.ts";

export function forecastsPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { forecasts } = room.public;
  return html`${current(forecasts, shown)}
    ${forecasts.value ? tracks(forecasts.value, shown, actions) : nothing}`;
}

function tracks(told: ListForecastsResponse, shown: Shown, actions: Actions): TemplateResult {
  const { lang } = shown.language;
  return html`${told.earlierVersionsLeftOut ? html`<p class="warn">${team(lang, "reviewLacksVersions")}</p>` : nothing}
    ${told.tracks.length === 0 ? html`<p><b>${team(lang, "forecastsEmpty")}</b></p><p class="quiet">${team(lang, "forecastsHelp")}</p>` : nothing}
    ${told.tracks.map((one) => track(one, shown, actions))}
    ${leftOut(told.tracksLeftOut, "moreLines", shown)}`;
}

function track(one: ForecastTrack, shown: Shown, actions: Actions): TemplateResult {
  const { lang } = shown.language;
  const head = `${one.place}: ${trackName(one, shown.language)}`;
  return html`<section class="gaps track" data-track=${one.aspect}><h2>${head}</h2>
    <div class="track-body">${trackChart(one, shown)}
    <div class="wide" tabindex="0" role="region" aria-label=${head}><table class="sheet forecasts" role="table">
    <thead role="rowgroup"><tr role="row">${(["forecastSaid", "forecastFigure", "forecastMoved", "forecastOutcome"] as const).map((word) => html`<th scope="col" role="columnheader">${team(lang, word)}</th>`)}</tr></thead>
    <tbody role="rowgroup">${one.forecasts.map((each) => row(each, one, shown, actions))}</tbody></table></div></div></section>`;
}

function source(said: ForecastSource | undefined, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  if (!said) return nothing;
  const name = entryOfVersion(said.version);
  return html`<button type="button" class="text" data-look=${name} @click=${() => actions.look(name)}>${saidBy(said, shown.language, shown.nowMs)}</button>`;
}

/** Roles are said: on a small screen the cells of a row stand under each other. */
function row(one: Forecast, track: ForecastTrack, shown: Shown, actions: Actions): TemplateResult {
  const { language, nowMs } = shown;
  const { lang } = language;
  const moved = movedBy(one, track, language);
  return html`<tr role="row" class=${one.replaced ? "replaced" : ""}><th scope="row" role="rowheader">${source(one.source, shown, actions)}</th>
    <td role="cell"><b>${figureOf(one.figure, track, language, nowMs)}</b> ${forWhen(one, language, nowMs)}
      ${one.replaced ? html`<b class="badge">${team(lang, "forecastReplaced")}</b>` : nothing}</td>
    <td role="cell">${moved || html`<span class="wide-only" aria-hidden="true">·</span>`}</td>
    <td role="cell">${one.outcomes.length === 0 ? html`<span class="quiet">${untold(track, language)}</span>`
      : html`<ul class="outcomes">${one.outcomes.map((each) => html`<li>${outcome(each, track, shown, actions)}</li>`)}</ul>`}</td></tr>`;
}

function outcome(one: ForecastOutcome, track: ForecastTrack, shown: Shown, actions: Actions): TemplateResult {
  const { language, nowMs } = shown;
  return html`${team(language.lang, "forecastCame")} ${figureOf(one.figure, track, language, nowMs)}
    (${source(one.source, shown, actions)}): <b>${errorOf(one, track, language)}</b>`;
}
