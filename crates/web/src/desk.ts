// What somebody is writing: the line, the form, and what of it waits. Each person has their own.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { session } from "./api.ts";
import { AttachmentReferenceSchema, EntrySchema, type Entry } from "./gen/polder/v1/entry_pb.ts";
import { GeometrySchema } from "./gen/polder/v1/geometry_pb.ts";
import { KIND_FIELDS, type Field } from "./fields.ts";
import { begun, commonOf, emptyRow, entryOfForm, figuresOf, kindOf, put, type Value, type Values } from "./form.ts";
import type { Mode } from "./gen/polder/v1/incident_pb.ts";
import { lackingOf, report, type FirstReport } from "./methane.ts";
import { audienceOf, entryOf, supersededBy, type Outbox } from "./outbox.ts";
import type { Item } from "./picture.ts";
import { Tray } from "./photo.ts";
import type { FieldProblem } from "./refusal.ts";
import { edition, publication } from "./requests.ts";
import type { Draft } from "./state.ts";
import { POSTED, entry as entryOfLine, lacking, shape, understand, type Drawn, type Position, type Understood } from "./understand.ts";
import type { KindName, Language } from "./words/index.ts";
import type { PlaceRow } from "./map/base.ts";

/** What a form puts where the entry was. */
export type Where = "keep" | "none" | Position | Drawn;

/** A form that is being filled in. */
export interface FormDraft {
  incident: string;
  kind: KindName;
  /** What it began with. */
  base: Entry;
  common: Values;
  figures: Values;
  audience: string;
  /** Versions that were on the screen; `undefined` of a new entry. */
  replaces: string[] | undefined;
  where: Where;
  problems: FieldProblem[];
  /** What was refused before, and goes when this is sent. */
  refused: string;
  sending: boolean;
  /** What it is for, when somebody began with something; it is then for those who may see that. */
  help?: string;
  /** It began with nothing that somebody said: whom it is for is chosen. */
  free?: boolean;
}

/** What the desk needs to know of the rest. */
export interface Room {
  incident(): string;
  mode(): Mode;
  now(): number;
  words(): Language;
  places(): readonly PlaceRow[];
  draw(): void;
  /** Without waiting for more to draw. */
  drawNow(): void;
}

export const EMPTY: Draft = {
  line: "", choice: {}, discipline: 0, audience: undefined, party: "", picking: "", problem: "",
};

export class Desk {
  draft: Draft;
  form: FormDraft | undefined;
  first: FirstReport | undefined;
  /** Photos that go with the form; a reload loses them. */
  readonly photos: Tray;
  private readonly outbox: Outbox;
  private readonly room: Room;
  private person = session.person;

  constructor(outbox: Outbox, room: Room, discipline: number) {
    this.outbox = outbox;
    this.room = room;
    this.photos = new Tray(room.draw);
    this.draft = { ...EMPTY, discipline };
    this.take();
  }

  /** Puts away what the one was writing, and lays out what the other was. */
  turn(): void {
    // Nobody signed in after somebody: theirs stays laid out for them, behind the door.
    if (session.needed || session.person === this.person) return;
    this.person = session.person;
    this.form = this.first = undefined;
    this.photos.clear();
    this.draft = { ...EMPTY, discipline: this.draft.discipline };
    this.take();
  }

  /** In this tab, so that a reload loses nothing. */
  private keep(): void {
    const { form, first, draft } = this;
    const kept = {
      first,
      draft: { ...draft, picking: "", problem: "" },
      form: form && { ...form, base: [...toBinary(EntrySchema, form.base)], sending: false },
    };
    try {
      sessionStorage.setItem(`polder-draft ${this.person}`, JSON.stringify(kept));
    } catch {
      // Then a reload loses what was not posted.
    }
  }

  private take(): void {
    try {
      const text = sessionStorage.getItem(`polder-draft ${this.person}`);
      if (!text) return;
      const { draft, first, form } = JSON.parse(text) as { draft: Draft; first?: FirstReport; form?: FormDraft & { base: unknown } };
      this.draft = { ...EMPTY, ...draft };
      this.first = first;
      if (form) this.form = { ...form, base: fromBinary(EntrySchema, Uint8Array.from(form.base as unknown as number[])) };
    } catch {
      // Of another version of the page: gone.
    }
  }

  change(change: Partial<Draft>): void {
    this.draft = { ...this.draft, ...change };
    this.keep();
    this.room.draw();
  }

