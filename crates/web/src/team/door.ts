// The way to the pages of a crisis team and to what contradicts what. They are a bundle of their own,
// fetched once the picture is there: the first screen does not wait for them.
import type { Entry } from "../gen/polder/v1/entry_pb.ts";
import type { Mode } from "../gen/polder/v1/incident_pb.ts";
import type { Actions, Shown } from "../state.ts";
import type { About } from "./answer.ts";
import type { Room } from "./room.ts";

export const TABS = ["situation", "signals", "forecasts", "impact", "scenarios", "capacity", "help", "reports", "warnings", "book", "handover", "sitreps"] as const;
export type Tab = (typeof TABS)[number];

const AGAIN_MS = 3_000;

/** What the room may ask of the rest. */
export interface House {
  draw(): void;
  /** Name by which somebody signed in. */
  person(): string;
  /** The party for which they read, `parties/{party}`; empty: of several or none. */
  party(): string;
  mode(): Mode;
  /** By the node's clock. */
  now(): number;
  /** Keeps it in the browser and sends it; false when the browser cannot keep it. */
  say(entry: Entry, audience: string, replaces?: string[]): Promise<boolean>;
  /** The bundle did not come or does not fit; true when that is because the node was upgraded. */
  misfit(): Promise<boolean>;
}

/** What is drawn on top of the list. */
export interface OnTop {
  count: number;
  /** Entries that take part. */
  names: ReadonlySet<string>;
  drawn(actions: Actions): unknown;
}

export class Team {
  tab: Tab | undefined;
  /** The bundle could not be fetched. */
  away = false;
  private room: Room | undefined;
  private loading = false;
  private about: About | undefined;

  constructor(private readonly house: House) {}

  open(tab: Tab): void {
    this.tab = tab;
    this.load();
    this.house.draw();
  }

  close(): void {
    if (!this.tab) return;
    this.tab = undefined;
    this.room?.leave();
    this.house.draw();
  }

  /** Another incident, or somebody else. */
  turn(): void {
    this.tab = this.about = undefined;
    this.room?.turn();
  }

  /** After each drawing: what is shown now; `undefined`: nothing of an incident that may be read. */
  follow(about: About | undefined): void {
    this.about = about;
    if (about) this.load();
    this.room?.follow(about, this.tab);
  }

  private load(): void {
    if (this.room || this.loading) return;
    this.loading = true;
    void this.fetch().then((room) => {
      this.room = room;
      this.away = false;
      room.follow(this.about, this.tab);
      this.house.draw();
    }, async () => {
      this.away = true;
      this.house.draw();
      // Of another build it never fits this page.
      if (await this.house.misfit()) return;
      setTimeout(() => {
        this.loading = false;
        this.load();
      }, AGAIN_MS);
    });
  }

  private async fetch(): Promise<Room> {
    const { Room, BUILD } = await import("./room.ts");
    if (BUILD !== __BUILD__) throw new Error("the room is of another build");
    return new Room(this.house);
  }

  /** Something is being written here that a reload would lose. */
  get writes(): boolean {
    return this.room?.writes ?? false;
  }

  onTop(shown: Shown): OnTop | undefined {
    return this.room?.onTop(shown);
  }

  /** The page that is open; `undefined` until it is here. */
  page(shown: Shown, actions: Actions): unknown {
    return this.tab && this.room?.page(this.tab, shown, actions);
  }

  /** What stands on each sheet of paper besides the picture. */
  paper(shown: Shown): string {
    return (this.tab && this.room?.paper(this.tab, shown)) ?? "";
  }
}
