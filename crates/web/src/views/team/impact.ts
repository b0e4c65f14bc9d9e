// What fails next: which facilities outages take down, when and along which chain, what comes back, and
// which vulnerable ones lie where there is danger; also of what is only supposed.
import { html, nothing, type TemplateResult } from "lit";
import { party } from "../../figures.ts";
import type { Entry } from "../../gen/polder/v1/entry_pb.ts";
import { FacilityState } from "../../gen/polder/v1/facility_pb.ts";
import { EffectState, ImpactMatch, type Danger, type Effect, type Exposure, type GetImpactResponse, type ImpactStep, type ImpactTotals } from "../../gen/polder/v1/impact_service_pb.ts";
import { OutageState, VitalService } from "../../gen/polder/v1/outage_pb.ts";
import { heading } from "../../show.ts";
import type { Actions, Shown } from "../../state.ts";
import type { Room } from "../../team/room.ts";
import { millis } from "../../wire.ts";
import { named, team } from "../../words/team.ts";
import { effectWords, matchWords } from "../../words/watch.ts";
import { chosen, current, entryLine, leftOut } from "./frame.ts";
import { returns } from "./returns.ts";
import { called, choice, supposing } from "./suppose.ts";

/** What the parts of the page need. */
export interface Told {
  answer: GetImpactResponse;
  /** Entries that the answer names. */
  entries: ReadonlyMap<string, Entry>;
  /** What is shown is of something that is supposed to fail, or to work again. */
  supposes: "" | "failure" | "repair";
  shown: Shown;
  actions: Actions;
}

export function impactPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { watch } = room;
  const { lang } = shown.language;
  const answer = watch.impact.value;
  const of = watch.outage ? shown.items.get(watch.outage)?.versions[0] : undefined;
  const supposes = !watch.supposed ? "" : watch.supposed.back ? "repair" : "failure";
  return html`${watch.supposing ? supposing(watch, causesOf(watch, shown), shown) : asked(room, shown)}
    ${watch.supposed ? html`<p class="warn" role="status"><b>${team(lang, "supposedNow")}</b></p>` : chosen(`${team(lang, "impactOf")}: ${of ? heading(of, shown.language) : team(lang, "impactAll")}`)}
    ${current(watch.impact, shown)}
    ${answer ? all({ answer, entries: new Map(answer.entries.map((entry) => [entry.name, entry])), supposes, shown, actions }) : nothing}`;
}

/** What fails by itself, and what was chosen. */
function causesOf(watch: Room["watch"], shown: Shown): Entry[] {
  return [...shown.items.values()].map((item) => item.versions[0]!).filter((entry) => fails(entry) || entry.name === watch.outage);
}

/** Of which outage, or the way to suppose one. */
function asked({ watch }: Room, shown: Shown): TemplateResult {
  const { lang } = shown.language;
  const causes = causesOf(watch, shown);
  // One that stands no more stays chosen until somebody chooses otherwise: what the node says of it is shown.
  const lost = watch.outage !== "" && !shown.items.has(watch.outage);
  return html`<div class="asked head">${watch.supposed ? nothing : html`<label>${team(lang, "impactOf")}<select id="impact-of"
      @change=${(event: Event) => watch.change({ outage: (event.target as HTMLSelectElement).value })}>
      <option value="" ?selected=${watch.outage === ""}>${team(lang, "impactAll")}</option>
      ${lost ? choice(watch.outage, team(lang, "notSeenHere"), watch.outage) : nothing}
      ${causes.map((entry) => choice(entry.name, called(entry, shown), watch.outage))}</select></label>`}
    <button type="button" id="suppose" @click=${() => watch.suppose(true)}>${team(lang, "suppose")}</button>
    ${watch.supposed ? html`<button type="button" id="suppose-end" @click=${() => watch.real()}>${team(lang, "supposeEnd")}</button>` : nothing}</div>`;
}

/** An outage that is not over, or a facility that is down. */
function fails(entry: Entry): boolean {
  if (entry.retracted) return false;
  if (entry.body.case === "outage") return entry.body.value.state !== OutageState.RESTORED;
  return entry.body.case === "facility" && entry.body.value.state >= FacilityState.OUT;
}

