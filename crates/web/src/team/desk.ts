// Sitreps of an incident: the one that is read, two that are compared, and the draft that somebody
// edits. A draft stays in this tab until it is issued.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CALL_MS, picture, team as calls } from "../api.ts";
import type { Entry } from "../gen/polder/v1/entry_pb.ts";
import { SitrepSchema, type Sitrep } from "../gen/polder/v1/sitrep_pb.ts";
import { refusalOf, type Refusal } from "../refusal.ts";
import { millis, passes } from "../wire.ts";
import type { House } from "./door.ts";
import { recompiled } from "./sitrep.ts";

/** A sitrep that is being made. */
export interface SitrepDraft {
  incident: string;
  /** Of the request as it stands; another once it says something else. */
  id: string;
  audience: string;
  /** Only what these say; empty: all. */
  parties: string[];
  /** Entry whose next version it is; empty: a number of its own. */
  replaces: string;
  /** Its title when it replaces one. */
  replacing: string;
  /** As `datetime-local` has it. */
  next: string;
  /** `undefined` until it was compiled. */
  sitrep: Sitrep | undefined;
  team: string;
  issuedBy: string;
  /** Section and line that are open. */
  editing: [number, number] | undefined;
  discarding: boolean;
}

/** One sitrep with its versions, as known at the moment that is shown. */
export interface Reading {
  name: string;
  atMs: number | undefined;
  versions: Entry[] | undefined;
  /** Version that is shown, by name; empty: the last. */
  version: string;
  away: boolean;
  refusal: Refusal | undefined;
}

export class SitrepDesk {
  reading: Reading | undefined;
  /** Names of two entries; empty: not chosen. */
  compared: [string, string] = ["", ""];
  draft: SitrepDraft | undefined;
  busy = false;
  away = false;
  refusal: Refusal | undefined;
  /** Whose draft is laid out, and of which incident. */
  private person: string | undefined;
  private laid = "";
  /** It is on its way: what is changed now would be of another request. */
  private issuing = false;

  constructor(private readonly house: House, private readonly told: () => void) {}

  /** Somebody else, or another incident: theirs is laid out for them. */
  turn(): void {
    this.leave();
    this.person = undefined;
    this.draft = undefined;
    this.compared = ["", ""];
  }

  /** The page was left; the draft stays. */
  leave(): void {
    this.reading = undefined;
    this.away = this.busy = this.issuing = false;
    this.refusal = undefined;
  }

  /** The draft of an incident, also of before a reload. */
  laidOut(incident: string): SitrepDraft | undefined {
    if (!incident) return undefined;
    const person = this.house.person();
    if (this.person !== person || this.laid !== incident) {
      [this.person, this.laid] = [person, incident];
      this.draft = this.take(incident);
    }
    return this.draft;
  }

  private key(incident: string): string {
    return `polder-sitrep ${incident} ${this.person ?? ""}`;
  }

  private take(incident: string): SitrepDraft | undefined {
    try {
      const text = sessionStorage.getItem(this.key(incident));
      if (!text) return undefined;
      const kept = JSON.parse(text) as SitrepDraft & { sitrep: number[] | undefined };
      return { ...kept, editing: undefined, discarding: false, sitrep: kept.sitrep && fromBinary(SitrepSchema, Uint8Array.from(kept.sitrep)) };
    } catch {
      return undefined;
    }
  }

  private keep(): void {
    const { draft } = this;
    if (!draft) return;
    try {
      sessionStorage.setItem(this.key(draft.incident), JSON.stringify({ ...draft, sitrep: draft.sitrep && [...toBinary(SitrepSchema, draft.sitrep)] }));
    } catch {
      // Then a reload loses it.
    }
  }

  private drop(): void {
    if (this.draft) {
      try {
        sessionStorage.removeItem(this.key(this.draft.incident));
      } catch {
        // It was not kept either.
      }
    }
    this.draft = undefined;
  }

  begin(incident: string, audience: string, replaced?: Entry): void {
    this.reading = undefined;
    const before = replaced?.sitrep;
    [this.person, this.laid] = [this.house.person(), incident];
    this.draft = {
      incident, id: crypto.randomUUID(), audience: replaced ? replaced.audience : audience, parties: [], replaces: replaced?.name ?? "",
      replacing: before ? `${before.number}.${before.version} ${before.team}` : "", next: "", sitrep: undefined,
      team: before?.team ?? "", issuedBy: before?.issuedBy ?? "", editing: undefined, discarding: false,
    };
    this.keep();
    this.house.draw();
  }

