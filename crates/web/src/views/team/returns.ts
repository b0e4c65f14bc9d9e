// What comes back after a repair, when and along which chain, and what stays down for another reason.
import { html, nothing, type TemplateResult } from "lit";
import { ReturnState, type ImpactStep, type Return } from "../../gen/polder/v1/impact_service_pb.ts";
import { VitalService } from "../../gen/polder/v1/outage_pb.ts";
import { millis } from "../../wire.ts";
import { named, team, type TeamWord } from "../../words/team.ts";
import { matchWords, returnWords } from "../../words/watch.ts";
import { leftOut } from "./frame.ts";
import { at, designation, saidBy, type Told } from "./impact.ts";

/** Nothing when nothing waits for a repair; with a supposition only what that changes. */
export function returns(told: Told): TemplateResult | typeof nothing {
  const { answer, supposes, shown } = told;
  const { lang } = shown.language;
  const lines = supposes === "failure" ? [] : answer.returns.filter((one) => supposes === "" || one.byRepairIf);
  if (lines.length === 0 && supposes !== "repair") return nothing;
  return html`<section class="gaps impact" aria-labelledby="crew-returns"><h2 id="crew-returns">${team(lang, "comesBack")}</h2>
    ${lines.length === 0 ? html`<p>${team(lang, "repairChangesNothing")}</p>` : nothing}
    <ul class="list">${lines.map((one) => html`<li>${line(one, told)}</li>`)}</ul>
    ${leftOut(answer.returnsLeftOut, "moreLines", shown)}</section>`;
}

function line(one: Return, told: Told): TemplateResult {
  const { shown, actions } = told;
  const { lang } = shown.language;
  const { state } = one;
  const look = state === ReturnState.STAYS_DOWN ? "refused" : state === ReturnState.COMES_BACK ? "waits" : "";
  const down: TeamWord = state === ReturnState.SPARED ? "wouldGoDownAt" : (millis(one.downTime) ?? 0) > shown.nowMs ? "goesDownAt" : "wentDownAt";
  const when = (word: TeamWord, time: Return["backTime"]): string => (time ? `${team(lang, word)} ${at(time, told)}` : "");
  // What goes down only by what is supposed is told as such above.
  const onlySo = told.answer.effects.some((effect) => effect.facility === one.facility && effect.byWhatIf);
  const unknown = one.byRepairIf && !one.otherwiseTime && state !== ReturnState.SPARED && !onlySo;
  const more = [when(down, one.downTime), when("goesDownAgain", one.againTime), when("otherwise", one.otherwiseTime), unknown ? team(lang, "otherwiseUnknown") : ""].filter(Boolean);
  const half = Math.floor(one.steps.length / 2);
  return html`<article class="signal" data-return=${one.facility}>
    <h3><b class="badge ${look}">${named(lang, returnWords, state)}</b> <time>${at(one.backTime, told)}</time>
      <button type="button" class="text" data-look=${one.facility} @click=${() => actions.look(one.facility)}>${designation(one.facility, told)}</button></h3>
    <p>${more.join(" · ")}</p>
    ${one.steps.length > 0 ? html`<ol class="chain" aria-label=${team(lang, "chainOf")}>${one.steps.map((each, number) => html`${one.stepsLeftOut > 0 && number === half ? html`<li class="quiet">${one.stepsLeftOut} ${team(lang, "moreLines")}</li>` : nothing}
      <li>${step(each, told)}</li>`)}</ol>` : nothing}
    ${one.waitsFor.length > 0 ? html`<ul class="plain">${one.waitsFor.map((name) => html`<li>${wait(name, one, told)}</li>`)}</ul>` : nothing}
    ${leftOut(one.waitsForLeftOut, "moreLines", shown)}</article>`;
}

function way(name: string, words: string, { actions }: Told): TemplateResult {
  return name ? html`<button type="button" class="text" data-look=${name} @click=${() => actions.look(name)}>${words}</button>` : html`${words}`;
}

/** One thing that works again, in the words of the command line. */
function step(one: ImpactStep, told: Told): TemplateResult {
  const { shown, entries } = told;
  const { lang, names, t } = shown.language;
  const service = one.service === VitalService.UNSPECIFIED ? "" : (names.service[one.service] ?? "");
  const entry = entries.get(one.entry);
  const again = team(lang, "worksAgain");
  const what = one.facility
    ? html`${way(one.entry, designation(one.facility, told), told)} ${again}${service ? `: ${service} · ${named(lang, matchWords, one.match)}` : ""}`
    : html`${service} ${again}${entry ? html`: ${way(one.entry, saidBy(entry, shown), told)}` : nothing}`;
  return html`<time>${at(one.time, told)}</time> ${what}
    ${one.entry ? nothing : html`<b class="badge">${team(lang, "supposed")}</b>`}
    ${one.stale ? html`<b class="badge stale">◷ ${t.stale}</b>` : nothing}
    ${one.disputed ? html`<b class="badge refused">${team(lang, "contradiction")}</b>` : nothing}`;
}

/** What it goes on waiting for. */
function wait(name: string, one: Return, told: Told): TemplateResult {
  const { shown, entries } = told;
  const { lang } = shown.language;
  const entry = entries.get(name);
  const words = name === one.facility ? team(lang, "itsOwnWords") : entry ? saidBy(entry, shown) : designation(name, told);
  return html`${team(lang, "goesOnWaiting")} ${way(name, words, told)}`;
}
