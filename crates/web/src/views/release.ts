// Releasing an entry to others, and how it stands on both sides.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { IncidentState } from "../gen/polder/v1/incident_pb.ts";
import type { Item } from "../picture.ts";
import { said, type Refusal } from "../refusal.ts";
import { othersOf, releasedFrom } from "../release.ts";
import { mayRelease } from "../rights.ts";
import { heading } from "../show.ts";
import type { Actions, Shown } from "../state.ts";
import type { Lang } from "../words/index.ts";
import { audienceName } from "./audience.ts";

const COLLECTION = "audiences/";
const OTHER = "?";

/** Beside a line: that it comes from elsewhere, or was given to others. */
export function releasedMarks(one: Item, shown: Shown): TemplateResult {
  const { t } = shown.language;
  const given = shown.releases.get(one.name) ?? [];
  return html`${releasedFrom(one) ? html`<b class="badge released">⇥ ${t.wasReleased}</b>` : nothing}
    ${given.length > 0 ? html`<b class="badge released">↦ ${t.releasedTo} ${names(given, shown)}</b>` : nothing}`;
}

function names(given: readonly Item[], shown: Shown): string {
  return [...new Set(given.map((item) => audienceName(item.versions[0]?.audience ?? "", shown)))].join(", ");
}

/** In the details: to the other side, and the way to release. */
export function release(one: Item, shown: Shown, actions: Actions): TemplateResult {
  const { language } = shown;
  const { t } = language;
  const from = releasedFrom(one);
  const source = from ? shown.items.get(from)?.versions[0] : undefined;
  const given = shown.releases.get(one.name) ?? [];
  const go = (name: string, words: string): TemplateResult => html`<button type="button" class="text" @click=${() => actions.choose(name, "list")}>${words}</button>`;
  return html`${from
    ? html`<p class="released-line">⇥ ${t.releasedFrom} ${source ? go(from, heading(source, language)) : html`<i>${t.notSeenHere}</i>`}</p>` : nothing}
    ${given.map((item) => html`<p class="released-line">↦ ${t.releasedTo} ${go(item.name, audienceName(item.versions[0]?.audience ?? "", shown))}
      <span class="aside">${heading(item.versions[0]!, language)}</span></p>`)}
    ${form(one, shown, actions)}`;
}

function form(one: Item, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { language, past, incident } = shown;
  const { t, lang } = language;
  const entry = one.versions[0];
  const { now } = actions.releases;
  if (!entry || entry.retracted || past?.items || incident?.state === IncidentState.CLOSED) return nothing;
  // With rivals it must first be decided what there is to release.
  if (one.versions.length > 1 || !mayRelease(shown.caller, entry, shown.name)) return nothing;
  const choices = othersOf(shown.audiences, entry.audience);
  if (now?.name !== one.name) {
    return html`<p class="pair"><button type="button" class="release" @click=${() => actions.releases.begin(one.name, choices[0] ?? COLLECTION)}>${t.release}</button></p>`;
  }
  const other = !choices.includes(now.audience);
  const value = (event: Event): string => (event.target as HTMLInputElement).value;
  const send = (event: Event): void => {
    event.preventDefault();
    actions.release();
  };
  return html`<form class="warn releasing" @submit=${send} aria-busy=${now.busy}>
    <p>${t.releaseHelp}</p>
    <label class="field">${t.releaseTo}
      <select id="release-to" @change=${(event: Event) => actions.releases.change({ audience: value(event) === OTHER ? COLLECTION : value(event) })}>
        ${choices.map((name) => html`<option value=${name} ?selected=${name === now.audience}>${audienceName(name, shown)}</option>`)}
        <option value=${OTHER} ?selected=${other}>${t.otherAudience}</option></select></label>
    ${other
      ? html`<label class="field">${t.audienceName}<input type="text" required maxlength="63" autocapitalize="none" spellcheck="false" .value=${live(now.audience.slice(COLLECTION.length))}
          @input=${(event: Event) => actions.releases.change({ audience: COLLECTION + value(event).trim() })} /></label>` : nothing}
    <label class="field">${t.releaseText}<input id="release-title" type="text" maxlength="200" placeholder=${heading(entry, language)} .value=${live(now.title)}
      @input=${(event: Event) => actions.releases.change({ title: value(event) })} /></label>
    <label class="check"><input type="checkbox" .checked=${live(now.withoutSources)}
      @change=${(event: Event) => actions.releases.change({ withoutSources: (event.target as HTMLInputElement).checked })} />${t.withoutSources}</label>
    ${now.refusal ? html`<p class="problem" role="alert">${reasons(now.refusal, lang)}</p>` : nothing}
    ${now.away ? html`<p class="problem" role="alert">${t.nodeAway}</p>` : nothing}
    <p class="pair"><button type="submit" class="send" ?disabled=${now.busy || now.audience === COLLECTION}>${t.releaseSure}</button>
      <button type="button" @click=${() => actions.releases.end()}>${t.cancel}</button></p></form>`;
}

function reasons(refusal: Refusal, lang: Lang): string {
  return refusal.fields.length > 0 ? refusal.fields.map((field) => `${field.field}: ${said(field, lang)}`).join("; ") : said(refusal, lang);
}
