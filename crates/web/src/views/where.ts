// Where what a form says is: as it was, at a point, along a line, in an area, or nowhere.
import { html, nothing, type TemplateResult } from "lit";
import type { Geometry } from "../gen/polder/v1/geometry_pb.ts";
import type { Where } from "../desk.ts";
import { written } from "../rd.ts";
import type { Actions, Picking, Shown } from "../state.ts";

/** `before` is what `keep` keeps. */
export function whereChoice(
  where: Where,
  before: Geometry | undefined,
  shown: Shown,
  actions: Actions,
  why: unknown = nothing,
): TemplateResult {
  const { t } = shown.language;
  const { picking } = shown.draft;
  const was = before?.shape;
  const kept = was?.case === "point" ? written(was.value) : was?.case ? t.onMap : t.noPlace;
  const now = where === "keep" ? kept : where === "none" ? t.noPlace
    : "sort" in where ? `${where.sort === "line" ? t.line : t.area} (${where.points.length})` : written(where);
  const pick = (what: Picking, words: string): TemplateResult => html`<button type="button" aria-pressed=${picking === what}
    @click=${() => actions.draft({ picking: picking === what ? "" : what })}>${words}</button>`;
  return html`<div class="field" role="group" aria-label=${t.place}>${t.place}: <b>${now}</b>
    <span class="pair wrap">${pick("point", t.pick)} ${pick("line", t.line)} ${pick("area", t.area)}
      <button type="button" @click=${() => actions.center()}>${t.pickHere}</button>
      ${now !== t.noPlace ? html`<button type="button" @click=${() => actions.unplace()}>${t.unpick}</button>` : nothing}
      ${where !== "keep" && was?.case ? html`<button type="button" @click=${() => actions.form({ where: "keep" })}>${t.keepPlace}</button>` : nothing}</span>
    ${picking ? html`<span class="warn" role="status">${picking === "point" ? t.picking : t.drawing}</span>` : nothing}
    ${why}
  </div>`;
}
