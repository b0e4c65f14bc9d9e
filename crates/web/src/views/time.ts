// The slider over the incident: the picture as it was known then.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { localMinute } from "../form.ts";
import { SPEEDS } from "../replay.ts";
import type { Actions, Shown } from "../state.ts";

const STEP_MS = 60_000;

export function time(shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { language, past, beginMs } = shown;
  const { t } = language;
  if (!shown.name) return nothing;
  const begin = Math.floor(beginMs / STEP_MS) * STEP_MS;
  const end = Math.max(Math.ceil(shown.liveMs / STEP_MS) * STEP_MS, begin + STEP_MS);
  const at = past?.atMs ?? end;
  return html`<section class="time" aria-label=${t.asOf}>
    <button type="button" class="play" aria-pressed=${actions.replay.playing} aria-label=${actions.replay.playing ? t.pause : t.play} @click=${() => actions.replay.toggle()}>${actions.replay.playing ? "❚❚" : "▶"}</button>
    <select aria-label=${t.speed} @change=${(event: Event) => (actions.replay.speed = Number((event.target as HTMLSelectElement).value))}>
      ${SPEEDS.map((speed) => html`<option value=${speed} ?selected=${speed === actions.replay.speed}>${language.age(speed * 1000).replace(/ 0 \S+$/, "")}/s</option>`)}</select>
    <label for="when" title=${t.asOfHelp}>${t.asOf}</label>
    <span class="aside">${language.moment(begin, end)}</span>
    <input id="when" type="range" min=${begin} max=${end} step=${STEP_MS} .value=${live(String(at))}
      aria-valuetext=${past ? language.moment(at, end) : t.timeNow}
      @input=${(event: Event) => {
        const chosen = Number((event.target as HTMLInputElement).value);
        actions.past(chosen + STEP_MS > end ? undefined : chosen);
      }} />
    <output for="when">${past ? language.moment(at, end) : t.timeNow}</output>
    <input type="datetime-local" aria-label=${t.asOfHelp} .value=${live(localMinute(at))} min=${localMinute(begin)} max=${localMinute(end)}
      @change=${(event: Event) => {
        const chosen = new Date((event.target as HTMLInputElement).value).getTime();
        if (chosen >= begin && chosen <= end) actions.past(chosen);
      }} />
    ${past ? html`<label class="check" title=${t.validHelp}><input type="checkbox" .checked=${live(past.validToo)} @change=${(event: Event) => actions.validToo((event.target as HTMLInputElement).checked)} />${t.validThen}</label>` : nothing}
    ${past?.failed ? html`<span class="warn" role="alert">${t.asOfFailed}</span>` : nothing}
    ${past ? html`<button type="button" @click=${() => actions.past(undefined)}>${t.backToLive}</button>` : nothing}
  </section>`;
}

