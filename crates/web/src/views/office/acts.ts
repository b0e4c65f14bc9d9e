// Who did what, in the words of `polder audit`.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { ActKind, type Act } from "../../gen/polder/v1/act_pb.ts";
import { CallerKind } from "../../gen/polder/v1/people_service_pb.ts";
import { party } from "../../figures.ts";
import type { ActsAsked } from "../../office/office.ts";
import { heading } from "../../show.ts";
import type { Actions, Shown } from "../../state.ts";
import { millis } from "../../wire.ts";
import { actWords, office } from "../../words/office.ts";
import { title } from "../bar.ts";

export function actsPage(shown: Shown, actions: Actions): TemplateResult {
  const { language } = shown;
  const { t, lang } = language;
  const { office: pages } = actions;
  const { asked } = pages;
  const value = (event: Event): string => (event.target as HTMLInputElement).value;
  const set = (key: keyof ActsAsked) => (event: Event): void => pages.ask({ [key]: value(event) });
  const send = (event: Event): void => {
    event.preventDefault();
    void pages.fetch();
  };
  return html`<p class="quiet">${office(lang, "actsHelp")}</p>
    <form class="asked" @submit=${send}>
      <label>${office(lang, "person")}<input id="acts-person" type="text" maxlength="200" autocapitalize="none" spellcheck="false" .value=${live(asked.person)} @input=${set("person")} /></label>
      <label>${t.incident}<select @change=${set("incident")} ?disabled=${asked.entry !== ""}>
        <option value="" ?selected=${!asked.incident}>${t.any}</option>
        ${(shown.incidents ?? []).map((one) => html`<option value=${one.name} ?selected=${one.name === asked.incident}>${title(one, lang)}</option>`)}</select></label>
      <label>${office(lang, "entry")}<input type="text" maxlength="200" spellcheck="false" placeholder="incidents/…/entries/…" .value=${live(asked.entry)} @input=${set("entry")} /></label>
      <label>${office(lang, "from")}<input type="datetime-local" .value=${live(asked.from)} @change=${set("from")} /></label>
      <label>${office(lang, "untilWhen")}<input type="datetime-local" .value=${live(asked.until)} @change=${set("until")} /></label>
      <button type="submit" class="send" ?disabled=${pages.busy}>${t.search}</button></form>
    ${!pages.here && pages.busy ? html`<p class="quiet">${office(lang, "fetching")}</p>` : nothing}
    ${pages.here && pages.acts.length === 0 ? html`<p>${office(lang, "noActs")}</p>` : nothing}
    ${pages.acts.length > 0 ? html`<div class="wide" tabindex="0" role="region" aria-label=${office(lang, "acts")}><table class="sheet">
      <thead><tr>${[office(lang, "time"), office(lang, "whoDid"), office(lang, "what"), office(lang, "about")].map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
      <tbody>${pages.acts.map((act) => row(act, shown, actions))}</tbody></table></div>` : nothing}
    ${pages.next ? html`<button type="button" class="more" ?disabled=${pages.busy} @click=${() => void pages.more()}>${t.more}</button>` : nothing}`;
}

function row(act: Act, shown: Shown, actions: Actions): TemplateResult {
  const { language } = shown;
  const { lang, names } = language;
  const pick = ([nl, en]: readonly [string, string]): string => (lang === "nl" ? nl : en);
  const at = millis(act.time);
  const who = act.person || (act.caller === CallerKind.OPERATOR ? office(lang, "theOperator") : act.kind === ActKind.ACTS_LOST ? "" : office(lang, "somebody"));
  const count = act.kind === ActKind.EXPORTED || act.kind === ActKind.ARCHIVED ? `${language.number(Number(act.count))} ${office(lang, "records")}` : act.count > 1n ? `${act.count}×` : "";
  const entry = act.entry ? shown.items.get(act.entry)?.versions[0] : undefined;
  const place = act.entry ? (entry ? heading(entry, language) : act.entry) : act.incident;
  const about = [act.subject, act.detail, act.audiences.map(party).join(", "), count].filter(Boolean).join(" · ");
  return html`<tr><td><time>${at === undefined ? "" : language.moment(at, shown.liveMs)}</time></td>
    <td><b>${who}</b> ${act.caller ? html`<span class="aside">${names.caller[act.caller]}</span>` : nothing}</td>
    <td>${pick(actWords[act.kind] ?? actWords[ActKind.UNSPECIFIED])}${act.perhaps ? ` (${office(lang, "perhaps")})` : ""}</td>
    <td>${entry ? html`<button type="button" class="text" @click=${() => actions.look(act.entry)}>${place}</button>` : place}
      ${place && about ? " · " : ""}${about}</td></tr>`;
}
