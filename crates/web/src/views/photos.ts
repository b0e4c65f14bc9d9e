// Photos: those that go with a form, and those of an entry.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import type { Entry } from "../gen/polder/v1/entry_pb.ts";
import type { Actions, Shown } from "../state.ts";

/** To add some; `already` stand in the entry. */
export function photos(already: number, shown: Shown, actions: Actions): TemplateResult {
  const { t } = shown.language;
  const { photos: tray } = actions;
  return html`<fieldset class="group photos"><legend>${t.photos}</legend>
    <label class="field">${t.addPhoto}<input type="file" accept="image/*" multiple @change=${(event: Event) => {
      const input = event.target as HTMLInputElement;
      void tray.attach([...(input.files ?? [])], already).then(() => (input.value = ""));
    }} /></label>
    <label class="check"><input type="checkbox" .checked=${live(tray.keepOriginal)}
      @change=${(event: Event) => tray.keep((event.target as HTMLInputElement).checked)} />${t.keepOriginal}</label>
    ${tray.unread ? html`<p class="warn" role="alert">${t.noPhoto}</p>` : nothing}
    ${tray.ready ? nothing : html`<p class="quiet" role="status">${t.photosWait}</p>`}
    <ul class="album">${tray.photos.map((photo) => html`<li><img src=${photo.url} alt=${t.photo} />
      <span class="quiet">${photo.problem || (photo.sent === photo.bytes.length ? t.photoSent : `${t.photoSending} ${Math.round((100 * photo.sent) / photo.bytes.length)} %`)}</span>
      <button type="button" @click=${() => tray.drop(photo)}>${t.discard}</button></li>`)}</ul></fieldset>`;
}

export function album(entry: Entry, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const { t } = shown.language;
  if (entry.attachments.length === 0) return nothing;
  return html`<ul class="album">${entry.attachments.map(({ attachment, caption }) => {
    const url = actions.album.url(attachment);
    const words = caption || t.photo;
    return html`<li>${url === "" ? html`<span class="quiet">${t.starting}</span>` : url === "!" ? html`<span class="quiet">${t.noPhotoHere}: ${words}</span>`
      : html`<img src=${url} alt=${words} />`}<span class="quiet">${caption}</span></li>`;
  })}</ul>`;
}
