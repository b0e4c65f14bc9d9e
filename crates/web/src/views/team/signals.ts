// Early signals: which figures passed a threshold, are expected to, or no longer do; passed on top.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { party } from "../../figures.ts";
import { Urgency, type Entry } from "../../gen/polder/v1/entry_pb.ts";
import { SignalState, type ListSignalsResponse, type Signal } from "../../gen/polder/v1/signal_service_pb.ts";
import { heading } from "../../show.ts";
import type { Actions, Shown } from "../../state.ts";
import type { Room } from "../../team/room.ts";
import { howFar, watchLine } from "../../team/watch.ts";
import { named, team } from "../../words/team.ts";
import { signalStateWords } from "../../words/watch.ts";
import { title } from "../bar.ts";
import { chosen, current, entryLine, leftOut } from "./frame.ts";

export function signalsPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { watch } = room;
  const { lang } = shown.language;
  return html`<div class="asked head"><label>${team(lang, "signalsFrom")}<select id="signals-of"
      @change=${(event: Event) => watch.change({ everywhere: (event.target as HTMLSelectElement).value === "all" })}>
      <option value="all" ?selected=${watch.everywhere}>${team(lang, "signalsEverywhere")}</option>
      <option value="here" ?selected=${!watch.everywhere}>${team(lang, "signalsHere")}</option></select></label>
    <label class="check"><input id="signals-raised" type="checkbox" .checked=${live(watch.onlyRaised)}
      @change=${(event: Event) => watch.change({ onlyRaised: (event.target as HTMLInputElement).checked })} />${team(lang, "onlyRaised")}</label></div>
    ${chosen(`${team(lang, "signalsFrom")}: ${team(lang, watch.everywhere ? "signalsEverywhere" : "signalsHere")}${watch.onlyRaised ? `, ${team(lang, "onlyRaised")}` : ""}`)}
    ${current(watch.signals, shown)}
    ${watch.signals.value ? list(watch.signals.value, shown, actions) : nothing}`;
}

function list(told: ListSignalsResponse, shown: Shown, actions: Actions): TemplateResult {
  const { lang, number } = shown.language;
  const { thresholdCount: watching } = told;
  const watchers = watching === 0 ? team(lang, "signalsWatchNone") : `${number(watching)} ${team(lang, watching === 1 ? "thresholdWatches" : "thresholdsWatch")}`;
  return html`<p>${watchers}</p>
    ${watching > 0 && told.signals.length === 0 ? html`<p>${team(lang, "noSignals")}</p>` : nothing}
    <ul class="list signals">${told.signals.map((one) => signal(one, shown, actions))}</ul>
    ${leftOut(told.signalsLeftOut, "signalsMore", shown)}
    ${told.unheard.length > 0 ? html`<section class="part" aria-labelledby="crew-unheard"><h3 id="crew-unheard">${team(lang, "nobodyReports")}</h3>
      <ul class="plain">${told.unheard.map((one) => html`<li>${toThreshold(one, watchLine(one, "", shown.language), actions)}</li>`)}</ul>
      ${leftOut(told.unheardLeftOut, "thresholdsMore", shown)}</section>` : nothing}
    ${leftOut(told.incidentsLeftOut, "incidentsUnlooked", shown)}`;
}

function toThreshold(entry: Entry, words: string, actions: Actions): TemplateResult {
  return html`<button type="button" class="text" data-look=${entry.name} @click=${() => actions.look(entry.name)}>${words}</button>`;
}

function signal(one: Signal, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { threshold, entry, state } = one;
  if (!threshold || !entry) return nothing;
  const { language, nowMs } = shown;
  const { lang, t } = language;
  const urgent = threshold.assessment?.urgency === Urgency.IMMEDIATE && state !== SignalState.OVER;
  const look = state === SignalState.PASSED ? "refused" : state === SignalState.EXPECTED ? "waits" : "";
  return html`<li><article class="signal ${state === SignalState.PASSED ? "passed" : ""}" data-signal=${threshold.name}>
    <h3><b class="badge ${look}">${named(lang, signalStateWords, state)}</b>
      ${urgent ? html`<b class="badge urgent">${t.urgent}</b>` : nothing}
      ${toThreshold(threshold, heading(threshold, language), actions)}
      ${one.stale ? html`<b class="badge stale">◷ ${team(lang, "signalStale")}</b>` : nothing}
      ${one.disputed ? html`<b class="badge waits">${team(lang, "signalDisputed")}</b>` : nothing}</h3>
    <p>${team(lang, "thresholdOf")}: ${watchLine(threshold, one.subject?.place ?? "", language)}</p>
    <p><b>${howFar(one, language, nowMs)}</b></p>
    ${entryLine(entry, shown, actions, where(entry, shown))}</article></li>`;
}

/** In which incident a figure was said, when that is another one. */
function where(entry: Entry, shown: Shown): TemplateResult | typeof nothing {
  const incident = entry.name.split("/").slice(0, 2).join("/");
  if (incident === shown.name) return nothing;
  const other = shown.incidents?.find((one) => one.name === incident);
  const { lang } = shown.language;
  return html`<b class="badge">${team(lang, "inIncident")} ${other ? title(other, lang) : party(incident)}</b>`;
}