  changeForm(change: Partial<FormDraft>): void {
    if (!this.form) return;
    this.form = { ...this.form, ...change };
    this.keep();
    this.room.draw();
  }

  /** Drawn in the same moment: whoever goes on at once goes on with what they see. */
  private atOnce(change: Partial<FormDraft>): void {
    this.changeForm(change);
    this.room.drawNow();
  }

  /** What was pointed at or drawn goes to the form, if there is one. */
  place(where: Position | Drawn | undefined): void {
    if (this.form) {
      this.changeForm({ where: where ?? "none" });
      this.change({ picking: "" });
      return;
    }
    const drawn = where && "sort" in where ? where : undefined;
    const position = where && !("sort" in where) ? where : undefined;
    this.change({ picking: "", choice: { ...this.draft.choice, position, drawn } });
  }

  understood(): Understood {
    return understand(this.draft.line, this.room.now(), this.room.places(), this.draft.choice);
  }

  private entryOfLine(kind?: KindName): Entry {
    const said = understand(this.draft.line, this.room.now(), this.room.places(), { ...this.draft.choice, ...(kind && { kind }) });
    const name = `${this.room.incident()}/entries/${crypto.randomUUID()}`;
    const entry = entryOfLine(said, name, this.draft.discipline, this.room.words().lang, this.room.now());
    entry.party = this.draft.party;
    return entry;
  }

  /** Keeps it in the browser first; what cannot be kept is not sent. */
  post(audience: string): void {
    if (!this.room.incident() || lacking(this.understood())) return;
    const entry = this.entryOfLine();
    const before = this.draft;
    const { discipline, party } = before;
    this.change({ ...EMPTY, discipline, party, audience: before.audience });
    this.outbox.put(publication(entry, this.room.mode(), audience), this.room.incident(), entry, this.person).then(
      () => this.outbox.flush(),
      () => this.change({ ...before, problem: this.room.words().t.notKept }),
    );
  }

  /** Opens the form on what the line was understood to say. */
  fill(kind: KindName | undefined, audience: string): void {
    const said = this.understood();
    const wanted = kind ?? said.kind;
    const base = this.entryOfLine(POSTED.includes(wanted) ? wanted : "observation");
    this.begin(this.formOf(base, wanted, audience, undefined));
  }

  private formOf(base: Entry, kind: KindName, audience: string, replaces: string[] | undefined): FormDraft {
    return {
      incident: this.room.incident(), kind, base, common: commonOf(base), figures: begun(kind, figuresOf(base, kind)), audience,
      replaces, where: "keep", problems: [], refused: "", sending: false,
    };
  }

  /** Another kind: what the line says of that kind, and nothing where it says nothing. */
  kind(kind: KindName): void {
    const { form } = this;
    if (!form || form.replaces) return;
    const base = POSTED.includes(kind) && this.draft.line && !form.help ? this.entryOfLine(kind) : form.base;
    this.atOnce({ kind, figures: begun(kind, figuresOf(base, kind)), problems: [] });
  }

  value(part: "common" | "figures", path: readonly (string | number)[], value: Value | undefined): void {
    const { form } = this;
    if (form) this.changeForm({ [part]: put(form[part], path, value) });
  }

  addRow(part: "common" | "figures", field: Field): void {
    const rows = this.form?.[part][field.name];
    if (Array.isArray(rows)) this.value(part, [field.name, rows.length], emptyRow(field) as unknown as Value);
  }

  /** Opens the form on one version, to be said anew in place of all that are on the screen. */
  edit(one: Item, version: Entry): void {
    const kind = kindOf(version);
    if (!kind) return;
    this.begin(this.formOf(version, kind, version.audience, one.versions.map((each) => each.version)));
  }

  /** Opens the form again on what the node refused. */
  correct(id: string): void {
    const waiting = this.outbox.waiting.find((one) => one.id === id);
    const entry = waiting && entryOf(waiting);
    const kind = entry && kindOf(entry);
    if (!waiting || !kind) return;
    // Those that it named: if others stand by now, the form says so.
    const replaces = waiting.fresh ? undefined : supersededBy(waiting);
    this.begin({
      ...this.formOf(entry, kind, audienceOf(waiting), replaces),
      incident: waiting.incident, problems: waiting.refusal?.fields ?? [], refused: id,
    });
  }

