// The situation picture: phase and GRIP, what the law gives time for, each section with whose it is and
// what weighs most, what the reader should see first, and how the crisis organisation grew.
import { html, nothing, type TemplateResult } from "lit";
import { party } from "../../figures.ts";
import { Discipline } from "../../gen/polder/v1/entry_pb.ts";
import { GripLevel, type Scaling, type SectionOwner, type Team } from "../../gen/polder/v1/incident_pb.ts";
import { ClockKind, DigestReason, type Clock, type DigestLine, type GetDigestResponse, type GetSituationResponse, type ListScalingResponse, type RegionStep, type ScalingStep, type SectionPicture } from "../../gen/polder/v1/situation_service_pb.ts";
import type { Actions, Shown } from "../../state.ts";
import type { Room } from "../../team/room.ts";
import { millis } from "../../wire.ts";
import { digestWords, named, sectionWords, team, type TeamWord } from "../../words/team.ts";
import { claim } from "../words.ts";
import { standing } from "./frame.ts";

export function situationPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  return html`${standing(room.situation, shown)}
    ${room.situation.value ? picture(room.situation.value, shown, actions) : nothing}
    ${room.digest.value ? digest(room, room.digest.value, shown, actions) : nothing}
    ${room.scaling.value ? history(room.scaling.value, shown) : nothing}`;
}

function level(grip: GripLevel): string {
  return grip > GripLevel.GRIP_LEVEL_0 ? `GRIP ${grip - 1}` : "";
}

function teams(list: readonly Team[], shown: Shown): string {
  return list.map((one) => shown.language.names.team[one] ?? "").filter(Boolean).join(", ");
}

function scaled(one: Scaling, shown: Shown): string {
  const names = teams(one.teams, shown);
  return [party(one.region), level(one.grip), names && `(${names})`].filter(Boolean).join(" ");
}

function picture(told: GetSituationResponse, shown: Shown, actions: Actions): TemplateResult {
  const { lang, names } = shown.language;
  const counts = told.counts;
  const count = (name: TeamWord, value: number): TemplateResult => html`<span class=${value > 0 ? "warn" : ""}>${team(lang, name)} ${value}</span>`;
  const facts = [names.phase[told.phase], ...told.scalings.map((one) => scaled(one, shown)), told.gripRijk ? "GRIP Rijk" : ""].filter(Boolean);
  return html`<p><b>${facts.join(" · ")}</b></p>
    ${counts ? html`<p class="pair wrap">${count("contradicting", counts.openContradictions)} ${count("overdue", counts.overdue)} ${count("withoutWord", counts.partiesWithoutWord)}</p>` : nothing}
    ${clocks(told.clocks, shown)}
    <div class="handover">${told.sections.map((one) => section(one, shown, actions))}</div>`;
}

/** Whose a section is. */
export function ownerOf(owner: SectionOwner | undefined, lang: Shown["language"]["lang"]): string {
  return owner ? [party(owner.party), owner.role].filter(Boolean).join(", ") : team(lang, "noOwner");
}

function section(one: SectionPicture, shown: Shown, actions: Actions): TemplateResult {
  const { lang, number, t } = shown.language;
  const { state, lines } = one;
  const filled = state && state.entryCount > 0
    ? `(${number(state.entryCount)} ${t.entries}${state.staleCount > 0 ? `, ${team(lang, "ofWhichStale")} ${number(state.staleCount)}` : ""})` : "";
  return html`<section class="part"><h3>${named(lang, sectionWords, state?.section ?? 0)} ${filled}</h3>
    <p class="quiet">${ownerOf(state?.owner, lang)}</p>
    ${filled ? nothing : html`<p><b class="badge refused">${team(lang, "nobodyFilled")}</b></p>`}
    <ul class="list">${lines.map(({ entry }) => (entry ? html`<li><button type="button" class="line" @click=${() => actions.look(entry.name)}>${claim(entry, shown)}</button></li>` : nothing))}</ul>
    ${one.leftOut + one.staleLeftOut > 0 ? html`<p class="quiet">${number(one.leftOut)} ${team(lang, "moreLines")}, ${number(one.staleLeftOut)} ${team(lang, "staleNotShown")}</p>` : nothing}</section>`;
}

function clocks(list: readonly Clock[], shown: Shown): TemplateResult | typeof nothing {
  if (list.length === 0) return nothing;
  const { lang } = shown.language;
  const told = list.filter((one) => one.late || !one.metTime);
  return html`<section class="part" aria-labelledby="crew-clocks"><h3 id="crew-clocks">${team(lang, "clocks")} (${team(lang, "inTime")} ${list.length - told.length})</h3>
    <ul class="plain">${told.map((one) => html`<li>${clock(one, shown)}</li>`)}</ul></section>`;
}

