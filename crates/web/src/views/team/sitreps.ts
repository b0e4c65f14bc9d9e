// Sitreps: the list, one that is read as the command line shows it, and what two of them differ in.
import { html, nothing, type TemplateResult } from "lit";
import { Role } from "../../gen/polder/v1/charter_pb.ts";
import type { Entry } from "../../gen/polder/v1/entry_pb.ts";
import { IncidentState } from "../../gen/polder/v1/incident_pb.ts";
import type { Sitrep } from "../../gen/polder/v1/sitrep_pb.ts";
import { said } from "../../refusal.ts";
import { may } from "../../rights.ts";
import type { Actions, Shown } from "../../state.ts";
import type { Room } from "../../team/room.ts";
import { differences, factsOf, lineOf, noteOf, titleOf, type Mark } from "../../team/sitrep.ts";
import { millis } from "../../wire.ts";
import { office } from "../../words/office.ts";
import { named, team, themeWords, type TeamWord } from "../../words/team.ts";
import { audienceName } from "../audience.ts";
import { cameOf, takeBack } from "../takeback.ts";
import { standing } from "./frame.ts";
import { draftPage } from "./draft.ts";

const LEAD = [Role.INFORMATION_MANAGER, Role.OPERATIONAL_LEADER];

/** Whether they may issue here and now: the node decides. */
export function mayIssue(shown: Shown): boolean {
  const { caller, name, incident } = shown;
  if (incident?.state === IncidentState.CLOSED || !may(caller, "lead")) return false;
  if (!caller || caller.grants.length === 0) return true;
  return caller.grants.some((grant) => LEAD.includes(grant.role) && (!grant.incident || grant.incident === name));
}

export function sitrepsPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { desk } = room;
  const draft = desk.laidOut(shown.name);
  if (desk.reading) return reader(room, shown, actions);
  if (draft) return draftPage(draft, room, shown);
  return list(room, shown);
}

function atMs(shown: Shown): number | undefined {
  return shown.past?.items ? shown.past.shownMs : undefined;
}

function list(room: Room, shown: Shown): TemplateResult {
  const { language, nowMs } = shown;
  const { lang, moment, number } = language;
  const { desk } = room;
  const told = room.sitreps.value;
  const rows = (told?.sitreps ?? []).filter((one) => one.sitrep);
  return html`<p class="pair wrap head">${mayIssue(shown)
      ? html`<button type="button" id="new-sitrep" @click=${() => desk.begin(shown.name, shown.audience)}>${team(lang, "newSitrep")}</button>`
      : html`<span class="quiet">${team(lang, "mayNotIssue")}</span>`}</p>
    ${standing(room.sitreps, shown)}
    ${told && rows.length === 0 ? html`<p>${team(lang, "noSitreps")}</p>` : nothing}
    <ul class="list sitreps">${rows.map((entry) => html`<li><button type="button" class="line" data-sitrep=${entry.name} @click=${() => desk.read(entry.name, atMs(shown))}>
      <span class="text"><span class="title">${titleOf(entry.sitrep!, language)}</span>
        <span class="meta"><span>${team(lang, "issued")} ${moment(millis(entry.sitrep!.issuedTime) ?? 0, nowMs)}</span><span>${entry.sitrep!.issuedBy}</span>
          ${entry.audience ? html`<b class="badge audience">${audienceName(entry.audience, shown)}</b>` : nothing}</span></span></button></li>`)}</ul>
    ${told && told.sitrepsLeftOut > 0 ? html`<p class="quiet">${number(told.sitrepsLeftOut)} ${team(lang, "sitrepsMore")}</p>` : nothing}
    ${rows.length > 1 ? compare(rows, room, shown) : nothing}`;
}

function compare(rows: readonly Entry[], room: Room, shown: Shown): TemplateResult {
  const { language } = shown;
  const { lang } = language;
  const { desk } = room;
  const [first, second] = desk.compared.map((name) => rows.find((row) => row.name === name));
  const choice = (which: "first" | "second", label: TeamWord, chosen: Entry | undefined): TemplateResult => html`<label>${team(lang, label)}
    <select id="compare-${which}" @change=${(event: Event) => desk.compare({ [which]: (event.target as HTMLSelectElement).value })}>
      <option value="" ?selected=${!chosen}>${team(lang, "notChosen")}</option>
      ${rows.map((row) => html`<option value=${row.name} ?selected=${row === chosen}>${titleOf(row.sitrep!, language)}</option>`)}</select></label>`;
  return html`<section class="compare" aria-labelledby="compare-head"><h3 id="compare-head">${team(lang, "compare")}</h3>
    <div class="asked">${choice("first", "firstOf", first)}${choice("second", "secondOf", second)}</div>
    ${first && second ? changes(first.sitrep!, second.sitrep!, shown) : nothing}</section>`;
}

function changes(first: Sitrep, second: Sitrep, shown: Shown): TemplateResult {
  const { lang } = shown.language;
  const marks: Record<Mark, TeamWord> = { "+": "added", "-": "dropped", "~": "altered" };
  const rows = differences(first, second);
  if (rows.length === 0) return html`<p role="status">${team(lang, "noDifference")}</p>`;
  return html`<ul class="plain changes" role="list">${rows.map(([mark, line]) => html`<li class="change"><b class="badge ${mark === "+" ? "added" : mark === "-" ? "refused" : "waits"}">${mark} ${team(lang, marks[mark])}</b>
    ${lineOf(line, shown.language, shown.nowMs)}</li>`)}</ul>`;
}