  change(change: Partial<SitrepDraft>): void {
    if (!this.draft || this.issuing) return;
    // What may have arrived stays what it was: other words are another request.
    const words = Object.keys(change).some((key) => !["editing", "discarding"].includes(key));
    this.draft = { ...this.draft, ...change, ...(words && { id: crypto.randomUUID() }) };
    if (words) this.away = false;
    this.keep();
    this.house.draw();
  }

  /** Changes the sitrep as it stands now, and not as it stood when it was last drawn. */
  edit(edited: (sitrep: Sitrep) => Sitrep, change: Partial<SitrepDraft> = {}): void {
    if (this.draft?.sitrep) this.change({ sitrep: edited(this.draft.sitrep), ...change });
  }

  discard(): void {
    this.drop();
    this.refusal = undefined;
    this.away = false;
    this.house.draw();
  }

  private async call<T>(what: () => Promise<T>): Promise<T | undefined> {
    if (this.busy) return undefined;
    this.busy = true;
    this.away = false;
    this.refusal = undefined;
    this.house.draw();
    let answer: T | undefined;
    try {
      answer = await what();
    } catch (error) {
      const refusal = refusalOf(error);
      this.away = passes(error) && !refusal.reason;
      this.refusal = this.away ? undefined : refusal;
    }
    this.busy = false;
    this.house.draw();
    return answer;
  }

  /** Compiles it from the picture, of now or of a moment. */
  async compile(atMs: number | undefined): Promise<void> {
    const { draft } = this;
    if (!draft) return;
    const { incident, audience, parties } = draft;
    const knownAt = atMs === undefined ? undefined : timestampFromMs(atMs);
    const answer = await this.call(() => calls.draftSitrep({ incident, audience, parties, knownAt }, { timeoutMs: CALL_MS }));
    if (!answer?.sitrep || this.draft?.incident !== incident) return;
    // As it is now: people go on typing while the node compiles.
    const { sitrep } = this.draft;
    // For others, or of others, it is compiled again.
    if (this.draft.audience !== audience || this.draft.parties !== parties) return;
    this.change({ sitrep: sitrep ? recompiled(sitrep, answer.sitrep) : answer.sitrep, editing: undefined });
  }

  async issue(): Promise<void> {
    const { draft } = this;
    if (!draft?.sitrep) return;
    const next = draft.next ? new Date(draft.next).getTime() : NaN;
    const sitrep = { ...draft.sitrep, team: draft.team.trim(), issuedBy: draft.issuedBy.trim(), nextTime: Number.isFinite(next) ? timestampFromMs(next) : undefined };
    const { id: requestId, incident, audience, replaces } = draft;
    // Sent again under the same id, it is answered as the first time.
    if (this.busy) return;
    this.issuing = true;
    const answer = await this.call(async () => (await calls.issueSitrep({ requestId, incident, sitrep, audience, replaces }, { timeoutMs: CALL_MS })).name);
    this.issuing = false;
    if (!answer || this.draft?.id !== requestId) return;
    this.drop();
    this.told();
    this.read(answer, undefined);
  }

  read(name: string, atMs: number | undefined): void {
    this.reading = { name, atMs, versions: undefined, version: "", away: false, refusal: undefined };
    this.house.draw();
    void this.fetch(this.reading);
  }

  private async fetch(reading: Reading): Promise<void> {
    const { name, atMs } = reading;
    let change: Partial<Reading>;
    try {
      const { versions } = await picture.listEntryVersions({ name, pageSize: 1000 }, { timeoutMs: CALL_MS });
      const then = (one: Entry): boolean => atMs === undefined || (millis(one.receivedTime ?? one.recordedTime) ?? 0) <= atMs;
      change = { versions: versions.filter(then) };
    } catch (error) {
      const refusal = refusalOf(error);
      change = passes(error) && !refusal.reason ? { away: true } : { refusal };
    }
    if (this.reading !== reading) return;
    this.reading = { ...reading, ...change };
    this.house.draw();
  }

  show(version: string): void {
    if (this.reading) this.reading = { ...this.reading, version };
    this.house.draw();
  }

  close(): void {
    this.reading = undefined;
    this.house.draw();
  }

  compare(change: Partial<Record<"first" | "second", string>>): void {
    this.compared = [change.first ?? this.compared[0], change.second ?? this.compared[1]];
    this.house.draw();
  }
}
