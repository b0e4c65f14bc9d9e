// What the next shift must know since a moment, and the gaps of the picture: one page, also on paper.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { localMinute } from "../../form.ts";
import { party } from "../../figures.ts";
import { MatterSort, type HandoverLine, type ListGapsResponse, type PartyState, type SectionState } from "../../gen/polder/v1/team_service_pb.ts";
import type { Actions, Shown } from "../../state.ts";
import { SHIFT_HOURS, type Room } from "../../team/room.ts";
import { millis } from "../../wire.ts";
import { matterWords, named, sectionWords, team, type TeamWord } from "../../words/team.ts";
import { claim } from "../words.ts";
import { dispute } from "./disputes.ts";
import { standing } from "./frame.ts";
import { ownerOf } from "./situation.ts";

const HOUR_MS = 3_600_000;
const SHIFTS = [SHIFT_HOURS, 12, 24];

export function handoverPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { language, nowMs } = shown;
  const { lang, moment } = language;
  const since = room.since(nowMs);
  const told = room.handover.value;
  const left = told?.leftOut;
  return html`${asked(since, room, shown)}
    <p class="handover-title"><b>${team(lang, "handover")} ${moment(nowMs, shown.liveMs)}, ${team(lang, "handoverSince")} ${moment(since, nowMs)}</b></p>
    ${standing(room.handover, shown)}
    ${told ? html`<div class="handover">
      ${part("contradicting", told.contradictions.length, left?.contradictions ?? 0, shown, html`<ul class="list">${told.contradictions.map((one) => html`<li>${dispute(one, room, shown, actions)}</li>`)}</ul>`)}
      ${lines("overdue", told.overdue, left?.overdue ?? 0, shown, actions)}
      ${lines("stillOpen", told.open, left?.open ?? 0, shown, actions)}
      ${lines("decidedSince", told.decided, left?.decided ?? 0, shown, actions)}
      ${lines("expectedAhead", told.expected, left?.expected ?? 0, shown, actions)}
      ${lines("changedSince", told.changed, left?.changed ?? 0, shown, actions)}
      ${part("silentParties", told.silent.length, left?.silent ?? 0, shown, html`<ul class="plain">${told.silent.map((one) => html`<li>${partyLine(one, shown)}</li>`)}</ul>`)}
      </div>` : nothing}
    ${gaps(room, shown)}`;
}

/** When the shift began. */
function asked(since: number, room: Room, shown: Shown): TemplateResult {
  const { t, lang, moment } = shown.language;
  const { nowMs, lastVisit } = shown;
  const choice = (ms: number, words: string): TemplateResult => html`<button type="button" aria-pressed=${room.sinceMs === ms} @click=${() => room.chooseSince(ms)}>${words}</button>`;
  return html`<div class="asked since"><label>${team(lang, "shiftBegan")}<input id="since" type="datetime-local" .value=${live(localMinute(since))} max=${localMinute(nowMs)}
      @change=${(event: Event) => {
        const chosen = new Date((event.target as HTMLInputElement).value).getTime();
        if (Number.isFinite(chosen)) room.chooseSince(chosen);
      }} /></label>
    <span class="pair wrap">${SHIFTS.map((hours) => html`<button type="button" @click=${() => room.chooseSince(nowMs - hours * HOUR_MS)}>${team(lang, "lastHours", hours)}</button>`)}
      ${lastVisit > 0 && lastVisit < nowMs ? choice(lastVisit, `${t.sinceVisit} (${moment(lastVisit, nowMs)})`) : nothing}</span></div>`;
}

function part(name: TeamWord, told: number, leftOut: number, shown: Shown, inside: TemplateResult): TemplateResult {
  const { lang, number } = shown.language;
  if (told === 0) return html`<section class="part none"><h3>${team(lang, name)}: ${team(lang, "nothingThere")}</h3></section>`;
  return html`<section class="part"><h3>${team(lang, name)} (${number(told + leftOut)})${leftOut > 0 ? `, ${number(leftOut)} ${team(lang, "moreLines")}` : ""}</h3>${inside}</section>`;
}

