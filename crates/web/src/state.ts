// What the page shows, and what the reader chose. One place; views read it, `App` changes it.
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Incident } from "./gen/polder/v1/incident_pb.ts";
import type { Link } from "./gen/polder/v1/node_service_pb.ts";
import type { State } from "./follow.ts";
import type { Waiting } from "./outbox.ts";
import type { Item } from "./picture.ts";
import type { Choice, Position, Understood } from "./understand.ts";
import type { Language } from "./words/index.ts";

export type Theme = "system" | "light" | "dark";

export interface Filter {
  /** Disciplines that are not shown. */
  hidden: Set<number>;
  kind: string;
  text: string;
}

export interface Links {
  rows: Link[];
  nodeMs: number;
  /** By the browser's clock. */
  at: number;
  failed: boolean;
}

export type Picking = "" | "point" | "line" | "area";

export interface Draft {
  line: string;
  choice: Choice;
  discipline: number;
  /** What the map is asked for. */
  picking: Picking;
  problem: string;
}

export interface Past {
  /** The moment that is asked for. */
  atMs: number;
  /** The moment that `items` are of. */
  shownMs: number;
  incident: Incident | undefined;
  items: Map<string, Item> | undefined;
  failed: boolean;
}

/** All that a view may read. */
export interface Shown {
  language: Language;
  theme: Theme;
  dark: boolean;
  incidents: Incident[] | undefined;
  incident: Incident | undefined;
  name: string;
  stream: State;
  nowMs: number;
  /** Now, whatever moment is shown. */
  liveMs: number;
  party: string;
  nodeName: string;
  /** Whether the picture was ever here as a whole. */
  whole: boolean;
  total: number;
  /** By what the filters let through, in the order of the list. */
  list: Item[];
  contradictions: Item[];
  counts: Map<number, number>;
  kinds: string[];
  shown: number;
  filter: Filter;
  selected: string | undefined;
  versions: { name: string; rows: Entry[] | undefined; failed: boolean } | undefined;
  /** The version of which it is asked whether it holds. */
  deciding: string | undefined;
  /** Why what is chosen would be withdrawn; `undefined` when nobody asked to. */
  withdrawing: string | undefined;
  /** For screen readers. */
  announced: string;
  links: Links | undefined;
  waiting: Waiting[];
  draft: Draft;
  past: Past | undefined;
  /** When the incident began, for the slider. */
  beginMs: number;
}

export interface Actions {
  open(incident: string): void;
  language(lang: string): void;
  theme(theme: Theme): void;
  choose(name: string | undefined, from: "map" | "list"): void;
  filter(change: Partial<Filter>): void;
  discipline(number: number, on: boolean): void;
  more(): void;
  type(line: string): void;
  draft(change: Partial<Draft>): void;
  choice(change: Choice): void;
  place(position: Position | undefined): void;
  unplace(): void;
  post(): void;
  decide(version: string | undefined): void;
  withdraw(reason: string | undefined): void;
  retract(name: string): void;
  hold(one: Item, chosen: Entry): void;
  retry(id: string): void;
  discard(id: string): void;
  zoom(by: number): void;
  go(where: string): void;
  understood(): Understood;
  center(): void;
  past(atMs: number | undefined): void;
}