function clock(one: Clock, shown: Shown): TemplateResult {
  const { lang, moment, age } = shown.language;
  const [due, met] = [millis(one.dueTime) ?? 0, millis(one.metTime)];
  const what = one.kind === ClockKind.TEAM ? `${teams([one.team], shown)} ${party(one.region)}`
    : one.kind === ClockKind.PROCESSING ? `${named(lang, sectionWords, one.section)}: ${team(lang, "clockProcessing")}` : team(lang, "clockDescription");
  const late = (much: string): TemplateResult => html`<b class="badge refused">${much} ${team(lang, "clockTooLate")}</b>`;
  if (one.kind === ClockKind.PROCESSING && one.lateCount > 0) return html`${what} ${late(String(one.lateCount))}`;
  const until = `${team(lang, "due")} ${moment(due, shown.nowMs)}`;
  if (met !== undefined) return html`${what} ${until} · ${team(lang, "clockMet")} ${moment(met, shown.nowMs)} ${late(age(met - due))}`;
  return one.late ? html`${what} ${until} ${late(age(shown.nowMs - due))}` : html`${what} ${until} · ${team(lang, "clockLeft")} ${age(due - shown.nowMs)}`;
}

function digest(room: Room, told: GetDigestResponse, shown: Shown, actions: Actions): TemplateResult {
  const { lang, names, number } = shown.language;
  const reasons = [...new Set(told.lines.map((line) => line.reason))];
  const all = told.heldBack.reduce((sum, one) => sum + one.count, 0);
  return html`<section class="gaps" aria-labelledby="crew-digest"><h2 id="crew-digest">${team(lang, "digest")}</h2>
    <div class="asked"><label>${team(lang, "digestFor")}<select id="digest-column" @change=${(event: Event) => room.readFor(Number((event.target as HTMLSelectElement).value))}>
      ${names.discipline.map((name, at) => html`<option value=${at} ?selected=${at === room.column}>${at === Discipline.UNSPECIFIED ? team(lang, "everyColumn") : name}</option>`)}</select></label></div>
    ${told.lines.length === 0 && all === 0 ? html`<p class="quiet">${team(lang, "digestEmpty")}</p>` : nothing}
    <div class="handover">${reasons.map((reason) => html`<section class="part"><h3>${named(lang, digestWords, reason)}</h3>
      <ul class="list">${told.lines.filter((line) => line.reason === reason).map((line) => digestRow(line, shown, actions))}</ul></section>`)}</div>
    ${all > 0 ? html`<p class="quiet">${team(lang, "heldBack")} (${number(all)}): ${told.heldBack.map((one) => `${named(lang, digestWords, one.reason)}, ${names.discipline[one.discipline] ?? "?"} ${number(one.count)}`).join(" · ")}</p>` : nothing}</section>`;
}

function digestRow(line: DigestLine, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { entry } = line;
  if (!entry) return nothing;
  const { lang, moment } = shown.language;
  const due = millis(line.dueTime);
  const late = line.reason === DigestReason.OVERDUE;
  return html`<li><button type="button" class="line ${late ? "urgent" : ""}" @click=${() => actions.look(entry.name)}>${claim(entry, shown)}
    ${due === undefined ? nothing : html`<b class="badge matter ${late ? "refused" : "waits"}">${team(lang, "due")} ${moment(due, shown.nowMs)}</b>`}</button></li>`;
}

function history(told: ListScalingResponse, shown: Shown): TemplateResult {
  const { lang } = shown.language;
  return html`<section class="gaps" aria-labelledby="crew-scaling"><h2 id="crew-scaling">${team(lang, "scalingTitle")}</h2>
    <ul class="plain">${told.steps.map((step) => html`<li>${stepLine(step, shown)}</li>`)}</ul></section>`;
}

function stepLine(step: ScalingStep, shown: Shown): TemplateResult {
  const { lang, names, moment } = shown.language;
  const at = millis(step.time) ?? 0;
  const region = (one: RegionStep): string => [
    [party(one.region), one.before === one.grip ? "" : `GRIP ${Math.max(0, one.grip - 1)}`].filter(Boolean).join(" "),
    one.started.length > 0 ? `${team(lang, "began")} ${teams(one.started, shown)}` : "",
    one.ended.length > 0 ? `${team(lang, "ended")} ${teams(one.ended, shown)}` : "",
  ].filter(Boolean).join(", ");
  const parts = [
    step.phase === step.phaseBefore ? "" : names.phase[step.phase], step.gripRijk === step.gripRijkBefore ? "" : `GRIP Rijk ${step.gripRijk ? "✓" : "✕"}`,
    ...step.regions.map(region),
  ].filter(Boolean);
  const called = step.regions.flatMap((one) => one.called.map(party));
  return html`<time datetime=${new Date(at).toISOString()}>${moment(at, shown.liveMs)}</time> <b>${parts.join(" · ")}</b> ${step.author}
    ${called.length > 0 ? html`<span class="aside">${team(lang, "calledIn")} ${called.join(", ")}</span>` : nothing}`;
}
