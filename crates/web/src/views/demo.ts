// The demo's switches: cut a node off and see what everybody still knows.
import { html, nothing, type TemplateResult } from "lit";
import type { Actions, Shown } from "../state.ts";

export function switches(shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { demo } = actions;
  const { t, number } = shown.language;
  if (demo.places.length === 0) return nothing;
  // While all are linked they only differ by what is under way.
  const cut = demo.places.some((place) => place.cut);
  return html`<section class="switches" aria-label=${t.demo}><span><b>${t.demo}</b> <span class="quiet">${t.demoHelp}</span></span>
    ${demo.places.map((place) => html`<span class="switch ${place.cut ? "off" : ""}">
      <button type="button" role="switch" aria-checked=${!place.cut} @click=${() => void demo.cut(place.name, !place.cut)}>${place.cut ? "✕" : "✓"} ${place.name}: ${place.cut ? t.cutOff : t.connected}</button>
      <a href=${place.url} target="_blank" rel="noopener">${t.demoLook}</a> <span class="aside">${number(place.records)} ${t.records}</span></span>`)}
    <b class=${demo.one ? "same" : cut ? "apart" : "settling"} role="status">${demo.one ? `✓ ${t.demoOne}` : cut ? `≠ ${t.demoApart}` : `… ${t.demoSettling}`}</b></section>`;
}
