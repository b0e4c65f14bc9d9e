// A sitrep that is being made: compiled from the picture, edited, and issued by who may.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { party } from "../../figures.ts";
import type { SitrepLine } from "../../gen/polder/v1/sitrep_pb.ts";
import type { Shown } from "../../state.ts";
import type { SitrepDesk, SitrepDraft } from "../../team/desk.ts";
import type { Room } from "../../team/room.ts";
import { factsOf, lineOf, noteOf, withLine, withRemark, withoutLine } from "../../team/sitrep.ts";
import { named, team, themeWords } from "../../words/team.ts";
import { audienceChoice, audienceName } from "../audience.ts";
import { trouble } from "../office/frame.ts";
import { mayIssue } from "./sitreps.ts";

const typed = (event: Event): string => (event.target as HTMLInputElement).value;

export function draftPage(draft: SitrepDraft, room: Room, shown: Shown): TemplateResult {
  const { desk } = room;
  const { language } = shown;
  const { lang, t } = language;
  const past = shown.past?.items ? shown.past.shownMs : undefined;
  const issue = (event: Event): void => {
    event.preventDefault();
    void desk.issue();
  };
  const { sitrep } = draft;
  const ready = sitrep !== undefined && draft.team.trim() !== "" && draft.issuedBy.trim() !== "" && past === undefined && mayIssue(shown);
  return html`<form class="drafting" novalidate @submit=${issue} aria-labelledby="draft-head" aria-busy=${desk.busy}>
    <h3 id="draft-head">${draft.replaces ? `${team(lang, "replacing")} ${draft.replacing}` : team(lang, "newSitrep")}</h3>
    <p class="quiet">${team(lang, "draftKept")}</p>
    <div class="asked">
      <label>${team(lang, "teamName")}<input id="sitrep-team" type="text" required maxlength="200" ?disabled=${draft.replaces !== ""} .value=${live(draft.team)} @input=${(event: Event) => desk.change({ team: typed(event) })} /></label>
      <label>${team(lang, "issuer")}<input id="sitrep-by" type="text" required maxlength="200" .value=${live(draft.issuedBy)} @input=${(event: Event) => desk.change({ issuedBy: typed(event) })} /></label>
      <label>${team(lang, "nextAt")}<input id="sitrep-next" type="datetime-local" .value=${live(draft.next)} @input=${(event: Event) => desk.change({ next: typed(event) })} /></label>
      ${draft.replaces ? html`<p>${t.audience}: <b>${audienceName(draft.audience, shown)}</b></p>` : audienceChoice(draft.audience, shown, (audience) => desk.change({ audience }), "sitrep-audience")}</div>
    ${shown.parties.length > 1 ? html`<details><summary>${team(lang, "onlyParties")}</summary><div class="parties">${shown.parties.filter(Boolean).map((name) => html`<label class="check"><input type="checkbox"
      .checked=${live(draft.parties.includes(name))} @change=${(event: Event) => desk.change({ parties: (event.target as HTMLInputElement).checked ? [...draft.parties, name].slice(0, 64) : draft.parties.filter((one) => one !== name) })} />${party(name)}</label>`)}</div></details>` : nothing}
    <p class="pair wrap"><button type="button" id="compile" class=${sitrep ? "" : "send"} ?disabled=${desk.busy} @click=${() => void desk.compile(past)}>${team(lang, sitrep ? "composeAgain" : "compose")}</button>
      ${sitrep ? html`<span class="quiet">${team(lang, "composeWarn")}</span>` : nothing}</p>
    ${desk.away ? html`<p class="warn" role="alert">${sitrep ? team(lang, "issueAway") : t.nodeAway}</p>` : trouble({ refusal: desk.refusal, away: false }, shown)}
    ${sitrep ? html`<dl class="facts-list">${factsOf(sitrep, language, shown.nowMs, "").map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      ${sitrep.sections.map((section, at) => html`<section class="theme"><h4>${named(lang, themeWords, section.theme)}</h4>
        <label class="field">${team(lang, "remark")}<span class="hidden"> ${named(lang, themeWords, section.theme)}</span><textarea data-theme-remark=${section.theme} rows="2" maxlength="4000" .value=${live(section.remark)}
          @input=${(event: Event) => desk.edit((now) => withRemark(now, at, typed(event)))}></textarea></label>
        <ul class="plain">${section.lines.map((line, number) => row(line, at, number, draft, desk, shown))}</ul>
        ${noteOf(section, language) ? html`<p class="quiet">(${noteOf(section, language)})</p>` : nothing}</section>`)}` : nothing}
    ${past === undefined ? nothing : html`<p class="warn">${team(lang, "notInPast")}</p>`}
    ${mayIssue(shown) ? nothing : html`<p class="warn">${team(lang, "mayNotIssue")}</p>`}
    <p class="pair wrap">${sitrep ? html`<button type="submit" id="issue" class="send" ?disabled=${!ready || desk.busy}>${team(lang, "issue")}</button>` : nothing}
      ${draft.discarding ? html`<button type="button" id="discard-sure" @click=${() => desk.discard()}>${team(lang, "discardSure")}</button><button type="button" @click=${() => desk.change({ discarding: false })}>${t.cancel}</button>`
        : html`<button type="button" id="discard" @click=${() => (sitrep ? desk.change({ discarding: true }) : desk.discard())}>${team(lang, "discardDraft")}</button>`}</p></form>`;
}

function row(line: SitrepLine, section: number, at: number, draft: SitrepDraft, desk: SitrepDesk, shown: Shown): TemplateResult {
  const { language, nowMs } = shown;
  const { lang } = language;
  const open = draft.editing?.[0] === section && draft.editing[1] === at;
  const own = lang === "nl" ? line.dutch : line.english;
  const text = (which: "dutch" | "english"): TemplateResult => html`<label class="field">${team(lang, which === "dutch" ? "lineDutch" : "lineEnglish")}<input class="line-${which}" type="text" maxlength="500" .value=${live(line[which])}
    @input=${(event: Event) => desk.edit((now) => withLine(now, section, at, { [which]: typed(event) }))} /></label>`;
  return html`<li class="draft-line"><span class="text">${open ? html`${text("dutch")}${text("english")}` : lineOf(line, language, nowMs)}</span>
    <span class="pair"><button type="button" class="text" @click=${() => desk.change({ editing: open ? undefined : [section, at] })}>${team(lang, open ? "doneLine" : "editLine")}<span class="hidden"> ${own}</span></button>
      <button type="button" class="text" @click=${() => desk.edit((now) => withoutLine(now, section, at), { editing: undefined })}>${team(lang, "dropLine")}<span class="hidden"> ${own}</span></button></span></li>`;
}