function reader(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { language } = shown;
  const { lang, t } = language;
  const { desk } = room;
  const { reading } = desk;
  const back = html`<button type="button" @click=${() => desk.close()}>${team(lang, "backToList")}</button>`;
  const found = opened(room);
  const last = reading && !found ? reading.versions?.at(-1) : undefined;
  const gone = last?.retracted || last?.erased ? last : undefined;
  if (gone && reading) {
    const { done } = actions.takeBacks;
    return html`<p class="pair head">${back}</p>
      ${done?.name === reading.name ? cameOf(done, shown) : nothing}
      <p class="warn" role="status"><b>${team(lang, "sitrepRecalled")}</b>: ${gone.retractionReason || "–"}</p>`;
  }
  if (!reading || !found) {
    return html`<p class="pair head">${back}</p>${reading?.away ? html`<p class="warn" role="alert">${t.nodeAway}</p>` : reading?.refusal ? html`<p class="warn" role="alert">${said(reading.refusal, lang)}</p>`
      : reading?.versions ? html`<p>${t.nothing}</p>` : html`<p class="quiet" role="status">${office(lang, "fetching")}</p>`}`;
  }
  const { entry, last: newest, recalled } = found;
  const all = (reading.versions ?? []).filter((one) => one.sitrep);
  return html`<p class="pair wrap head">${back}
      <button type="button" @click=${() => actions.look(entry.name)}>${team(lang, "showEntry")}</button>
      ${mayIssue(shown) && !atMs(shown) && !recalled ? html`<button type="button" id="next-version" @click=${() => desk.begin(shown.name, entry.audience, newest)}>${team(lang, "replaceIt")}</button>` : nothing}</p>
    ${!atMs(shown) && !recalled ? recalling(entry.name, room, shown, actions) : nothing}
    ${all.length > 1 ? html`<p class="pair wrap versions" role="group" aria-label=${team(lang, "otherVersions")}>${all.map((one) => html`<button type="button" aria-pressed=${one === entry}
      @click=${() => desk.show(one.version)}>${one.sitrep!.number}.${one.sitrep!.version}</button>`)}</p>` : nothing}
    ${article(entry.sitrep!, recalled, shown, entry.audience)}`;
}

/** Taking back a sitrep that was issued to too many, or should not have been. */
function recalling(name: string, { desk, sitreps }: Room, shown: Shown, actions: Actions): unknown {
  const item = shown.items.get(name);
  return item ? takeBack(item, shown, actions, ["recall"], (taken) => {
    sitreps.hurry();
    desk.read(taken.again || taken.name, undefined);
  }) : nothing;
}

/** What is read: the version that was chosen, else the last; and why it was recalled. */
function opened(room: Room): { entry: Entry; last: Entry; recalled: string } | undefined {
  const { reading } = room.desk;
  const versions = reading?.versions ?? [];
  const issued = versions.filter((one) => one.sitrep);
  const last = issued.at(-1);
  if (!reading || !last) return undefined;
  const entry = issued.find((one) => one.version === reading.version) ?? last;
  const recalled = versions.find((one) => one.retracted);
  return { entry, last, recalled: recalled ? recalled.retractionReason || "–" : "" };
}

/** Which sitrep is open, for paper. */
export function readTitle(room: Room, shown: Shown): string {
  const found = opened(room);
  if (found) return [titleOf(found.entry.sitrep!, shown.language), found.recalled ? team(shown.language.lang, "sitrepRecalled") : ""].filter(Boolean).join(" · ");
  const sitrep = room.desk.laidOut(shown.name)?.sitrep;
  return sitrep ? titleOf(sitrep, shown.language) : "";
}

/** A sitrep, in the order and the words of the command line. */
export function article(sitrep: Sitrep, recalled: string, shown: Shown, audience: string): TemplateResult {
  const { language, nowMs } = shown;
  const { lang, t } = language;
  return html`<article class="sitrep" lang=${lang} aria-labelledby="sitrep-head"><h3 id="sitrep-head">${titleOf(sitrep, language)}</h3>
    ${recalled ? html`<p class="warn" role="status"><b>${team(lang, "sitrepRecalled")}</b>: ${recalled}</p>` : nothing}
    <dl class="facts-list">${factsOf(sitrep, language, nowMs, recalled).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
      <dt>${t.audience}</dt><dd>${audienceName(audience, shown)}</dd></dl>
    ${sitrep.sections.map((section) => html`<section class="theme"><h4>${named(lang, themeWords, section.theme)}</h4>
      ${section.remark.trim() ? html`<p class="body remark">${section.remark}</p>` : nothing}
      ${section.lines.length > 0 ? html`<ul>${section.lines.map((line) => html`<li>${lineOf(line, language, nowMs)}</li>`)}</ul>` : nothing}
      ${noteOf(section, language) ? html`<p class="quiet">(${noteOf(section, language)})</p>` : nothing}</section>`)}</article>`;
}
