// Taking back for good: an entry that was said to too many is recalled, one that must be gone is
// erased. Both reach every node that holds it; that it was done, and why, stays on record.
import { CALL_MS, picture as calls } from "./api.ts";
import type { Item } from "./picture.ts";
import { refusalOf, type Refusal } from "./refusal.ts";
import { EVERYBODY } from "./rights.ts";
import { passes } from "./wire.ts";

/** An entry that somebody is about to take back. */
export interface TakeBack {
  name: string;
  sort: "recall" | "erase";
  /** For whom it stays, as a new entry; empty: for nobody. */
  audience: string;
  reason: string;
  /** They said that they know what it does. */
  sure: boolean;
  busy: boolean;
  refusal: Refusal | undefined;
  /** The node did not answer: the same request may be sent again. */
  away: boolean;
  /** Of the request as it stands; another once it says something else. */
  id: string;
}

/** What came of it. */
export interface TakenBack {
  name: string;
  sort: TakeBack["sort"];
  /** The entry as which it is said again; empty: it is not. */
  again: string;
  /** Parties whose versions of it stay. */
  kept: string[];
}

/** For whom an entry can stay: fewer than see it now, and nobody while versions differ. */
export function fewerOf(audiences: readonly string[], item: Item): string[] {
  const seenBy = item.versions[0]?.audience ?? "";
  if (item.versions.length !== 1) return [];
  return audiences.filter((name) => name !== "" && name !== EVERYBODY && name !== seenBy);
}

export function ready(now: TakeBack): boolean {
  return !now.busy && now.reason.trim() !== "" && now.sure;
}

export class TakeBacks {
  now: TakeBack | undefined;
  done: TakenBack | undefined;

  constructor(private readonly draw: () => void) {}

  begin(name: string, sort: TakeBack["sort"]): void {
    this.done = undefined;
    this.now = { name, sort, audience: "", reason: "", sure: false, busy: false, refusal: undefined, away: false, id: crypto.randomUUID() };
    this.draw();
  }

  change(change: Partial<Pick<TakeBack, "audience" | "reason" | "sure">>): void {
    if (!this.now || this.now.busy) return;
    const words = "audience" in change || "reason" in change;
    // What may have arrived stays what it was.
    this.now = { ...this.now, ...change, ...(words && { refusal: undefined, away: false, id: crypto.randomUUID() }) };
    this.draw();
  }

  end(): void {
    this.now = undefined;
    this.draw();
  }

  /** Somebody else, or another incident. */
  turn(): void {
    this.now = this.done = undefined;
  }

  /** What came of it, once the node has done it. */
  async send(): Promise<TakenBack | undefined> {
    const { now } = this;
    if (!now || !ready(now)) return undefined;
    this.now = { ...now, busy: true, refusal: undefined, away: false };
    this.draw();
    const { id: requestId, name, audience, sort } = now;
    const reason = now.reason.trim();
    try {
      const done = sort === "recall"
        ? await calls.recallEntry({ requestId, name, audience, reason }, { timeoutMs: CALL_MS })
        : await calls.eraseEntry({ requestId, name, reason }, { timeoutMs: CALL_MS });
      const again = "entry" in done ? (done.entry?.name ?? "") : "";
      const taken = { name, sort, again, kept: done.keptParties };
      if (this.now?.id === requestId) {
        this.done = taken;
        this.end();
      }
      return taken;
    } catch (error) {
      const refusal = refusalOf(error);
      if (this.now?.id === requestId) this.now = { ...now, ...(passes(error) && !refusal.reason ? { away: true } : { refusal }) };
      this.draw();
      return undefined;
    }
  }
}
