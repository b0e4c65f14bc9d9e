// What the public was told: each warning with its stages, who did what and how long each took, and the
// lines of the book that it rests on.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { Urgency, type Entry } from "../../gen/polder/v1/entry_pb.ts";
import { WarningState } from "../../gen/polder/v1/warning_pb.ts";
import { ContactTrouble, type CitedContact, type ListWarningsResponse, type TimedWarning, type WarningStage } from "../../gen/polder/v1/warning_service_pb.ts";
import { heading } from "../../show.ts";
import type { Actions, Shown } from "../../state.ts";
import { newDraft, stageFacts, toldOf, warningMark } from "../../team/public.ts";
import type { Room } from "../../team/room.ts";
import { millis } from "../../wire.ts";
import { contactTroubleWords, warningStateWords } from "../../words/public.ts";
import { named, team } from "../../words/team.ts";
import { chosen, current, leftOut, mayDo } from "./frame.ts";

export function warningsPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { public: told } = room;
  const { lang } = shown.language;
  return html`<p class="pair wrap head">${mayDo(shown) ? html`<button type="button" id="draft-warning" @click=${() => draft(shown, actions)}>${team(lang, "draftWarning")}</button>` : nothing}
      <label class="check"><input id="only-standing" type="checkbox" .checked=${live(told.onlyStanding)}
      @change=${(event: Event) => told.change({ onlyStanding: (event.target as HTMLInputElement).checked })} />${team(lang, "onlyStanding")}</label></p>
    ${told.onlyStanding ? chosen(team(lang, "onlyStanding")) : nothing}
    ${current(told.warnings, shown)}
    ${told.warnings.value ? list(told.warnings.value, told.onlyStanding, shown, actions) : nothing}`;
}

function draft(shown: Shown, actions: Actions): void {
  const { lang } = shown.language;
  actions.write(newDraft(shown.name, lang), shown.audience, team(lang, "draftHelp"), true);
}

function list(told: ListWarningsResponse, onlyStanding: boolean, shown: Shown, actions: Actions): TemplateResult {
  const { lang } = shown.language;
  const none = told.warnings.length === 0;
  return html`${none ? html`<p><b>${team(lang, onlyStanding ? "noneStands" : "noWarnings")}</b></p>` : nothing}
    ${none && !onlyStanding ? html`<p class="quiet">${team(lang, "warningsHelp")}</p>` : nothing}
    <ul class="list warnings">${told.warnings.map((one) => html`<li>${warning(one, shown, actions)}</li>`)}</ul>
    ${leftOut(told.warningsLeftOut, "warningsMore", shown)}`;
}

function warning(one: TimedWarning, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { entry } = one;
  if (!entry) return nothing;
  const { lang, t } = shown.language;
  const { word, stands } = warningMark(one, shown.language);
  const waits = one.stages.at(-1)?.state === WarningState.DRAFT;
  const urgent = stands && entry.assessment?.urgency === Urgency.IMMEDIATE;
  return html`<article class="signal ${stands ? "passed" : ""}" data-warning=${entry.name}>
    <h3><b class="badge ${stands ? "refused" : waits ? "waits" : ""}">${word}</b>
      ${urgent ? html`<b class="badge urgent">${t.urgent}</b>` : nothing}
      <button type="button" class="text" data-look=${entry.name} @click=${() => actions.look(entry.name)}>${heading(entry, shown.language)}</button></h3>
    <p>${toWhom(entry, shown)}</p>
    <ol class="stages" aria-label=${team(lang, "warningStages")}>${one.stages.map((each) => html`<li data-stage=${each.version}>${stage(each, entry, shown, actions)}</li>`)}</ol>
    ${waits ? html`<p class="quiet">${team(lang, "stillDraft")}</p>` : nothing}
    ${one.contacts.length > 0 ? html`<ul class="plain cited">${one.contacts.map((each) => html`<li>${cited(each, shown, actions)}</li>`)}</ul>` : nothing}</article>`;
}

/** Where, how grave, and for whom. */
function toWhom(entry: Entry, shown: Shown): string {
  const body = entry.body.case === "warning" ? entry.body.value : undefined;
  return [entry.place, shown.language.names.colour[body?.colour ?? 0], body?.audience].filter(Boolean).join(" · ");
}

/** One stage; a draft that stands beside the warning is an entry of its own. */
function stage(one: WarningStage, warning: Entry, shown: Shown, actions: Actions): TemplateResult {
  const { lang, moment } = shown.language;
  const at = millis(one.recordedTime) ?? 0;
  const word = named(lang, warningStateWords, one.state);
  const beside = one.entry !== "" && one.entry !== warning.name;
  return html`${beside ? html`<button type="button" class="text" data-look=${one.entry} @click=${() => actions.look(one.entry)}>${word}</button>` : html`<b>${word}</b>`}
    <time datetime=${new Date(at).toISOString()}>${moment(at, shown.nowMs)}</time>
    <span>${stageFacts(one, shown.language).join(" · ")}</span>`;
}

function cited(one: CitedContact, shown: Shown, actions: Actions): TemplateResult {
  const { lang } = shown.language;
  const { entry, trouble } = one;
  const name = entry?.body.case === "contact" ? entry.body.value.name : "";
  const what = entry
    ? html`<button type="button" class="text" data-look=${entry.name} @click=${() => actions.look(entry.name)}>${[name, ...toldOf(entry)].filter(Boolean).join(" · ")}</button>`
    : html`<i>${team(lang, "contactUnseen")}</i>`;
  return html`${team(lang, "contactCited")} ${what}
    <b class="badge ${trouble === ContactTrouble.UNSPECIFIED ? "" : "refused"}">${named(lang, contactTroubleWords, trouble)}</b>`;
}

/** A warning by its words, when the reader has it; else by the start of its name. */
export function warningLink(name: string, shown: Shown, actions: Actions): TemplateResult {
  const entry = shown.items.get(name)?.versions[0];
  const words = entry ? heading(entry, shown.language) : (name.split("/").at(-1) ?? "").split("-")[0];
  return html`<button type="button" class="text" data-look=${name} @click=${() => actions.look(name)}>${words}</button>`;
}
