// On top of the list: entries that contradict each other, and rival versions of one entry.
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Item } from "../picture.ts";
import { sure } from "../show.ts";
import type { Actions, Shown } from "../state.ts";
import { claim, relations } from "./words.ts";

const FIRST = 3;
const MOST = 100;

export function against(shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  if (shown.filter.view !== "all") return nothing;
  const { t } = shown.language;
  const between = actions.team.onTop(shown);
  // What only says that it contradicts another stands beside that other already.
  const rivals = shown.contradictions.filter((one) => one.versions.length > 1 || !between?.names.has(one.name));
  if (!between && rivals.length === 0) return nothing;
  return html`<section class="against" aria-labelledby="against-head">
    <h2 id="against-head">${t.contradictions} (${rivals.length + (between?.count ?? 0)})</h2>
    <p class="quiet">${t.contradictionHelp}</p>
    ${between?.drawn(actions)}
    <ul class="list">${repeat(rivals.slice(0, FIRST), (one) => one.name, (one) => html`<li>${versions(one, shown, actions)}</li>`)}</ul>
    ${rivals.length > FIRST
      ? html`<details><summary>${t.more} (${rivals.length - FIRST})</summary>
          <ul class="list">${repeat(rivals.slice(FIRST, MOST), (one) => one.name, (one) => html`<li>${versions(one, shown, actions)}</li>`)}</ul></details>`
      : nothing}
  </section>`;
}

function versions(one: Item, shown: Shown, actions: Actions): TemplateResult {
  const { t } = shown.language;
  const chosen = one.name === shown.selected;
  return html`<button type="button" class="line rivals" aria-pressed=${chosen}
    @click=${() => actions.choose(chosen ? undefined : one.name, "list")}>
    ${one.versions.map((entry) => html`<span class="rival ${sure(entry)}">${claim(entry, shown)}</span>`)}
    ${one.versions.length > 1 ? nothing : html`<span class="quiet">${relations(one.versions[0], shown) || t.contradictions}</span>`}
  </button>`;
}
