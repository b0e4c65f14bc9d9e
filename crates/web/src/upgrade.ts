// Notices that the node was upgraded under a page that is open: what it would fetch then no longer fits
// what it has. It says so, and loads itself anew once nobody is writing; a reload keeps drafts and posts.

/** Nobody pressed or typed anything for so long. */
export const QUIET_MS = 10_000;
const ASK_MS = 5_000;
const RELOADED = "polder-reloaded-for";
const AFTER = "polder-after-reload";

/** Where somebody was, for after the reload. */
export interface Place {
  incident: string;
  /** Page of the team that was open. */
  tab: string | undefined;
  selected: string | undefined;
}

/** What the upgrade needs of the rest. */
export interface Surroundings {
  /** Something is open that a reload would lose. */
  busy(): boolean;
  place(): Place;
  draw(): void;
  reload(): void;
}

/** The build that the node serves; `undefined` when it does not say or does not answer. */
async function served(): Promise<{ answered: boolean; build: string | undefined }> {
  try {
    const answer = await fetch("/build.txt", { cache: "no-store", signal: AbortSignal.timeout(ASK_MS) });
    const text = answer.ok ? (await answer.text()).trim() : "";
    return { answered: true, build: /^[0-9a-f]{16}$/.test(text) ? text : undefined };
  } catch {
    return { answered: false, build: undefined };
  }
}

function fields(): Iterable<HTMLInputElement | HTMLTextAreaElement> {
  return document.querySelectorAll("textarea, input[type=text], input[type=search], input[type=password]");
}

/** Whether words stand in a field that nobody has sent. */
export function typed(fields: Iterable<{ value: string; defaultValue: string }>): boolean {
  for (const field of fields) if (field.value.trim() !== field.defaultValue.trim()) return true;
  return false;
}

export class Upgrade {
  /** The node serves another page than this one. */
  found = false;
  private build = "";
  private touchedMs = Date.now();
  private asking: Promise<void> | undefined;

  constructor(private readonly own: string, private readonly around: Surroundings, private readonly ask = served) {}

  /** Takes note of what people do. */
  watch(): void {
    const touched = (): void => void (this.touchedMs = Date.now());
    for (const what of ["keydown", "pointerdown", "input", "wheel"]) addEventListener(what, touched, { capture: true, passive: true });
  }

  /** Asks the node which page it serves. `misfit`: what was fetched does not fit, so it is another one
   * when the node answers at all. */
  async check(misfit = false): Promise<boolean> {
    if (this.found) return true;
    this.asking ??= this.once(misfit).finally(() => (this.asking = undefined));
    await this.asking;
    return this.found;
  }

  private async once(misfit: boolean): Promise<void> {
    const { answered, build } = await this.ask();
    const other = build !== undefined && build !== this.own;
    if (!other && !(misfit && answered && build === undefined)) return;
    this.found = true;
    this.build = build ?? "";
    this.around.draw();
  }

  /** Every second: by itself once for each build, or a page that stays old would load for ever. */
  tick(): void {
    if (!this.found || Date.now() - this.touchedMs < QUIET_MS || this.around.busy() || typed(fields())) return;
    if (stored(RELOADED) === this.build) return;
    this.load();
  }

  /** Loads the new page, which begins where this one was. */
  load(): void {
    keep(RELOADED, this.build);
    keep(AFTER, JSON.stringify(this.around.place()));
    this.around.reload();
  }
}

/** Where somebody was before the page loaded itself anew; told once. */
export function placeBefore(incident: string): Place | undefined {
  const text = stored(AFTER);
  if (!text) return undefined;
  try {
    sessionStorage.removeItem(AFTER);
    const place = JSON.parse(text) as Place;
    return place.incident === incident ? place : undefined;
  } catch {
    return undefined;
  }
}

function stored(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Then it begins at the list.
  }
}
