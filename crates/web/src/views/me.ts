// The menu: who is signed in and what they may do, language, colours, paper; and the way out.
import { html, nothing, type TemplateResult } from "lit";
import { CallerKind, type Caller, type Grant } from "../gen/polder/v1/people_service_pb.ts";
import { party } from "../figures.ts";
import type { Actions, Shown, Theme } from "../state.ts";
import { millis } from "../wire.ts";
import { rightsNl } from "../words/reasons.ts";
import { officeButton } from "./office/frame.ts";
import { audienceName } from "./audience.ts";

export function me(shown: Shown, actions: Actions): TemplateResult {
  const { caller, language } = shown;
  const { t, names, lang } = language;
  const name = caller ? caller.displayName || caller.person || names.caller[caller.kind] || "?" : t.menu;
  const close = (event: KeyboardEvent): void => {
    const menu = event.currentTarget as HTMLDetailsElement;
    if (event.key !== "Escape" || !menu.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary")?.focus();
  };
  // Whoever went on elsewhere is done here.
  const left = (event: FocusEvent): void => {
    const menu = event.currentTarget as HTMLDetailsElement;
    if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) menu.open = false;
  };
  const done = (event: Event): void => (event.currentTarget as HTMLElement).closest("details")?.removeAttribute("open");
  const value = (event: Event): string => (event.target as HTMLSelectElement).value;
  return html`<details class="me" @keydown=${close} @focusout=${left}>
    <summary>${caller ? html`<span class="hidden">${t.me}: </span>` : nothing}<span class="whom">${name}</span></summary>
    <div class="menu" tabindex="-1">
      ${caller ? who(caller, name, shown) : nothing}
      <p class="pair choices"><label>${lang === "nl" ? "Taal / Language" : "Language / Taal"}
        <select @change=${(event: Event) => actions.language(value(event))}>
          <option value="nl" ?selected=${lang === "nl"}>Nederlands</option>
          <option value="en" ?selected=${lang === "en"}>English</option>
        </select></label>
      <label>${t.theme}
        <select @change=${(event: Event) => actions.theme(value(event) as Theme)}>
          <option value="system" ?selected=${shown.theme === "system"}>${t.themeSystem}</option>
          <option value="light" ?selected=${shown.theme === "light"}>${t.themeLight}</option>
          <option value="dark" ?selected=${shown.theme === "dark"}>${t.themeDark}</option>
        </select></label></p>
      <p class="pair wrap" @click=${done}>${officeButton(shown, actions)}<button type="button" @click=${() => globalThis.print()}>${t.print}</button>
        ${shown.person ? html`<button type="button" @click=${() => actions.signOut()}>${t.signOut}</button>` : nothing}</p>
    </div>
  </details>`;
}

function who(caller: Caller, name: string, shown: Shown): TemplateResult {
  const { language, person, sessionMs, nowMs } = shown;
  const { t, names, lang } = language;
  const operator = caller.kind === CallerKind.OPERATOR;
  const rights = caller.rights.map((right) => (lang === "nl" ? (rightsNl[right] ?? right) : right));
  return html`<p><b>${name}</b> <span class="aside">${[caller.person !== name ? caller.person : "", names.caller[caller.kind]].filter(Boolean).join(" · ")}</span></p>
    ${operator ? html`<p class="quiet">${t.operatorHelp}</p>` : nothing}
    ${caller.grants.length > 0
      ? html`<h2>${t.roles}</h2><ul>${caller.grants.map((grant) => html`<li>${role(grant, shown)}</li>`)}</ul>`
      : operator ? nothing : html`<p class="warn">${t.noRoles}</p>`}
    ${rights.length > 0 ? html`<p><b>${t.rights}</b> ${rights.join(", ")}</p>` : nothing}
    ${person
      ? html`${sessionMs ? html`<p class="quiet">${t.sessionUntil} ${language.moment(sessionMs, nowMs)}</p>` : nothing}
          <p class="quiet">${t.signOutAll} ${shown.waiting.length > 0 ? t.keptForYou : nothing}</p>`
      : nothing}`;
}

function role(grant: Grant, shown: Shown): string {
  const { t, names, moment } = shown.language;
  const end = millis(grant.expireTime);
  return [
    names.role[grant.role] || "?",
    party(grant.party),
    grant.incident ? party(grant.incident) : t.allIncidents,
    grant.audiences.map((name) => audienceName(name, shown)).join(", "),
    end === undefined ? "" : `${t.until} ${moment(end, shown.nowMs)}`,
  ].filter(Boolean).join(" · ");
}
