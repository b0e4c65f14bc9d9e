// Plays the past: from where the slider stands to now, at a speed that the reader chooses.

/** Seconds of then in one second of now. */
export const SPEEDS = [60, 300, 1_800, 7_200, 43_200] as const;
const TICK_MS = 1_000;

export class Replay {
  speed: number = SPEEDS[2];
  playing = false;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly go: () => boolean;

  /** `go` moves on and tells whether there is more. */
  constructor(go: () => boolean) {
    this.go = go;
  }

  /** How far one step goes. */
  get step(): number {
    return this.speed * TICK_MS;
  }

  toggle(): void {
    if (this.playing) return this.stop();
    this.playing = true;
    this.tick();
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.playing = false;
  }

  private tick(): void {
    if (!this.go()) this.stop();
  }
}
