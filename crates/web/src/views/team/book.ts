// The book of numbers and addresses: what the public may be told, who vouches for it since when, and
// which warnings tell something else. A second person checks a line here.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { party } from "../../figures.ts";
import type { Entry } from "../../gen/polder/v1/entry_pb.ts";
import { ContactTrouble, type BookContact, type ListContactsResponse } from "../../gen/polder/v1/warning_service_pb.ts";
import { mayChange } from "../../rights.ts";
import type { Actions, Shown } from "../../state.ts";
import { needsAttention, newLine, toldOf } from "../../team/public.ts";
import type { Room } from "../../team/room.ts";
import { millis } from "../../wire.ts";
import { contactTroubleWords } from "../../words/public.ts";
import { named, team } from "../../words/team.ts";
import { audienceName } from "../audience.ts";
import { chosen, current, leftOut, mayDo } from "./frame.ts";
import { warningLink } from "./warnings.ts";

export function bookPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { public: told } = room;
  const { lang } = shown.language;
  const add = (): void => actions.write(newLine(shown.name), shown.audience, team(lang, "addContactHelp"), true);
  return html`<p class="pair wrap head">${mayDo(shown) ? html`<button type="button" id="add-contact" @click=${add}>${team(lang, "addContact")}</button>` : nothing}
      <label class="check"><input id="only-trouble" type="checkbox" .checked=${live(told.onlyTrouble)}
      @change=${(event: Event) => told.change({ onlyTrouble: (event.target as HTMLInputElement).checked })} />${team(lang, "onlyTrouble")}</label></p>
    ${told.onlyTrouble ? chosen(team(lang, "onlyTrouble")) : nothing}
    ${current(told.book, shown)}
    ${told.book.value ? lines(told.book.value, room, shown, actions) : nothing}`;
}

function lines(told: ListContactsResponse, room: Room, shown: Shown, actions: Actions): TemplateResult {
  const { lang } = shown.language;
  const rows = told.contacts.filter((line) => !room.public.onlyTrouble || needsAttention(line));
  const empty = told.contacts.length === 0;
  return html`${empty ? html`<p><b>${team(lang, "bookEmpty")}</b></p>` : nothing}
    ${!empty && rows.length === 0 ? html`<p>${team(lang, "bookSound")}</p>` : nothing}
    <p class="quiet">${team(lang, "bookHelp")}</p>
    <ul class="list book">${rows.map((line) => html`<li>${contact(line, room, shown, actions)}</li>`)}</ul>
    ${leftOut(told.contactsLeftOut, "contactsMore", shown)}`;
}

function contact(line: BookContact, room: Room, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { entry, trouble } = line;
  if (entry?.body.case !== "contact") return nothing;
  const { lang, names, t } = shown.language;
  const body = entry.body.value;
  const told = toldOf(entry);
  const look = trouble === ContactTrouble.UNSPECIFIED ? "sound" : trouble === ContactTrouble.UNCHECKED ? "waits" : "refused";
  return html`<article class="signal contact ${line.outdatedWarnings.length > 0 ? "passed" : ""}" data-contact=${entry.name}>
    <h3><b class="badge ${look}">${named(lang, contactTroubleWords, trouble)}</b>
      <button type="button" class="text" data-look=${entry.name} @click=${() => actions.look(entry.name)}>${body.name}</button>
      <span class="aside">${names.contactPurpose[body.purpose] ?? ""}</span></h3>
    <ul class="told">${told.map((one) => html`<li>${one}</li>`)}</ul>
    <p class="aside">${vouched(entry, trouble, shown)}
      ${entry.audience ? html`<b class="badge audience">${t.audience}: ${audienceName(entry.audience, shown)}</b>` : nothing}</p>
    ${warningsOf(line, shown, actions)}
    ${checking(entry, trouble, room, shown)}</article>`;
}

/** Who checked or wrote it, when, and until when it counts. */
function vouched(entry: Entry, trouble: ContactTrouble, shown: Shown): string {
  const { lang, moment } = shown.language;
  const body = entry.body.case === "contact" ? entry.body.value : undefined;
  const by = [party(entry.party), entry.author].filter(Boolean).join(" · ");
  const at = moment(millis(entry.recordedTime) ?? 0, shown.nowMs);
  const until = millis(entry.times?.validUntil);
  const word = body?.checked && trouble !== ContactTrouble.WITHDRAWN ? named(lang, contactTroubleWords, ContactTrouble.UNSPECIFIED) : "";
  return [
    word ? `${word} ${team(lang, "contactByOn", by)} ${at}` : `${team(lang, "contactWrittenBy")} ${by} ${at}`,
    until === undefined ? "" : `${team(lang, "contactUntil")} ${moment(until, shown.nowMs)}`,
  ].filter(Boolean).join(" · ");
}

/** Which warnings that stand tell it, and which of them tell something else. */
function warningsOf(line: BookContact, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { lang } = shown.language;
  const old = new Set(line.outdatedWarnings);
  const fresh = line.warnings.filter((name) => !old.has(name));
  const row = (word: "contactRests" | "contactOutdated", names: readonly string[], look: string): TemplateResult | typeof nothing => (names.length === 0 ? nothing
    : html`<p class=${look} data-told=${word}>${team(lang, word)} ${names.map((name) => html`${warningLink(name, shown, actions)} `)}</p>`);
  return html`${row("contactOutdated", line.outdatedWarnings, "warn")}${row("contactRests", fresh, "")}`;
}

/** The check by another person than who wrote it: asked twice, for it counts for everybody. */
function checking(entry: Entry, trouble: ContactTrouble, room: Room, shown: Shown): TemplateResult | typeof nothing {
  if (trouble !== ContactTrouble.UNCHECKED || !mayDo(shown) || !mayChange(shown.caller, entry, shown.name)) return nothing;
  const { lang, t } = shown.language;
  const { public: told } = room;
  const { checking: now } = told;
  const name = entry.body.case === "contact" ? entry.body.value.name : "";
  if (shown.waiting.some((waiting) => waiting.name === entry.name && !waiting.problem)) return html`<p class="quiet" role="status">${team(lang, "checkSent")}</p>`;
  if (shown.person !== "" && entry.author === shown.person) return html`<p class="quiet">${team(lang, "checkOwn")}</p>`;
  // Another version came meanwhile: who looked at the old one did not check this.
  if (now?.name !== entry.name || now.version !== entry.version) {
    return html`<p class="pair"><button type="button" class="check-line" @click=${() => told.check(entry)}>${team(lang, "checkContact")}<span class="hidden"> ${name}</span></button></p>`;
  }
  return html`<div class="warn vouching"><p role="status">${team(lang, "checkHelp")}</p>
    ${now.notKept ? html`<p class="problem" role="alert">${t.notKept}</p>` : nothing}
    <p class="pair wrap"><button type="button" class="send" ?disabled=${now.busy} @click=${() => void told.sendCheck(entry)}>${team(lang, "checkSure")}<span class="hidden"> ${name}</span></button>
      <button type="button" @click=${() => told.check(undefined)}>${t.cancel}</button></p></div>`;
}
