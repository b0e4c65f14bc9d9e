// Accounts and guests: who may sign in, what they are there for, and letting somebody in.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import type { Account, Grant } from "../../gen/polder/v1/people_service_pb.ts";
import { party } from "../../figures.ts";
import { localMinute } from "../../form.ts";
import type { AccountDraft, GuestDraft, Persons } from "../../office/persons.ts";
import { EVERYBODY, may } from "../../rights.ts";
import type { Actions, Shown } from "../../state.ts";
import { millis } from "../../wire.ts";
import { office } from "../../words/office.ts";
import { audienceName } from "../audience.ts";
import { title } from "../bar.ts";
import { trouble } from "./frame.ts";

const ROLES = [1, 2, 3, 4, 5, 6, 7];
const DAY_MS = 12 * 3_600_000;
const GUEST_MS = 31 * 24 * 3_600_000;

const value = (event: Event): string => (event.target as HTMLInputElement).value;

export function peoplePage(shown: Shown, actions: Actions): TemplateResult {
  const { lang } = shown.language;
  const { persons } = actions.office;
  const administers = may(shown.caller, "administer");
  const rows = persons.rows;
  if (!rows) return html`${trouble(persons, shown)}<p class="quiet">${office(lang, "fetching")}</p>`;
  return html`${trouble(persons, shown)}
    ${shown.audienceRows.length > 0 ? html`<p class="quiet">${office(lang, "byCharter")}</p>` : nothing}
    ${rows.length === 0 ? html`<p>${office(lang, "noAccounts")} ${administers ? office(lang, "firstAccount") : nothing}</p>` : nothing}
    <p class="pair wrap">
      ${administers ? html`<button type="button" id="new-account" @click=${() => persons.edit(undefined, usual(shown))}>${office(lang, "newAccount")}</button>` : nothing}
      ${(shown.incidents ?? []).length > 0 ? html`<button type="button" id="new-guest" @click=${() => persons.invite(shown.name, shown.audience, "", localMinute(Date.now() + DAY_MS))}>${office(lang, "invite")}</button>` : nothing}</p>
    ${persons.invited ? told(persons, shown) : nothing}
    ${persons.account ? accountForm(persons.account, persons, shown) : nothing}
    ${persons.guest ? guestForm(persons.guest, persons, shown) : nothing}
    <ul class="plain persons">${rows.map((one) => row(one, persons, administers, shown))}</ul>`;
}

/** The party that a new role is most likely for. */
function usual(shown: Shown): string {
  return party(shown.party || (shown.caller?.grants[0]?.party ?? ""));
}

function row(one: Account, persons: Persons, administers: boolean, shown: Shown): TemplateResult {
  const { language } = shown;
  const { t, lang } = language;
  const name = one.name.slice("accounts/".length);
  const last = millis(one.signInTime);
  const may = administers || one.guest;
  return html`<li class="person" data-account=${name}><p><b>${one.displayName || name}</b> ${one.displayName ? html`<span class="aside">${name}</span>` : nothing}
      ${one.guest ? html`<b class="badge">${office(lang, "guest")}</b>` : nothing}
      ${one.disabled ? html`<b class="badge refused">${office(lang, "disabled")}</b>` : nothing}
      ${!one.guest && !one.hasPassphrase ? html`<b class="badge">${office(lang, "noPassphrase")}</b>` : nothing}</p>
    ${one.grants.map((grant) => html`<p>${grantLine(grant, shown)}</p>`)}
    <p class="aside">${office(lang, "lastSignIn")}: ${last === undefined ? office(lang, "never") : language.moment(last, shown.liveMs)}${one.createdBy ? ` · ${office(lang, "createdBy")} ${one.createdBy}` : ""}</p>
    ${persons.removing === one.name
      ? html`<p class="warn" role="alert">${office(lang, "atOnce")}</p><p class="pair">
          <button type="button" class="send" ?disabled=${persons.busy} @click=${() => void persons.removed(one.name)}>${office(lang, "removeSure")}</button>
          <button type="button" @click=${() => persons.cancel()}>${t.cancel}</button></p>`
      : html`<p class="pair wrap">
          ${administers && !one.guest ? html`<button type="button" @click=${() => persons.edit(one, "")}>${t.change}<span class="hidden"> ${name}</span></button>
            <button type="button" ?disabled=${persons.busy} @click=${() => void persons.disable(one, !one.disabled)}>${office(lang, one.disabled ? "enable" : "disable")}<span class="hidden"> ${name}</span></button>` : nothing}
          ${may ? html`<button type="button" @click=${() => persons.remove(one.name)}>${office(lang, one.guest ? "endGuest" : "remove")}<span class="hidden"> ${name}</span></button>` : nothing}</p>`}</li>`;
}

function grantLine(grant: Grant, shown: Shown): string {
  const { names, t, moment } = shown.language;
  const end = millis(grant.expireTime);
  return [
    names.role[grant.role], party(grant.party), grant.incident ? party(grant.incident) : t.allIncidents,
    grant.audiences.map((name) => audienceName(name, shown)).join(", "), end === undefined ? "" : `${t.until} ${moment(end, shown.liveMs)}`,
  ].filter(Boolean).join(" · ");
}

function incidentChoice(chosen: string, label: string, all: boolean, shown: Shown, choose: (name: string) => void): TemplateResult {
  const { t, lang } = shown.language;
  return html`<label>${label}<select @change=${(event: Event) => choose(value(event))}>
    ${all ? html`<option value="" ?selected=${!chosen}>${t.allIncidents}</option>` : nothing}
    ${(shown.incidents ?? []).map((one) => html`<option value=${one.name} ?selected=${one.name === chosen}>${title(one, lang)}</option>`)}</select></label>`;
}

