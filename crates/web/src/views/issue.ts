// A drafted warning goes out by a second person; and a warning cites the advice that it goes against.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import type { FormDraft } from "../desk.ts";
import { party } from "../figures.ts";
import { RelationType, type Entry } from "../gen/polder/v1/entry_pb.ts";
import { IncidentState } from "../gen/polder/v1/incident_pb.ts";
import { adviceIn, citedIn, citing, isDraft, standingFor, uncited, type Advice } from "../issue.ts";
import type { Item } from "../picture.ts";
import { mayChange } from "../rights.ts";
import { heading } from "../show.ts";
import type { Actions, Shown } from "../state.ts";
import { millis } from "../wire.ts";

/** In the details of a draft: the way to issue it. */
export function issuing(one: Item, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { language, past, incident, caller, person } = shown;
  const { t } = language;
  const draft = one.versions[0];
  if (!draft || !isDraft(draft) || past?.items || incident?.state === IncidentState.CLOSED || !mayChange(caller, draft, shown.name)) return nothing;
  const now = actions.issue;
  if (now?.name !== one.name) {
    return html`<p class="pair"><button type="button" class="issue" @click=${() => actions.issueBegin(one.name)}>${t.issue}</button></p>`;
  }
  const value = (event: Event): string => (event.target as HTMLInputElement).value;
  const send = (event: Event): void => {
    event.preventDefault();
    actions.issueSend();
  };
  const own = person !== "" && draft.author === person;
  const others = standingFor(shown.items.values(), draft);
  return html`<form class="warn issuing" @submit=${send} aria-busy=${now.busy}>
    <p>${own ? t.issueOwn : t.issueHelp}</p>
    ${goesOut(draft, shown)}
    ${others.length > 0 ? html`<label class="field">${t.issueCorrects}<select id="issue-corrects" @change=${(event: Event) => actions.issueChange({ corrects: value(event) })}>
      <option value="" ?selected=${now.corrects === ""}>${t.issueNew}</option>
      ${others.map((entry) => html`<option value=${entry.name} ?selected=${entry.name === now.corrects}>${heading(entry, language)}</option>`)}</select></label>` : nothing}
    <label class="field">${t.issueUnchecked}<input id="issue-unchecked" type="text" maxlength="500" ?required=${own} autocomplete="off" .value=${live(now.unchecked)}
      @input=${(event: Event) => actions.issueChange({ unchecked: value(event) })} /></label>
    ${now.notKept ? html`<p class="problem" role="alert">${t.notKept}</p>` : nothing}
    <p class="pair wrap"><button type="submit" class="send" ?disabled=${now.busy || (own && !now.unchecked.trim())}>${t.issueSure}</button>
      <button type="button" @click=${() => actions.issueEnd()}>${t.cancel}</button></p></form>`;
}

/** All that the public is told: what is checked is what goes out. */
function goesOut(draft: Entry, shown: Shown): TemplateResult | typeof nothing {
  if (draft.body.case !== "warning") return nothing;
  const { t, names, field, moment } = shown.language;
  const { responses, channels, audience, expires } = draft.body.value;
  const end = millis(expires);
  const list = (of: readonly number[], words: readonly string[]): string => of.map((one) => words[one] ?? "?").join(", ");
  const facts: [string, string][] = [
    ...draft.texts.map((text): [string, string] => [text.language, [text.title, text.body].filter(Boolean).join("\n")]),
    [field("warning", "responses"), list(responses, names.response)], [field("warning", "channels"), list(channels, names.channel)],
    [field("warning", "audience"), audience], [t.place, draft.place], [field("warning", "expires"), end === undefined ? "" : moment(end, shown.nowMs)],
  ];
  return html`<dl class="goes-out">${facts.filter(([, value]) => value).map(([name, value]) => html`<dt>${name}</dt><dd class="body">${value}</dd>`)}</dl>`;
}

/** In the form of a warning: what it must cite, and what it cites. */
export function citations(form: FormDraft, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  if (form.kind !== "warning") return nothing;
  const { t } = shown.language;
  const must = adviceIn(form.problems);
  const has = citedIn(form.base);
  if (must.length === 0 && has.length === 0) return nothing;
  const name = (entry: string): string => {
    const found = shown.items.get(entry)?.versions[0];
    return found ? `“${heading(found, shown.language)}” (${party(found.party)})` : party(entry).split("-")[0]!;
  };
  const cite = (advice: Advice, type: RelationType): void =>
    actions.form({ base: citing(form.base, advice, type), problems: form.problems.filter((problem) => problem !== advice.problem) });
  return html`<section class="cites" aria-label=${t.cites}>
    ${must.length > 0 ? html`<p>${t.citeHelp}</p>` : nothing}
    ${must.map((advice) => html`<p><b>${name(advice.entry)}</b></p><p class="pair wrap">
      <button type="button" class="cite-withdraws" @click=${() => cite(advice, RelationType.WITHDRAWS)}>${t.citeWithdraws}<span class="hidden"> ${name(advice.entry)}</span></button>
      <button type="button" class="cite-contradicts" @click=${() => cite(advice, RelationType.CONTRADICTS)}>${t.citeContradicts}<span class="hidden"> ${name(advice.entry)}</span></button></p>`)}
    ${has.map((relation) => html`<p class="cited">${shown.language.names.relation[relation.type]} ${name(relation.entry)}
      <button type="button" class="text" @click=${() => actions.form({ base: uncited(form.base, relation.entry) })}>${t.removeRow}<span class="hidden"> ${name(relation.entry)}</span></button></p>`)}</section>`;
}
