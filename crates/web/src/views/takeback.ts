// Recalling and erasing: what happens then in words, why, and a second time sure.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { party } from "../figures.ts";
import { IncidentState } from "../gen/polder/v1/incident_pb.ts";
import type { Item } from "../picture.ts";
import { said, type Refusal } from "../refusal.ts";
import { mayChange } from "../rights.ts";
import { heading } from "../show.ts";
import type { Actions, Shown } from "../state.ts";
import { fewerOf, ready, type TakeBack, type TakenBack } from "../takeback.ts";
import type { Lang } from "../words/index.ts";
import { audienceName } from "./audience.ts";

/** What is done once it was taken back. */
type Then = (taken: TakenBack) => void;

/** Whether they speak for a party that said something of it: the node decides. */
function mayTakeBack(one: Item, shown: Shown): boolean {
  if (shown.past?.items || shown.incident?.state === IncidentState.CLOSED) return false;
  return one.versions.some((entry) => !entry.erased && mayChange(shown.caller, entry, shown.name));
}

/** The ways to take an entry back, or what came of it. */
export function takeBack(one: Item, shown: Shown, actions: Actions, sorts: readonly TakeBack["sort"][], then: Then): TemplateResult | typeof nothing {
  const { t } = shown.language;
  const { now, done } = actions.takeBacks;
  const told = done && [done.name, done.again].includes(one.name) ? cameOf(done, shown) : nothing;
  if (!mayTakeBack(one, shown)) return told;
  if (now?.name === one.name) return html`${told}${form(one, now, shown, actions, then)}`;
  const words = { recall: t.recall, erase: t.erase };
  // What was withdrawn is recalled no more, but it may have to be gone.
  const open = sorts.filter((sort) => sort === "erase" || one.versions.some((entry) => !entry.retracted));
  return html`${told}<p class="pair wrap">${open.map((sort) => html`<button type="button" class=${sort} @click=${() => actions.takeBacks.begin(one.name, sort)}>${words[sort]}</button>`)}</p>`;
}

/** In the details of an entry that stands no more: what became of it and why, as far as it is told. */
export function gone(name: string, shown: Shown, actions: Actions, then: Then): TemplateResult {
  const { t } = shown.language;
  const { now, done } = actions.takeBacks;
  const last = shown.versions?.name === name ? shown.versions.rows?.[0] : undefined;
  const came = done?.name === name ? cameOf(done, shown) : nothing;
  if (!last?.retracted && !last?.erased) return html`${came}<p>${t.nothing}</p>`;
  const item: Item = { name, versions: [last], at: 0, contradicts: false };
  // The answer was lost: it is asked for again, and changes nothing any more.
  const again = now?.name === name && (now.away || now.busy);
  return html`<p class="warn" role="status">${last.erased ? t.erased : t.retracted}: ${last.retractionReason}</p>
    ${again ? form(item, now, shown, actions, then) : takeBack(item, shown, actions, ["erase"], then)}`;
}

/** That it was done, and what it did not reach. */
export function cameOf(done: TakenBack, shown: Shown): TemplateResult {
  const { t } = shown.language;
  const kept = done.kept.length > 0 ? ` ${t.keptByOthers}: ${done.kept.map(party).join(", ")}.` : "";
  return html`<p class="warn taken-back" role="status"><b>${done.sort === "recall" ? t.recalled : t.erasedNow}.</b>${done.again ? ` ${t.saidAgain}` : ""}${kept}</p>`;
}

function form(one: Item, now: TakeBack, shown: Shown, actions: Actions, then: Then): TemplateResult {
  const { t, lang } = shown.language;
  const { takeBacks } = actions;
  const value = (event: Event): string => (event.target as HTMLInputElement).value;
  const send = (event: Event): void => {
    event.preventDefault();
    void takeBacks.send().then((taken) => taken && then(taken));
  };
  const recalls = now.sort === "recall";
  const entry = one.versions[0]!;
  return html`<form class="warn taking-back" @submit=${send} aria-busy=${now.busy} aria-labelledby="take-back-head">
    <p><b id="take-back-head">${(recalls ? t.recall : t.erase).replace(" …", ":")} ${heading(entry, shown.language)}</b></p>
    <p>${recalls ? t.recallHelp : t.eraseHelp}</p>
    ${recalls ? audiences(one, now, shown, actions) : nothing}
    <label class="field">${recalls ? t.recallWhy : t.eraseWhy}<input id="take-back-why" type="text" required maxlength="1000" autocomplete="off" .value=${live(now.reason)}
      @input=${(event: Event) => takeBacks.change({ reason: value(event) })} /></label>
    <label class="check"><input id="take-back-sure" type="checkbox" .checked=${live(now.sure)}
      @change=${(event: Event) => takeBacks.change({ sure: (event.target as HTMLInputElement).checked })} />${t.takeBackSure}</label>
    ${now.refusal ? html`<p class="problem" role="alert">${reasons(now.refusal, lang)}</p>` : nothing}
    ${now.away ? html`<p class="problem" role="alert">${t.nodeAway}</p>` : nothing}
    <p class="pair wrap"><button type="submit" class="send" ?disabled=${!ready(now)}>${recalls ? t.recallSure : t.eraseSure}</button>
      <button type="button" @click=${() => takeBacks.end()}>${t.cancel}</button></p></form>`;
}

/** For whom it stays; who has it now and is not among them is told that it left. */
function audiences(one: Item, now: TakeBack, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { t } = shown.language;
  const choices = fewerOf(shown.audiences, one);
  if (choices.length === 0) return nothing;
  return html`<label class="field">${t.recallFor}<select id="recall-for" @change=${(event: Event) => actions.takeBacks.change({ audience: (event.target as HTMLSelectElement).value })}>
    <option value="" ?selected=${now.audience === ""}>${t.nobody}</option>
    ${choices.map((name) => html`<option value=${name} ?selected=${name === now.audience}>${audienceName(name, shown)}</option>`)}</select></label>`;
}

function reasons(refusal: Refusal, lang: Lang): string {
  return refusal.fields.length > 0 ? refusal.fields.map((field) => said(field, lang)).join("; ") : said(refusal, lang);
}