function accountForm(draft: AccountDraft, persons: Persons, shown: Shown): TemplateResult {
  const { t, lang, names } = shown.language;
  const send = (event: Event): void => {
    event.preventDefault();
    void persons.save();
  };
  const fresh = draft.before === undefined;
  return html`<form class="card asked-card" @submit=${send} aria-labelledby="account-head" aria-busy=${persons.busy}>
    <h3 id="account-head">${office(lang, fresh ? "newAccount" : "changeAccount")} ${fresh ? nothing : draft.name}</h3>
    <div class="asked">
      ${fresh ? html`<label>${office(lang, "accountName")}<input id="person-name" type="text" required maxlength="200" autocapitalize="none" autocomplete="off" spellcheck="false" .value=${live(draft.name)}
        @input=${(event: Event) => persons.change({ name: value(event) })} /></label>` : nothing}
      <label>${office(lang, "forPeople")}<input type="text" maxlength="200" autocomplete="off" .value=${live(draft.displayName)} @input=${(event: Event) => persons.change({ displayName: value(event) })} /></label>
      <label>${office(lang, fresh ? "passphraseNew" : "passphraseKeep")}<input id="person-phrase" type="password" maxlength="1000" autocomplete="new-password" .value=${live(draft.passphrase)}
        @input=${(event: Event) => persons.change({ passphrase: value(event) })} /></label></div>
    ${draft.roles.map((one, at) => html`<fieldset class="asked"><legend class="hidden">${office(lang, "role")} ${at + 1}</legend>
      <label>${office(lang, "role")}<select class="role" @change=${(event: Event) => persons.changeRole(at, { role: Number(value(event)) })}>
        ${ROLES.map((role) => html`<option value=${role} ?selected=${role === one.role}>${names.role[role]}</option>`)}</select></label>
      <label>${office(lang, "party")}<input type="text" required maxlength="71" autocapitalize="none" spellcheck="false" .value=${live(party(one.party))} @input=${(event: Event) => persons.changeRole(at, { party: value(event) })} /></label>
      ${incidentChoice(one.incident, t.incident, true, shown, (incident) => persons.changeRole(at, { incident }))}
      <button type="button" class="text" @click=${() => persons.changeRole(at, undefined)}>${t.removeRow}<span class="hidden"> ${office(lang, "role")} ${at + 1}</span></button></fieldset>`)}
    <p class="pair wrap"><button type="submit" class="send" ?disabled=${persons.busy}>${office(lang, "save")}</button>
      <button type="button" @click=${() => persons.change({ roles: [...draft.roles, { role: 1, party: usual(shown), incident: "" }] })}>${office(lang, "addRole")}</button>
      <button type="button" @click=${() => persons.cancel()}>${t.cancel}</button></p></form>`;
}

function guestForm(draft: GuestDraft, persons: Persons, shown: Shown): TemplateResult {
  const { t, lang } = shown.language;
  const send = (event: Event): void => {
    event.preventDefault();
    void persons.letIn();
  };
  const audiences = [...new Set([EVERYBODY, ...shown.audiences.map((name) => name || EVERYBODY), ...shown.audienceRows.map((one) => one.name)])];
  return html`<form class="card asked-card" @submit=${send} aria-labelledby="guest-head" aria-busy=${persons.busy}>
    <h3 id="guest-head">${office(lang, "invite")}</h3>
    <div class="asked">
      <label>${office(lang, "whoIsInvited")}<input id="guest-name" type="text" required maxlength="200" autocomplete="off" .value=${live(draft.displayName)} @input=${(event: Event) => persons.changeGuest({ displayName: value(event) })} /></label>
      ${incidentChoice(draft.incident, t.incident, false, shown, (incident) => persons.changeGuest({ incident }))}
      <label>${t.audience}<select @change=${(event: Event) => persons.changeGuest({ audience: value(event) })}>
        ${audiences.map((name) => html`<option value=${name} ?selected=${name === draft.audience}>${audienceName(name, shown)}</option>`)}</select></label>
      <label>${office(lang, "untilWhen")}<input type="datetime-local" required .value=${live(draft.until)} max=${localMinute(Date.now() + GUEST_MS)} @change=${(event: Event) => persons.changeGuest({ until: value(event) })} /></label>
      <label class="check"><input type="checkbox" .checked=${live(draft.mayReport)} @change=${(event: Event) => persons.changeGuest({ mayReport: (event.target as HTMLInputElement).checked })} />${office(lang, "mayReport")}</label></div>
    <p class="pair"><button type="submit" class="send" ?disabled=${persons.busy}>${office(lang, "letIn")}</button>
      <button type="button" @click=${() => persons.cancel()}>${t.cancel}</button></p></form>`;
}

/** The one time that an invitation is shown. */
function told({ invited }: Persons, shown: Shown): TemplateResult {
  const { lang } = shown.language;
  const link = `${location.origin}/#invitation=${encodeURIComponent(invited?.invitation ?? "")}`;
  const copy = (event: Event): void => {
    const button = event.currentTarget as HTMLButtonElement;
    void navigator.clipboard?.writeText(link).then(() => (button.textContent = `✓ ${office(lang, "copied")}`), () => undefined);
  };
  return html`<div class="warn" role="status"><p><b>${office(lang, "invited")} ${invited?.name}</b></p>
    <p><code class="invitation">${link}</code></p><p>${office(lang, "invitationAdvice")}</p>
    <p class="pair"><button type="button" @click=${copy}>${office(lang, "copy")}</button></p></div>`;
}
