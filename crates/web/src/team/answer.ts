// One answer of the node that follows the picture: asked anew when something changed, never twice at
// once and not with every message; forgotten when another incident or moment is shown.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { refusalOf, type Refusal } from "../refusal.ts";
import { passes } from "../wire.ts";

/** No sooner again than this, however much changes. */
export const PAUSE_MS = 3_000;
/** What depends on the clock is asked this often when nothing changes. */
export const AGED_MS = 30_000;

/** What an answer is of. */
export interface About {
  incident: string;
  /** What the node knew then; `undefined`: now. */
  atMs: number | undefined;
  /** Something else whenever the picture changed. */
  change: unknown;
  /** Whatever else it depends on. */
  also?: string | undefined;
}

/** Of a moment, or of now. */
export function known(atMs: number | undefined): { knownAt?: ReturnType<typeof timestampFromMs> } {
  return atMs === undefined ? {} : { knownAt: timestampFromMs(atMs) };
}

export class Answer<T> {
  value: T | undefined;
  /** When it came, by this browser's clock. */
  gotMs = 0;
  /** The node did not answer the last time. */
  away = false;
  refusal: Refusal | undefined;
  /** The node is older than what is asked. */
  unknown = false;
  private key = "";
  private change: unknown;
  private about: About | undefined;
  private asking = false;
  private askedMs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ask: (about: About) => Promise<T>, private readonly draw: () => void) {}

  /** Takes note of what is shown now; `undefined`: nobody looks at it. */
  follow(about: About | undefined): void {
    this.about = about;
    if (!about || this.unknown) {
      clearTimeout(this.timer);
      this.timer = undefined;
      return;
    }
    const key = `${about.incident} ${about.atMs ?? ""} ${about.also ?? ""}`;
    const changed = about.change !== this.change;
    this.change = about.change;
    if (key !== this.key) {
      this.forget();
      this.key = key;
      this.plan(0);
    } else if (this.asking) return;
    else if (changed) this.plan(PAUSE_MS);
    else if (this.timer === undefined && (about.atMs === undefined || (!this.value && !this.refusal))) this.plan(AGED_MS);
  }

  /** Asks at once. */
  hurry(): void {
    if (!this.about) return;
    this.askedMs = 0;
    this.plan(0);
  }

  /** Another incident or moment, or somebody else. */
  forget(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.key = "";
    this.value = this.refusal = undefined;
    this.away = false;
    this.askedMs = 0;
  }

  private plan(pause: number): void {
    clearTimeout(this.timer);
    const wait = this.askedMs === 0 ? 0 : Math.max(0, this.askedMs + pause - Date.now());
    this.timer = setTimeout(() => void this.fetch(), wait);
  }

  private async fetch(): Promise<void> {
    this.timer = undefined;
    const { about, key, change } = this;
    if (!about) return;
    // The one that is under way asks again when it is back, if it has to.
    if (this.asking) return;
    this.asking = true;
    this.askedMs = Date.now();
    let failed = false;
    try {
      const value = await this.ask(about);
      if (key === this.key) {
        [this.value, this.away, this.refusal] = [value, false, undefined];
        this.gotMs = Date.now();
      }
    } catch (error) {
      failed = true;
      if (key === this.key) this.fail(error);
    }
    this.asking = false;
    if (key === this.key) this.draw();
    if (!this.about || this.unknown) return;
    if (key !== this.key) this.plan(0);
    else if (failed || change !== this.change) this.plan(PAUSE_MS);
    else if (this.about.atMs === undefined) this.plan(AGED_MS);
  }

  private fail(error: unknown): void {
    const refusal = refusalOf(error);
    this.unknown = ConnectError.from(error).code === Code.Unimplemented;
    this.away = passes(error) && !refusal.reason;
    this.refusal = this.away || this.unknown ? undefined : refusal;
    // What the caller may not see any more is not shown any more.
    if (!this.away) this.value = undefined;
  }
}
