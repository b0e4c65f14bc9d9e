// What help between countries says beside the rest, in the shape of CECIS: out of sight until somebody
// needs it.
import { html, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import type { Shown } from "../../state.ts";
import type { HelpForm } from "../../team/help.ts";
import type { Room } from "../../team/room.ts";
import { team } from "../../words/team.ts";

export function abroad(helping: HelpForm, room: Room, shown: Shown): TemplateResult {
  const { lang, t, names, field } = shown.language;
  const ask = helping.sort === "ask";
  const label = (name: string): string => field(ask ? "assistance_request" : "assistance_offer", name);
  const value = (event: Event): string => (event.target as HTMLInputElement).value;
  const text = (key: "number" | "entryPoint", name: string, length: number): TemplateResult => html`<label>${label(name)}<input id="help-${name}" type="text" maxlength=${length} autocomplete="off"
    .value=${live(helping[key])} @input=${(event: Event) => room.changeHelp({ [key]: value(event) })} /></label>`;
  const choice = (key: "module" | "transport" | "costs", name: string, words: readonly string[]): TemplateResult => html`<label>${label(name)}<select id="help-${name}"
    @change=${(event: Event) => room.changeHelp({ [key]: Number(value(event)) })}>
    ${words.map((word, number) => html`<option value=${number} .selected=${live(number === helping[key])}>${number === 0 ? t.notStated : word}</option>`)}</select></label>`;
  const toggle = (one: number, on: boolean): void => {
    const { support } = room.helping ?? helping;
    room.changeHelp({ support: on ? [...support, one] : support.filter((other) => other !== one) });
  };
  return html`<details class="abroad" ?open=${helping.abroad}><summary>${team(lang, "abroad")}</summary>
    <div class="asked">${choice("module", "module", names.module)}${text("entryPoint", "entry_point", 200)}
      ${ask ? "" : html`${choice("transport", "transport", names.transport)}${choice("costs", "costs", names.helpCosts)}`}
      ${text("number", "number", 64)}</div>
    <fieldset><legend>${label(ask ? "provided_support" : "needed_support")}</legend><div class="parties">
      ${names.support.map((word, one) => (one === 0 ? "" : html`<label class="check"><input type="checkbox" value=${one} .checked=${live(helping.support.includes(one))}
        @change=${(event: Event) => toggle(one, (event.target as HTMLInputElement).checked)} />${word}</label>`))}</div></fieldset></details>`;
}