function all(told: Told): TemplateResult {
  const { answer, supposes, shown } = told;
  const { lang, number } = shown.language;
  const effects = answer.effects.filter((effect) => supposes === "" || effect.byWhatIf);
  const exposures = answer.exposures.filter((one) => supposes === "" || one.dangers.some((danger) => danger.entry === ""));
  const unseen = answer.unseenSupplierCount;
  return html`<section class="gaps impact" aria-labelledby="crew-effects"><h2 id="crew-effects">${goesDown(answer.totals, shown)}</h2>
      ${effects.length === 0 && supposes !== "repair" ? html`<p>${team(lang, supposes ? "whatIfChangesNothing" : "nothingFails")}</p>` : nothing}
      <ul class="list">${effects.map((one) => html`<li>${effect(one, told)}</li>`)}</ul>
      ${leftOut(answer.effectsLeftOut, "moreLines", shown)}
      ${unseen > 0 ? html`<p class="warn">${number(unseen)} ${team(lang, "suppliersUnseen")}</p>` : nothing}</section>
    ${returns(told)}
    ${supposes === "repair" ? nothing : html`<section class="gaps impact" aria-labelledby="crew-exposed"><h2 id="crew-exposed">${exposed(answer.totals, shown)}</h2>
      ${exposures.length === 0 ? html`<p>${team(lang, supposes ? "supposeNoDanger" : "noVulnerable")}</p>` : nothing}
      <ul class="list">${exposures.map((one) => html`<li>${exposure(one, told)}</li>`)}</ul>
      ${leftOut(answer.exposuresLeftOut, "moreLines", shown)}</section>`}`;
}

function goesDown(totals: ImpactTotals | undefined, shown: Shown): string {
  const { lang, number } = shown.language;
  const { downCount = 0, willFailCount = 0, mayFailCount = 0, people = 0n } = totals ?? {};
  const counts = `${number(downCount)} ${team(lang, "isDown")}, ${number(willFailCount)} ${team(lang, "willFail")}, ${number(mayFailCount)} ${team(lang, "mayFail")}`;
  return `${team(lang, "goesDown")}: ${counts}${people > 0n ? ` · ${number(Number(people))} ${team(lang, "peopleInThem")}` : ""}`;
}

function exposed(totals: ImpactTotals | undefined, shown: Shown): string {
  const { lang, number } = shown.language;
  const { exposedCount = 0, exposedPeople = 0n, exposedLessSelfReliant = 0n, uncounted = 0 } = totals ?? {};
  return [
    `${team(lang, "vulnerable")}: ${number(exposedCount)}`,
    exposedPeople > 0n || exposedLessSelfReliant > 0n
      ? `${number(Number(exposedPeople))} ${team(lang, "peopleThere")}, ${team(lang, "ofWhomLessSelfReliant")} ${number(Number(exposedLessSelfReliant))}` : "",
    uncounted > 0 ? `${number(uncounted)} ${team(lang, "uncounted")}` : "",
  ].filter(Boolean).join(" · ");
}

export function designation(name: string, { entries }: Told): string {
  const entry = entries.get(name);
  return entry?.body.case === "facility" ? entry.body.value.designation : (party(name).split("-")[0] ?? "");
}

export function at(time: Effect["downTime"], { shown }: Told): string {
  const ms = millis(time);
  return ms === undefined ? "" : shown.language.moment(ms, shown.nowMs);
}

function effect(one: Effect, told: Told): TemplateResult {
  const { shown, actions } = told;
  const { lang, names } = shown.language;
  const { state } = one;
  const look = state === EffectState.DOWN ? "refused" : state === EffectState.WILL_FAIL ? "waits" : "";
  const more = [
    one.services.length > 0 ? `${team(lang, "takesDown")} ${one.services.map((service) => names.service[service]).join(", ")}` : "",
    one.possibleTime ? `${team(lang, "perhapsAlready")} ${at(one.possibleTime, told)}` : "",
    one.otherwiseTime ? `${team(lang, "otherwise")} ${at(one.otherwiseTime, told)}` : one.byWhatIf ? team(lang, "otherwiseNot") : "",
  ].filter(Boolean);
  const half = Math.floor(one.steps.length / 2);
  return html`<article class="signal ${state === EffectState.DOWN ? "passed" : ""}" data-effect=${one.facility}>
    <h3><b class="badge ${look}">${named(lang, effectWords, state)}</b> <time>${at(one.downTime, told)}</time>
      <button type="button" class="text" data-look=${one.facility} @click=${() => actions.look(one.facility)}>${designation(one.facility, told)}</button>
      ${one.disputed ? html`<b class="badge refused">${team(lang, "contradiction")}</b>` : nothing}</h3>
    ${more.length > 0 ? html`<p>${more.join(" · ")}</p>` : nothing}
    <ol class="chain" aria-label=${team(lang, "chainOf")}>${one.steps.map((each, number) => html`${one.stepsLeftOut > 0 && number === half ? html`<li class="quiet">${one.stepsLeftOut} ${team(lang, "moreLines")}</li>` : nothing}
      <li>${step(each, told)}</li>`)}</ol></article>`;
}

