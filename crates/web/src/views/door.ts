// The view to sign in: nothing of the picture is behind it until the node knows who looks.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { said } from "../refusal.ts";
import type { Door, DoorActions } from "../state.ts";

export function door(shown: Door, actions: DoorActions): TemplateResult {
  const { language, draft, reason, person } = shown;
  const { t, lang } = language;
  const guest = draft.by === "invitation";
  const value = (event: Event): string => (event.target as HTMLInputElement).value;
  const send = (event: Event): void => {
    event.preventDefault();
    actions.signIn();
  };
  return html`<main class="door">
    <form @submit=${send} aria-labelledby="door-head" aria-busy=${draft.busy}>
      <h1><img src="/icon.svg" alt="" width="24" height="24" />Polder</h1>
      <h2 id="door-head">${t.signIn}</h2>
      <p>${t.signInWhy}</p>
      ${reason ? html`<p class="warn" role="status">${said({ reason, sentence: "" }, lang)}</p>` : nothing}
      ${shown.waits ? html`<p class="quiet">${t.keptForYou}</p>` : nothing}
      ${guest
        ? html`<label class="field">${t.invitation}
            <input id="invitation" type="text" required autofocus maxlength="1000" autocomplete="off" spellcheck="false" .value=${live(draft.invitation)}
              @input=${(event: Event) => actions.change({ invitation: value(event) })} /></label>`
        : html`<label class="field">${t.account}
            <input id="account" type="text" required autofocus maxlength="200" autocomplete="username" autocapitalize="none" spellcheck="false"
              .value=${live(draft.account)} @input=${(event: Event) => actions.change({ account: value(event) })} /></label>
          <label class="field">${t.passphrase}
            <input id="passphrase" type="password" required maxlength="1000" autocomplete="current-password" .value=${live(draft.passphrase)}
              @input=${(event: Event) => actions.change({ passphrase: value(event) })} /></label>`}
      ${draft.refusal ? html`<p class="warn" role="alert">${said(draft.refusal, lang)}</p>` : nothing}
      ${draft.away ? html`<p class="warn" role="alert">${t.nodeAway}</p>` : nothing}
      <p class="pair"><button type="submit" class="send" ?disabled=${draft.busy}>${draft.busy ? t.signingIn : t.signIn}</button>
        <button type="button" class="text" @click=${() => actions.change({ by: guest ? "passphrase" : "invitation", refusal: undefined, away: false })}>
          ${guest ? t.withPassphrase : t.withInvitation}</button></p>
      ${shown.providers.length ? html`<div class="providers" role="group" aria-label=${t.signInThrough}>
        ${shown.providers.map((one) => html`<button type="button" ?disabled=${draft.busy} @click=${() => actions.leaveFor(one.name)}>
          ${t.signInThrough} ${one.displayName}</button>`)}</div>` : nothing}
      ${person ? html`<p class="pair"><button type="button" @click=${() => actions.stay()}>${t.stay} ${person}</button></p>` : nothing}
      <label class="field">${t.language}
        <select @change=${(event: Event) => actions.language(value(event))}>
          <option value="nl" ?selected=${lang === "nl"}>Nederlands</option>
          <option value="en" ?selected=${lang === "en"}>English</option>
        </select></label>
    </form>
  </main>`;
}
