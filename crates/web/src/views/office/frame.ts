// The node's pages: what each role may see of them, one at a time.
import { html, nothing, type TemplateResult } from "lit";
import { said, type Refusal } from "../../refusal.ts";
import type { Actions, Shown } from "../../state.ts";
import { office as word } from "../../words/office.ts";
import type { Tab } from "../../office/office.ts";
import { actsPage } from "./acts.ts";
import { charterPage } from "./charter.ts";
import { linksPage } from "./links.ts";
import { peoplePage } from "./people.ts";
import { storePage } from "./store.ts";

const PAGES: Record<Tab, (shown: Shown, actions: Actions) => unknown> = {
  links: linksPage, charter: charterPage, people: peoplePage, acts: actsPage, store: storePage,
};

/** The way in, for who may see any of it. */
export function officeButton(shown: Shown, actions: Actions, style = ""): TemplateResult | typeof nothing {
  const { office } = actions;
  const [first] = office.tabs();
  if (!shown.caller || !first) return nothing;
  return html`<button type="button" class=${style} aria-pressed=${office.tab !== undefined}
    @click=${() => {
      actions.team.close();
      if (office.tab) office.close();
      else office.open(first);
    }}>${word(shown.language.lang, "node")}</button>`;
}

export function officePages(shown: Shown, actions: Actions): TemplateResult {
  const { office } = actions;
  const { lang, t } = shown.language;
  const { tab } = office;
  const tabs = office.tabs();
  const may = tab !== undefined && tabs.includes(tab);
  return html`<main class="office" aria-labelledby="office-head">
    <div class="office-bar"><h2 id="office-head">${word(lang, "node")} ${shown.nodeName}</h2>
      <nav class="tabs" aria-label=${word(lang, "node")}>${tabs.map((one) => html`<button type="button" class="tab" aria-pressed=${one === tab}
        @click=${() => office.open(one)}>${word(lang, one)}</button>`)}</nav>
      ${tab && tab !== "links" ? html`<button type="button" ?disabled=${office.busy} @click=${() => void office.fetch()}>${word(lang, "refresh")}</button>` : nothing}
      <button type="button" @click=${() => office.close()}>${t.backToMap}</button></div>
    ${!may ? html`<p class="warn" role="alert">${word(lang, "mayNot")}</p>` : html`
      ${trouble(office, shown)}
      <div class="office-page" aria-busy=${office.busy}>${PAGES[tab](shown, actions)}</div>`}
  </main>`;
}

/** Why something did not go, in the reader's language. */
export function trouble({ refusal, away }: { refusal: Refusal | undefined; away: boolean }, shown: Shown): TemplateResult | typeof nothing {
  const { lang, t } = shown.language;
  if (away) return html`<p class="warn" role="alert">${t.nodeAway}</p>`;
  if (!refusal) return nothing;
  const why = refusal.fields.length > 0 ? refusal.fields.map((field) => `${field.field}: ${said(field, lang)}`) : [said(refusal, lang)];
  return html`<p class="warn" role="alert">${why.join("; ")}</p>`;
}

/** Bytes as people read them. */
export function bytes(count: bigint | number, shown: Shown): string {
  let [left, unit] = [Number(count), 0];
  while (left >= 1024 && unit < 4) [left, unit] = [left / 1024, unit + 1];
  return `${shown.language.number(left)} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}
