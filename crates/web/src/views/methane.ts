// The guide for a first report, M/ETHANE: a question for each letter.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { lackingOf } from "../methane.ts";
import { said } from "../refusal.ts";
import type { Actions, Shown } from "../state.ts";
import { audienceChoice, partyChoice } from "./audience.ts";
import { whereChoice } from "./where.ts";

export function methane(shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { first, language, draft } = shown;
  const { t, lang } = language;
  if (!first || shown.past?.items) return nothing;
  const lacking = first.tried ? lackingOf(first.answers) : new Map<string, string>();
  const send = (event: Event): void => {
    event.preventDefault();
    actions.methaneSend();
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
  };
  const one = (key: string, label: string, numeric = false): TemplateResult => {
    const [id, reason] = [`m-${key}`, lacking.get(key)];
    return html`<label class="field" for=${id}>${label}<input id=${id} type="text" autocomplete="off" inputmode=${numeric ? "numeric" : "text"}
      maxlength=${numeric ? 20 : 190} aria-invalid=${reason !== undefined} aria-describedby=${reason ? `${id}-why` : nothing} .value=${live(first.answers[key] ?? "")}
      @input=${(event: Event) => actions.answer(key, (event.target as HTMLInputElement).value)} />
      ${reason ? html`<span class="problem" id="${id}-why">${said({ reason, sentence: "" }, lang)}</span>` : nothing}</label>`;
  };
  const { position, drawn } = draft.choice;
  return html`<section class="detail form" aria-labelledby="form-head">
    <button type="button" class="close" aria-label=${t.close} @click=${() => actions.formClose()}>✕</button>
    <h2 id="form-head" tabindex="-1">M/ETHANE</h2>
    <p class="quiet">${t.mHelp}</p>
    <form novalidate @submit=${send} @keydown=${keys}>
      ${draft.problem ? html`<p class="warn" role="alert">${draft.problem}</p>` : nothing}
      <label class="check"><input type="checkbox" .checked=${live(first.answers["major"] === "1")}
        @change=${(event: Event) => actions.answer("major", (event.target as HTMLInputElement).checked ? "1" : "")} />${t.mMajor}</label>
      ${one("exact", t.mExact)} ${one("type", `${t.mType} *`)} ${one("hazards", t.mHazards)} ${one("access", t.mAccess)}
      <fieldset class="group"><legend>${t.mNumber}</legend><div class="grid four">
        ${one("t1", "T1", true)} ${one("t2", "T2", true)} ${one("t3", "T3", true)} ${one("dead", t.dead, true)}</div></fieldset>
      ${one("services", t.mServices)}
      ${whereChoice(drawn ?? position ?? "none", undefined, shown, actions)}
      ${audienceChoice(shown.audience, shown, (audience) => actions.draft({ audience }), "m-audience")}
      ${partyChoice(draft.party, shown, (party) => actions.draft({ party }))}
      <p class="pair"><button type="submit" class="send" title=${t.sendKeys}>${t.send}</button>
        <button type="button" @click=${() => actions.formClose()}>${t.cancel}</button></p>
    </form>
  </section>`;
}
