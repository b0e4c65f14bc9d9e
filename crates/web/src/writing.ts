// What the reader does at the desk: types, fills in forms, posts.
import { store } from "./kept.ts";
import type { Desk, FormDraft } from "./desk.ts";
import type { Field } from "./fields.ts";
import type { Value } from "./form.ts";
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Outbox } from "./outbox.ts";
import type { Tray } from "./photo.ts";
import type { Item } from "./picture.ts";
import type { Draft } from "./state.ts";
import type { Choice, Position, Understood } from "./understand.ts";
import type { KindName } from "./words/index.ts";

export abstract class Writing {
  protected abstract readonly desk: Desk;
  protected abstract readonly outbox: Outbox;
  /** To whom the next report is. */
  protected abstract audience(): string;
  protected abstract mayPost(): boolean;
  /** Once the page shows what holds now: in the same moment, so that nobody types in between. */
  protected abstract afterDrawn(then: () => void): void;

  get photos(): Tray {
    return this.desk.photos;
  }

  understood(): Understood {
    return this.desk.understood();
  }

  type(line: string): void {
    this.draft({ line, problem: "" });
  }

  draft(change: Partial<Draft>): void {
    if (change.discipline !== undefined) store("discipline", String(change.discipline));
    this.desk.change(change);
  }

  choice(change: Choice): void {
    this.draft({ choice: { ...this.desk.draft.choice, ...change } });
  }

  place(position: Position | undefined): void {
    this.desk.place(position);
  }

  unplace(): void {
    this.place(undefined);
  }

  post(): void {
    if (this.mayPost()) this.desk.post(this.audience());
  }

  claim(id: string): void {
    void this.outbox.claim(id);
  }

  fill(kind?: KindName): void {
    this.desk.fill(kind, this.audience());
    this.toForm();
  }

  edit(one: Item, version: Entry): void {
    this.desk.edit(one, version);
    this.toForm();
  }

  correct(id: string): void {
    this.desk.correct(id);
    this.toForm();
  }

  write(base: Entry, audience: string, help: string, free = false): void {
    this.desk.write(base, audience, help, free);
    this.toForm();
  }

  /** Whoever opened the form reads on there. */
  private toForm(): void {
    this.afterDrawn(() => {
      const head = document.getElementById("form-head");
      head?.focus();
      head?.scrollIntoView({ block: "nearest" });
    });
  }

  form(change: Partial<FormDraft>): void {
    this.desk.changeForm(change);
  }

  formKind(kind: KindName): void {
    this.desk.kind(kind);
  }

  formValue(part: "common" | "figures", path: readonly (string | number)[], value: Value | undefined): void {
    this.desk.value(part, path, value);
  }

  formRow(part: "common" | "figures", field: Field): void {
    this.desk.addRow(part, field);
  }

  methane(): void {
    this.desk.methane();
    this.toForm();
  }

  answer(key: string, value: string): void {
    this.desk.answer(key, value);
  }

  methaneSend(): void {
    void this.desk.sendFirst(this.audience()).then(() => this.toProblem());
  }

  formClose(): void {
    this.desk.close();
    document.getElementById("line")?.focus();
  }

  formSend(): void {
    void this.desk.send().then(() => this.toProblem());
  }

  /** To the first field that is wrong, wherever it stands. */
  private toProblem(): void {
    if (!this.desk.form?.problems.length && !this.desk.first?.tried) return;
    this.afterDrawn(() => {
      const wrong = document.querySelector<HTMLElement>(".form [aria-invalid=true]") ?? document.querySelector<HTMLElement>(".form [role=alert]");
      wrong?.closest("details")?.setAttribute("open", "");
      wrong?.focus();
      wrong?.scrollIntoView({ block: "center" });
    });
  }
}