function lines(name: TeamWord, told: readonly HandoverLine[], leftOut: number, shown: Shown, actions: Actions): TemplateResult {
  return part(name, told.length, leftOut, shown, html`<ul class="list">${told.map((line) => row(line, name === "expectedAhead", name === "overdue", shown, actions))}</ul>`);
}

function row(line: HandoverLine, ahead: boolean, late: boolean, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { entry, sort } = line;
  if (!entry) return nothing;
  const { lang, moment } = shown.language;
  const at = millis(line.time);
  // When a decision was taken stands in its line.
  const due = at !== undefined && (ahead || (sort !== MatterSort.UNSPECIFIED && sort !== MatterSort.DECISION))
    ? `${team(lang, ahead ? "expected" : "due")} ${moment(at, shown.nowMs)}` : "";
  const mark = [named(lang, matterWords, sort), due].filter(Boolean).join(" · ");
  return html`<li><button type="button" class="line ${late ? "urgent" : ""}" @click=${() => actions.look(entry.name)}>
    ${claim(entry, shown)}${mark ? html`<b class="badge matter ${late ? "refused" : "waits"}">${mark}</b>` : nothing}</button></li>`;
}

function gaps(room: Room, shown: Shown): TemplateResult {
  const { lang } = shown.language;
  return html`<section class="gaps" aria-labelledby="crew-gaps"><h2 id="crew-gaps">${team(lang, "gaps")}</h2>
    ${standing(room.gaps, shown)}
    ${room.gaps.value ? filled(room.gaps.value, shown) : nothing}</section>`;
}

function filled(told: ListGapsResponse, shown: Shown): TemplateResult {
  const { lang, number } = shown.language;
  return html`<div class="handover"><section class="part"><h3>${team(lang, "sections")}</h3>
      <ul class="plain">${told.sections.map((one) => html`<li>${sectionLine(one, shown)}</li>`)}</ul></section>
    <section class="part"><h3>${team(lang, "partiesHeard")} (${number(told.parties.length + told.partiesLeftOut)})</h3>
      <ul class="plain">${told.parties.map((one) => html`<li>${partyLine(one, shown)}</li>`)}</ul>
      ${told.partiesLeftOut > 0 ? html`<p class="quiet">${number(told.partiesLeftOut)} ${team(lang, "partiesMore")}</p>` : nothing}</section></div>`;
}

function sectionLine(one: SectionState, shown: Shown): TemplateResult {
  const { t, lang, number, moment } = shown.language;
  const last = millis(one.lastTime);
  const name = html`<b>${named(lang, sectionWords, one.section)}</b>`;
  const owner = ownerOf(one.owner, lang);
  if (last === undefined) return html`${name}: <b class="badge refused">${team(lang, "nobodyFilled")}</b> · ${owner}`;
  return html`${name}: ${number(one.entryCount)} ${t.entries}, ${team(lang, "ofWhichStale")} ${number(one.staleCount)} · ${team(lang, "lastWord")} ${moment(last, shown.nowMs)} · ${owner}`;
}

/** A party, how old its last word is, and how much of it is stale. */
function partyLine(one: PartyState, shown: Shown): TemplateResult {
  const { t, lang, number, moment, age } = shown.language;
  const last = millis(one.lastTime);
  const name = html`<b>${party(one.party)}</b>`;
  if (last === undefined) return html`${name}: <b class="badge refused">${team(lang, "neverSpoke")}</b>`;
  return html`${name}: ${team(lang, "lastWord")} ${moment(last, shown.nowMs)} (${age(shown.nowMs - last)}) · ${number(one.entryCount)} ${t.entries}${one.staleCount > 0 ? `, ${team(lang, "ofWhichStale")} ${number(one.staleCount)}` : ""}
    ${one.silent ? html`<b class="badge waits">${team(lang, "silent")}</b>` : nothing}`;
}