/** One link of a chain, in the words of the command line. */
function step(one: ImpactStep, told: Told): TemplateResult {
  const { shown, actions } = told;
  const { lang, names, t } = shown.language;
  const service = names.service[one.service] ?? "";
  const entry = told.entries.get(one.entry);
  const way = (words: string): TemplateResult => (one.entry
    ? html`<button type="button" class="text" data-look=${one.entry} @click=${() => actions.look(one.entry)}>${words}</button>` : html`${words}`);
  const what = one.facility
    ? html`${way(designation(one.facility, told))}: ${why(one, service, shown)}`
    : html`${service} ${team(lang, "fails")}${entry ? html`: ${way(saidBy(entry, shown))}` : nothing}`;
  return html`<time>${at(one.time, told)}</time> ${what}
    ${one.entry ? nothing : html`<b class="badge">${team(lang, "supposed")}</b>`}
    ${one.repairTime ? html` · ${team(lang, "repairExpected")} ${at(one.repairTime, told)}` : nothing}
    ${one.stale ? html`<b class="badge stale">◷ ${t.stale}</b>` : nothing}
    ${one.disputed ? html`<b class="badge refused">${team(lang, "contradiction")}</b>` : nothing}`;
}

function why(one: ImpactStep, service: string, shown: Shown): string {
  const { lang, age } = shown.language;
  const itself = one.service === VitalService.UNSPECIFIED && one.match === ImpactMatch.UNSPECIFIED;
  if (itself) return one.entry ? team(lang, "byItsOwnWords") : "";
  const seconds = one.holdsOut?.seconds;
  const holds = seconds === undefined ? team(lang, "holdsOutUnknown") : seconds === 0n ? team(lang, "holdsOutNot") : `${team(lang, "holdsOut")} ${age(Number(seconds) * 1000)}`;
  const lacks = one.service === VitalService.UNSPECIFIED ? "" : `${team(lang, "withoutService")} ${service}, `;
  return `${lacks}${holds} · ${named(lang, matchWords, one.match)}`;
}

/** Who says what, where. */
export function saidBy(entry: Entry, shown: Shown): string {
  const what = heading(entry, shown.language);
  return `${party(entry.party)}, ${entry.place && !what.includes(entry.place) ? `${entry.place} — ` : ""}${what}`;
}

function exposure(one: Exposure, told: Told): TemplateResult {
  const { shown, actions } = told;
  const facility = told.entries.get(one.facility);
  return html`<article class="signal" data-exposed=${one.facility}>${facility ? entryLine(facility, shown, actions) : designation(one.facility, told)}
    <ul class="plain">${one.dangers.map((each) => html`<li>${danger(each, told)}</li>`)}</ul>
    ${leftOut(one.dangersLeftOut, "moreLines", shown)}</article>`;
}

function danger(one: Danger, told: Told): TemplateResult {
  const { shown, actions } = told;
  const { lang, t } = shown.language;
  const entry = told.entries.get(one.entry);
  return html`${entry ? html`<button type="button" class="text" data-look=${one.entry} @click=${() => actions.look(one.entry)}>${saidBy(entry, shown)}</button>` : html`<b class="badge">${team(lang, "supposed")}</b>`}
    ${one.match === ImpactMatch.UNSPECIFIED ? nothing : html`· ${named(lang, matchWords, one.match)}`}
    ${one.expected ? html`<b class="badge waits">${team(lang, "expected")}</b>` : nothing}
    ${one.stale ? html`<b class="badge stale">◷ ${t.stale}</b>` : nothing}`;
}
