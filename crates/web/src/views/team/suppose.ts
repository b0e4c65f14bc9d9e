// The form to suppose that a service or a facility fails, or that something works again.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { party } from "../../figures.ts";
import type { Entry } from "../../gen/polder/v1/entry_pb.ts";
import { heading } from "../../show.ts";
import type { Shown } from "../../state.ts";
import type { Supposition, Watch } from "../../team/watch.ts";
import { team, type TeamWord } from "../../words/team.ts";

export function choice(value: string, words: string, chosen: string): TemplateResult {
  return html`<option value=${value} ?selected=${value === chosen}>${words}</option>`;
}

/** What an entry is called where one is chosen. */
export function called(entry: Entry, shown: Shown): string {
  return [heading(entry, shown.language), entry.place, party(entry.party)].filter(Boolean).join(" · ");
}

export function supposing(watch: Watch, causes: readonly Entry[], shown: Shown): TemplateResult {
  const { language } = shown;
  const { lang, names, t } = language;
  const form = watch.supposing!;
  const typed = (field: keyof Supposition) => (event: Event): void => watch.type({ [field]: (event.target as HTMLInputElement).value });
  const input = (field: keyof Supposition, word: TeamWord, type: string, most = 200): TemplateResult => html`<label>${team(lang, word)}<input id="suppose-${field}" type=${type}
    maxlength=${most} .value=${live(form[field])} @input=${typed(field)} /></label>`;
  const facilities = [...shown.items.values()].map((item) => item.versions[0]!).filter((entry) => entry.body.case === "facility" && !entry.retracted);
  const show = (event: Event): void => {
    event.preventDefault();
    watch.show();
  };
  return html`<form class="card asked-card supposing" novalidate @submit=${show} aria-labelledby="suppose-head"><h3 id="suppose-head">${team(lang, "suppose")}</h3>
    <p class="quiet">${team(lang, "supposeHelp")}</p>
    <div class="asked"><label>${team(lang, "supposeService")}<select id="suppose-service" @change=${typed("service")}>
        ${names.service.map((name, at) => choice(at === 0 ? "" : String(at), at === 0 ? team(lang, "supposeNone") : name, form.service))}</select></label>
      ${input("place", "supposePlace", "text")}${input("area", "supposeArea", "text", 60)}</div>
    <div class="asked"><label>${team(lang, "supposeFacility")}<select id="suppose-facility" @change=${typed("facility")}>${choice("", team(lang, "supposeNone"), form.facility)}
        ${facilities.map((entry) => choice(entry.name, entry.body.case === "facility" ? entry.body.value.designation : "", form.facility))}</select></label>
      <label>${team(lang, "supposeBack")}<select id="suppose-back" @change=${typed("back")}>${choice("", team(lang, "supposeNone"), form.back)}
        ${[...causes, ...facilities.filter((one) => !causes.includes(one))].map((entry) => choice(entry.name, called(entry, shown), form.back))}</select></label></div>
    <div class="asked">${input("from", "supposeFrom", "datetime-local")}${input("until", "supposeUntil", "datetime-local")}</div>
    ${watch.tried ? html`<p class="problem" role="alert">${team(lang, "supposeLacks")}</p>` : nothing}
    <p class="pair"><button type="submit" class="send">${team(lang, "supposeShow")}</button>
      <button type="button" @click=${() => watch.suppose(false)}>${t.cancel}</button></p></form>`;
}
