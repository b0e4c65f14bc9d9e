// The switches of `polder demo`: which nodes there are, and a line to each that can be cut.
export interface DemoPlace {
  name: string;
  cut: boolean;
  records: number;
  url: string;
}

const ASK_MS = 1_000;

export class Demo {
  places: DemoPlace[] = [];
  /** All nodes hold the same. */
  one = true;
  failed = false;
  private readonly told: () => void;

  constructor(told: () => void) {
    this.told = told;
  }

  /** Asks until it is clear that this is no demo. */
  async watch(): Promise<void> {
    for (;;) {
      try {
        const answer = await fetch("/demo");
        if (answer.status === 404) return;
        const said = (await answer.json()) as { places?: DemoPlace[]; one?: boolean };
        this.places = said.places ?? [];
        this.one = said.one ?? true;
        this.failed = false;
        this.told();
      } catch {
        this.failed = true;
      }
      await new Promise((done) => setTimeout(done, ASK_MS));
    }
  }

  async cut(name: string, cut: boolean): Promise<void> {
    await fetch(`/demo?${cut ? "cut" : "restore"}=${encodeURIComponent(name)}`, { method: "POST" }).catch(() => (this.failed = true));
  }
}
