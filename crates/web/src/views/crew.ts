// The way to the pages of a crisis team. What is on them is fetched when it is asked for.
import { html, nothing, type TemplateResult } from "lit";
import type { Actions, Shown } from "../state.ts";
import { office as word } from "../words/office.ts";

export function teamButton(shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { t } = shown.language;
  const { team, office } = actions;
  if (!shown.mayRead || !shown.name) return nothing;
  const on = team.tab !== undefined && office.tab === undefined;
  return html`<button type="button" class="team-button" title=${t.crewHelp} aria-pressed=${on} @click=${() => {
    office.close();
    if (on) team.close();
    else team.open("handover");
  }}>${t.crew}</button>`;
}

export function teamPages(shown: Shown, actions: Actions): unknown {
  const { t, lang } = shown.language;
  const page = actions.team.page(shown, actions);
  if (page) return page;
  return html`<main class="office crew" aria-labelledby="crew-head"><div class="office-bar"><h2 id="crew-head">${t.crew}</h2>
    <button type="button" @click=${() => actions.team.close()}>${t.backToMap}</button></div>
    ${shown.upgraded ? html`<p class="quiet">${t.upgradedTeam}</p>` : actions.team.away ? html`<p class="warn" role="alert">${t.nodeAway}</p>` : html`<p class="quiet">${word(lang, "fetching")}</p>`}</main>`;
}
