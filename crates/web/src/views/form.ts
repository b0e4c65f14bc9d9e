// A form for any kind, drawn from the table of fields; and for changing what was said.
import { html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { live } from "lit/directives/live.js";
import { COMMON, KINDS, type Field } from "../fields.ts";
import { fieldsOf, type FormDraft } from "../desk.ts";
import { party } from "../figures.ts";
import type { CountValue, Value, Values } from "../form.ts";
import { said, type FieldProblem } from "../refusal.ts";
import type { Actions, Shown } from "../state.ts";
import type { KindName } from "../words/index.ts";
import { audienceChoice, audienceName } from "./audience.ts";
import { citations } from "./issue.ts";
import { photos } from "./photos.ts";
import { whereChoice } from "./where.ts";

type Part = "common" | "figures";

/** What the parts of a form need. */
interface Sheet {
  form: FormDraft;
  shown: Shown;
  actions: Actions;
  /** What finds its place, so that the rest can be told on top. */
  placed: Set<FieldProblem>;
}

const TIMES = (field: Field): boolean => field.name.startsWith("times.");
const JUDGED = (field: Field): boolean => field.name.startsWith("assessment.") || field.name === "sources";

const SEEN = (field: Field): boolean => field.name.startsWith("attention.");
const APART = (field: Field): boolean => TIMES(field) || JUDGED(field) || SEEN(field);
const PARTIES = "form-parties";

export function form(shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const draft = shown.form;
  if (!draft || draft.incident !== shown.name || shown.past?.items) return nothing;
  const { t } = shown.language;
  const sheet: Sheet = { form: draft, shown, actions, placed: new Set() };
  const send = (event: Event): void => {
    event.preventDefault();
    actions.formSend();
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
  };
  // Drawn first: they tell which problems found their field.
  const common = COMMON.filter((field) => !APART(field)).map((field) => row(field, "common", sheet));
  const figures = fieldsOf(draft).map((field) => row(field, "figures", sheet));
  const times = COMMON.filter(TIMES).map((field) => row(field, "common", sheet));
  const judged = COMMON.filter(JUDGED).map((field) => row(field, "common", sheet));
  const seen = COMMON.filter(SEEN).map((field) => row(field, "common", sheet));
  const where = place(sheet);
  const whom = whomTo(sheet);
  const rest = draft.problems.filter((problem) => !sheet.placed.has(problem));
  return html`<section class="detail form" aria-labelledby="form-head">
    <button type="button" class="close" aria-label=${t.close} @click=${() => actions.formClose()}>✕</button>
    <h2 id="form-head" tabindex="-1">${draft.replaces ? t.editing : t.newEntry}</h2>
    ${draft.replaces ? html`<p class="quiet">${t.changeHelp}</p>` : nothing}
    ${draft.help ? html`<p class="quiet">${draft.help}</p>` : nothing}
    ${moved(sheet)}
    <form novalidate @submit=${send} @keydown=${keys}>
      ${draft.problems.length > 0
        ? html`<div class="warn" role="alert"><p>${t.problems}</p>
            ${rest.map((problem) => html`<p class="problem">${problem.field ? `${problem.field}: ` : ""}${said(problem, shown.language.lang)}</p>`)}</div>`
        : nothing}
      ${citations(draft, shown, actions)}
      <label class="field">${t.kind}
        <select id="form-kind" ?disabled=${draft.replaces !== undefined} @change=${(event: Event) => actions.formKind(typed(event) as KindName)}>
          ${KINDS.map((kind) => html`<option value=${kind} .selected=${live(kind === draft.kind)}>${shown.language.kind(kind)}</option>`)}
        </select></label>
      ${common} ${where} ${whom}
      ${keyed(draft.kind, html`<fieldset class="group"><legend>${shown.language.kind(draft.kind)}</legend>${figures}</fieldset>`)}
      <details ?open=${wrong(draft, TIMES)}><summary>${t.timesAnd}</summary>${times}</details>
      <details ?open=${wrong(draft, JUDGED) || (draft.help !== undefined && !draft.free)}><summary>${t.judged}</summary>${judged}</details>
      <details class="must-see" ?open=${wrong(draft, SEEN) || draft.base.attention !== undefined}><summary>${t.whoMustSee}</summary>${seen}
        <datalist id=${PARTIES}>${shown.parties.filter(Boolean).map((name) => html`<option value=${party(name)}></option>`)}</datalist></details>
      ${photos(draft.base.attachments.length, shown, actions)}
      <p class="pair"><button type="submit" class="send" ?disabled=${draft.sending || !actions.photos.ready} title=${t.sendKeys}>${draft.replaces ? t.change : t.send}</button>
        <button type="button" @click=${() => actions.formClose()}>${t.cancel}</button></p>
    </form>
  </section>`;
}

function wrong(draft: FormDraft, which: (field: Field) => boolean): boolean {
  return COMMON.filter(which).some((field) => draft.problems.some((problem) => problem.field.startsWith(field.name)));
}

function typed(event: Event): string {
  return (event.target as HTMLInputElement).value;
}

/** Others may have changed the entry while somebody typed: the form then says so. */
function moved({ form, shown, actions }: Sheet): TemplateResult | typeof nothing {
  if (!form.replaces) return nothing;
  const now = shown.items.get(form.base.name)?.versions.map((version) => version.version);
  if (!now || [...now].sort().join() === [...form.replaces].sort().join()) return nothing;
  const { t } = shown.language;
  return html`<div class="warn" role="status"><p>${t.changedMeanwhile}</p>
    <p class="pair"><button type="button" @click=${() => actions.form({ replaces: now, problems: [] })}>${t.useNow}</button></p></div>`;
}

/** Problems of a field itself, not of what lies within its rows. */
function problemsAt(path: string, field: Field, { form, placed }: Sheet): FieldProblem[] {
  const found = form.problems.filter((problem) =>
    problem.field === path || (field.sort !== "rows" && (problem.field.startsWith(`${path}.`) || problem.field.startsWith(`${path}[`))));
  for (const problem of found) placed.add(problem);
  return found;
}

function row(field: Field, part: Part, sheet: Sheet): TemplateResult {
  const prefix = part === "common" ? "" : `${sheet.form.kind}.`;
  return input(field, part, [field.name], prefix + field.name, sheet.form[part], sheet);
}

function input(field: Field, part: Part, path: (string | number)[], at: string, values: Values, sheet: Sheet): TemplateResult {
  const { shown, actions } = sheet;
  const value = values[field.name];
  const problems = problemsAt(at, field, sheet);
  const id = `f-${at.replace(/[^a-z0-9_]+/g, "-")}`;
  const change = (changed: Value): void => actions.formValue(part, path, changed);
  const name = shown.language.field(part === "common" ? "" : sheet.form.kind, field.name);
  const why = problems.length > 0
    ? html`<span class="problem" id="${id}-why">${problems.map((problem) => said(problem, shown.language.lang)).join("; ")}</span>`
    : nothing;
  const label = html`${name}${field.unit ? ` (${field.unit})` : ""}${field.required ? html`<span aria-hidden="true"> *</span>` : nothing}`;
  if (field.sort === "rows") return rows(field, part, path, at, (value ?? []) as Values[], sheet, html`${label} ${why}`);
  if (field.sort === "flag") {
    return html`<label class="check"><input id=${id} type="checkbox" .checked=${live(value === true)}
      @change=${(event: Event) => change((event.target as HTMLInputElement).checked)} />${label} ${why}</label>`;
  }
  if (field.sort === "choices") return several(field, (value ?? []) as string[], html`${label} ${why}`, change, sheet);
  return html`<label class="field" for=${id}>${label}${control(field, id, value, problems.length > 0, change, sheet, name)}${why}</label>`;
}

function control(field: Field, id: string, value: Value | undefined, bad: boolean, change: (value: Value) => void, sheet: Sheet, name: string): TemplateResult {
  const { t, names } = sheet.shown.language;
  const why = bad ? `${id}-why` : nothing;
  const text = typeof value === "string" ? value : "";
  const type = (event: Event): void => change(typed(event));
  if (field.options) {
    const said = sheet.shown.language.lang === "nl" ? 1 : 2;
    return html`<select id=${id} aria-invalid=${bad} aria-describedby=${why} aria-required=${field.required === true} @change=${type}>
      <option value="" .selected=${live(text === "")}>${t.notStated}</option>
      ${field.options.map((option) => html`<option value=${option[0]} .selected=${live(option[0] === text)}>${option[said]}</option>`)}</select>`;
  }
  switch (field.sort) {
    case "choice": {
      const all = (field.names && names[field.names]) ?? [];
      return html`<select id=${id} aria-invalid=${bad} aria-describedby=${why} aria-required=${field.required === true} @change=${type}>
        ${all.map((word, number) => html`<option value=${number} .selected=${live(String(number) === text)}>${number === 0 ? t.notStated : word || t.ofPublic}</option>`)}
      </select>`;
    }
    case "long":
    case "list":
      return html`<textarea id=${id} rows="3" maxlength=${field.sort === "long" ? (field.length ?? nothing) : nothing} aria-invalid=${bad} aria-describedby=${why}
        .value=${live(text)} @input=${type}></textarea>`;
    case "time":
      return html`<input id=${id} type="datetime-local" step="1" aria-invalid=${bad} aria-describedby=${why} .value=${live(text)} @input=${type} />`;
    case "count":
      return counted(value as CountValue, id, bad, change, sheet, name);
    default: {
      const numeric = field.sort !== "text" && field.sort !== "party" && field.sort !== "circle";
      return html`<input id=${id} type="text" autocomplete="off" list=${field.sort === "party" ? PARTIES : nothing} inputmode=${numeric ? "decimal" : "text"} maxlength=${field.length ?? (numeric ? 40 : nothing)}
        aria-invalid=${bad} aria-describedby=${why} aria-required=${field.required === true} .value=${live(text)} @input=${type} />`;
    }
  }
}

/** A number, how exactly it is meant, and what it rests on. */
function counted(value: CountValue, id: string, bad: boolean, change: (value: Value) => void, { shown }: Sheet, name: string): TemplateResult {
  const { t, names } = shown.language;
  const pick = (part: "qualifier" | "basis", words: string[], label: string): TemplateResult => html`<select
    aria-label="${name}: ${label}" @change=${(event: Event) => change({ ...value, [part]: typed(event) } as unknown as Value)}>
    ${words.map((word, number) => html`<option value=${number} .selected=${live(String(number) === value[part])}>${word || "–"}</option>`)}</select>`;
  return html`<span class="counted">
    ${pick("qualifier", names.countQualifier, t.qualifier)}
    <input id=${id} type="text" inputmode="numeric" maxlength="20" autocomplete="off" aria-invalid=${bad} aria-describedby=${bad ? `${id}-why` : nothing}
      .value=${live(value.value)} @input=${(event: Event) => change({ ...value, value: typed(event) } as unknown as Value)} />
    ${pick("basis", names.countBasis, t.countBasis)}</span>`;
}

function several(field: Field, value: string[], label: TemplateResult, change: (value: Value) => void, { shown }: Sheet): TemplateResult {
  const all = (field.names && shown.language.names[field.names]) ?? [];
  const toggle = (number: string, on: boolean): void => change(on ? [...value, number] : value.filter((one) => one !== number));
  return html`<fieldset class="several"><legend>${label}</legend>
    ${all.map((word, number) => number === 0 ? nothing : html`<label class="check"><input type="checkbox" .checked=${live(value.includes(String(number)))}
      @change=${(event: Event) => toggle(String(number), (event.target as HTMLInputElement).checked)} />${word}</label>`)}</fieldset>`;
}

function rows(field: Field, part: Part, path: (string | number)[], at: string, all: Values[], sheet: Sheet, label: TemplateResult): TemplateResult {
  const { shown, actions } = sheet;
  const { t } = shown.language;
  const name = shown.language.field(part === "common" ? "" : sheet.form.kind, field.name);
  return html`<fieldset class="rows"><legend>${label}</legend>
    ${all.map((values, index) => html`<div class="row" role="group" aria-label="${name} ${index + 1}">
      ${(field.fields ?? []).map((one) => input(one, part, [...path, index, one.name], `${at}[${index}].${one.name}`, values, sheet))}
      <button type="button" class="text" aria-label="${t.removeRow}: ${name} ${index + 1}"
        @click=${() => actions.formValue(part, [...path, index], undefined)}>${t.removeRow}</button></div>`)}
    ${all.length < (field.most ?? Infinity)
      ? html`<button type="button" aria-label="${t.addRow}: ${name}" @click=${() => actions.formRow(part, field)}>${t.addRow}</button>` : nothing}
  </fieldset>`;
}

function place(sheet: Sheet): TemplateResult {
  const { form, shown, actions } = sheet;
  const problems = problemsAt("geometry", { name: "geometry", sort: "text" }, sheet);
  const why = problems.length > 0
    ? html`<span class="problem">${problems.map((problem) => said(problem, shown.language.lang)).join("; ")}</span>` : nothing;
  return whereChoice(form.where, form.base.geometry, shown, actions, why);
}

/** A new version stays with those who could see the old one. */
function whomTo(sheet: Sheet): TemplateResult | typeof nothing {
  const { form, shown, actions } = sheet;
  const { t, lang } = shown.language;
  const problems = problemsAt("audience", { name: "audience", sort: "text" }, sheet);
  const why = problems.length > 0
    ? html`<span class="problem">${problems.map((problem) => said(problem, lang)).join("; ")}</span>` : nothing;
  if (form.replaces || (form.help && !form.free)) return form.audience ? html`<p class="field">${t.audience}: <b>${audienceName(form.audience, shown)}</b> ${why}</p>` : html`${why}`;
  return html`<div class="field">${audienceChoice(form.audience, shown, (audience) => actions.form({ audience }), "form-audience")} ${why}</div>`;
}