  /** Opens the form on what somebody begins with. */
  write(base: Entry, audience: string, help: string, free = false): void {
    const kind = kindOf(base);
    if (kind) this.begin({ ...this.formOf(base, kind, audience, undefined), help, free });
  }

  /** One thing is written at a time. */
  private begin(form: FormDraft | undefined, first?: FirstReport): void {
    this.photos.clear();
    this.form = form;
    this.first = first;
    this.change({ picking: "" });
  }

  close(): void {
    this.begin(undefined);
  }

  /** Opens the guide for a first report. */
  methane(): void {
    this.begin(undefined, { answers: { type: this.draft.line.trim() }, tried: false });
  }

  answer(key: string, value: string): void {
    if (!this.first) return;
    this.first = { ...this.first, answers: { ...this.first.answers, [key]: value } };
    this.keep();
    this.room.draw();
  }

  /** Posts what is known, each entry as a request of its own, in order. */
  async sendFirst(audience: string): Promise<void> {
    const { first, person, draft } = this;
    const incident = this.room.incident();
    if (!first || !incident) return;
    if (lackingOf(first.answers).size > 0) {
      this.first = { ...first, tried: true };
      return this.room.draw();
    }
    const name = (): string => `${incident}/entries/${crypto.randomUUID()}`;
    const entries = report(first.answers, name, this.room.words().lang, this.room.now(), draft.choice, draft.discipline);
    const { discipline, party } = draft;
    this.begin(undefined);
    this.change({ ...EMPTY, discipline, party, audience: draft.audience });
    const kept: string[] = [];
    try {
      for (const entry of entries) {
        entry.party = party;
        const request = publication(entry, this.room.mode(), audience);
        await this.outbox.put(request, incident, entry, person);
        kept.push(request.requestId);
      }
    } catch {
      // All of it or nothing, and it is laid out again.
      for (const id of kept) await this.outbox.discard(id).catch(() => undefined);
      if (this.person !== person) return;
      this.begin(undefined, first);
      this.change({ ...draft, picking: "", problem: this.room.words().t.notKept });
      return;
    }
    await this.outbox.flush();
  }

  /** Sends the form. It stays open while the node has something against it. */
  async send(): Promise<void> {
    const { form, person } = this;
    if (!form || form.sending || !this.photos.ready) return;
    const { entry, problems } = entryOfForm(form.base, form.kind, form.common, form.figures);
    if (problems.length > 0) return this.atOnce({ problems });
    if (form.where === "none") delete entry.geometry;
    else if (form.where !== "keep") {
      const [drawn, position] = "sort" in form.where ? [form.where, undefined] : [undefined, form.where];
      entry.geometry = create(GeometrySchema, { shape: shape(drawn, position) } as Parameters<typeof create<typeof GeometrySchema>>[1]);
    }
    for (const { name } of this.photos.photos) {
      if (entry.attachments.every((one) => one.attachment !== name)) entry.attachments.push(create(AttachmentReferenceSchema, { attachment: name }));
    }
    const mode = this.room.mode();
    const request = form.replaces ? edition(entry, form.replaces, mode, form.audience) : publication(entry, mode, form.audience);
    this.atOnce({ sending: true, problems: [] });
    const still = (): boolean => this.form?.base === form.base && this.person === person;
    try {
      await this.outbox.put(request, form.incident, entry, person);
    } catch {
      if (still()) this.atOnce({ sending: false, problems: [{ field: "", reason: "", sentence: this.room.words().t.notKept }] });
      return;
    }
    if (form.refused) await this.outbox.discard(form.refused);
    await this.outbox.flush();
    if (!still()) return;
    const refusal = this.outbox.waiting.find((one) => one.id === request.requestId)?.refusal;
    if (refusal) {
      const { reason, sentence } = refusal;
      const problems = refusal.fields.length > 0 ? refusal.fields : [{ field: "", reason, sentence }];
      this.atOnce({ sending: false, problems, refused: request.requestId });
      return;
    }
    // It is at the node, or waits to be sent and stands in the list of what does.
    if (!form.replaces) this.change({ ...EMPTY, discipline: this.draft.discipline, party: this.draft.party, audience: this.draft.audience });
    this.close();
  }
}

/** Fields of a form's kind. */
export function fieldsOf(form: FormDraft): readonly Field[] {
  return KIND_FIELDS[form.kind];
}
