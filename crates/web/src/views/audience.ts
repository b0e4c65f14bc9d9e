// To whom something is said: shown beside what is, and chosen for what will be.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { party } from "../figures.ts";
import { EVERYBODY } from "../rights.ts";
import type { Shown } from "../state.ts";

const COLLECTION = "audiences/";
const OTHER = "?";

/** As the charter calls it in the reader's language, else its name. */
export function audienceName(name: string, shown: Shown): string {
  const { t, lang } = shown.language;
  if (!name || name === EVERYBODY) return t.everybody;
  const titles = shown.audienceRows.find((row) => row.name === name)?.titles ?? [];
  return (titles.find(([tag]) => tag.startsWith(lang)) ?? titles[0])?.[1] ?? party(name);
}

/** A choice, when there is one. One that is not in the list is typed by name; the node checks it. */
export function audienceChoice(
  chosen: string,
  shown: Shown,
  choose: (name: string) => void,
  id: string,
): TemplateResult | typeof nothing {
  const { t } = shown.language;
  const { audiences } = shown;
  if (audiences.length < 2 && (audiences[0] ?? "") === "" && chosen === "") return nothing;
  const other = !audiences.includes(chosen);
  const free = other ? chosen.slice(COLLECTION.length) : "";
  return html`<label>${t.audience}
    <select id=${id} @change=${(event: Event) => {
      const { value } = event.target as HTMLSelectElement;
      choose(value === OTHER ? COLLECTION : value);
    }}>
      ${audiences.map((name) => html`<option value=${name} ?selected=${name === chosen}>${audienceName(name, shown)}</option>`)}
      <option value=${OTHER} ?selected=${other}>${t.otherAudience}</option>
    </select></label>
    ${other
      ? html`<label>${t.audienceName} <input type="text" maxlength="63" autocapitalize="none" spellcheck="false" .value=${live(free)}
          @input=${(event: Event) => choose(COLLECTION + (event.target as HTMLInputElement).value.trim())} /></label>`
      : nothing}`;
}

/** For which party, when the person speaks for several. */
export function partyChoice(chosen: string, shown: Shown, choose: (name: string) => void): TemplateResult | typeof nothing {
  const { t } = shown.language;
  if (shown.speaksFor.length < 2) return nothing;
  const usual = shown.speaksFor.includes(shown.party) ? shown.party : shown.speaksFor[0];
  return html`<label>${t.speaksFor}
    <select @change=${(event: Event) => choose((event.target as HTMLSelectElement).value)}>
      ${shown.speaksFor.map((name) => html`<option value=${name} ?selected=${name === (chosen || usual)}>${party(name)}</option>`)}
    </select></label>`;
}
