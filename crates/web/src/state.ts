// What the page shows, and what the reader chose. One place; views read it, `App` changes it.
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Incident } from "./gen/polder/v1/incident_pb.ts";
import type { Link } from "./gen/polder/v1/node_service_pb.ts";
import type { Caller } from "./gen/polder/v1/people_service_pb.ts";
import type { FormDraft } from "./desk.ts";
import type { Field } from "./fields.ts";
import type { State } from "./follow.ts";
import type { Value } from "./form.ts";
import type { ProviderRow, SignInDraft } from "./gate.ts";
import type { Waiting } from "./outbox.ts";
import type { FirstReport } from "./methane.ts";
import type { Item } from "./picture.ts";
import type { AudienceRow } from "./rights.ts";
import type { Choice, Position, Understood } from "./understand.ts";
import type { Sure } from "./show.ts";
import type { ViewName } from "./themes.ts";
import type { Album, Tray } from "./photo.ts";
import type { Areas } from "./map/areas.ts";
import type { Demo } from "./demo.ts";
import type { Difference } from "./changes.ts";
import type { PlaceRow } from "./map/base.ts";
import type { Attention } from "./attention.ts";
import type { Office } from "./office/office.ts";
import type { Releases } from "./release.ts";
import type { Issue } from "./issue.ts";
import type { TakeBacks } from "./takeback.ts";
import type { Replay } from "./replay.ts";
import type { Team } from "./team/door.ts";
import type { KindName, Language } from "./words/index.ts";

export type Theme = "system" | "light" | "dark";

export interface Filter {
  /** Disciplines that are not shown. */
  hidden: Set<number>;
  kind: string;
  text: string;
  /** 0: any. */
  statement: number;
  party: string;
  urgent: boolean;
  /** Empty: any. */
  sure: Sure | "";
  /** Seen within so many hours; 0: ever. */
  hours: number;
  /** -1: any. */
  theme: number;
  view: ViewName;
}

export interface Links {
  rows: Link[];
  nodeMs: number;
  /** Records that checkpoints left out at this node and that are still to come. */
  earlier: number;
  /** By the browser's clock. */
  at: number;
  failed: boolean;
}

export type Picking = "" | "point" | "line" | "area";

export interface Draft {
  line: string;
  choice: Choice;
  discipline: number;
  /** Name, empty for everybody; `undefined` until somebody chose. */
  audience: string | undefined;
  /** For which party; empty: the usual one. */
  party: string;
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
  /** Only what held at that moment. */
  validToo: boolean;
}

/** What changed since a moment. */
export interface Since {
  atMs: number;
  rows: Difference[] | undefined;
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
  /** What was released from an entry, by its name. */
  releases: ReadonlyMap<string, Item[]>;
  /** By what the filters let through, in the order of the list. */
  list: Item[];
  contradictions: Item[];
  counts: Map<number, number>;
  kinds: string[];
  parties: string[];
  themes: Map<number, number>;
  /** Everything, filters or not. */
  items: ReadonlyMap<string, Item>;
  since: Since | undefined;
  /** When this reader looked before; 0: never. */
  lastVisit: number;
  towns: readonly PlaceRow[];
  /** Larger, for a screen that is read from afar. */
  wall: boolean;
  /** Filters and links lie over the map, on a screen that has no room beside it. */
  panel: boolean;
  shown: number;
  filter: Filter;
  selected: string | undefined;
  versions: { name: string; rows: Entry[] | undefined; failed: boolean } | undefined;
  /** The version of which it is asked whether it holds. */
  deciding: string | undefined;
  /** Why what is chosen would be withdrawn; `undefined` when nobody asked to. */
  withdrawing: string | undefined;
  /** The node serves another page than this one. */
  upgraded: boolean;
  /** For screen readers. */
  announced: string;
  links: Links | undefined;
  waiting: Waiting[];
  /** How many wait in this browser that are of somebody else. */
  othersWaiting: number;
  draft: Draft;
  form: FormDraft | undefined;
  /** A first report that is being written. */
  first: FirstReport | undefined;
  caller: Caller | undefined;
  /** Name by which the person signed in. */
  person: string;
  /** When the session ends; 0: there is none. */
  sessionMs: number;
  mayRead: boolean;
  mayPublish: boolean;
  /** To whom the next report is. */
  audience: string;
  /** To whom the person can speak, `audiences/{audience}`; empty: everybody. */
  audiences: string[];
  /** What the charter says of audiences. */
  audienceRows: AudienceRow[];
  /** Parties for which the person can speak; empty: that of the node. */
  speaksFor: string[];
  past: Past | undefined;
  /** When the incident began, for the slider. */
  beginMs: number;
}

export interface Actions {
  readonly demo: Demo;
  readonly replay: Replay;
  readonly album: Album;
  readonly photos: Tray;
  readonly areas: Areas;
  readonly releases: Releases;
  readonly takeBacks: TakeBacks;
  /** A drafted warning that somebody is about to issue. */
  readonly issue: Issue | undefined;
  readonly office: Office;
  readonly attention: Attention;
  readonly team: Team;
  since(atMs: number): void;
  validToo(on: boolean): void;
  wall(on: boolean): void;
  /** To the national screen, or back from it. */
  nation(): void;
  panel(on: boolean): void;
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
  release(): void;
  issueBegin(name: string): void;
  issueChange(change: Partial<Pick<Issue, "corrects" | "unchecked">>): void;
  issueEnd(): void;
  issueSend(): void;
  /** Back from the node's pages, to one entry. */
  look(name: string): void;
  hold(one: Item, chosen: Entry): void;
  retry(id: string): void;
  discard(id: string): void;
  zoom(by: number): void;
  go(where: string): void;
  understood(): Understood;
  center(): void;
  past(atMs: number | undefined): void;
  signOut(): void;
  /** Loads the page that the node serves now. */
  loadAnew(): void;
  claim(id: string): void;
  fill(kind?: KindName): void;
  edit(one: Item, version: Entry): void;
  correct(id: string): void;
  /** Opens the form on an entry that somebody begins with, for those who may see it; with what it is for.
   * `free`: for whom it is can be chosen. */
  write(base: Entry, audience: string, help: string, free?: boolean): void;
  form(change: Partial<FormDraft>): void;
  formKind(kind: KindName): void;
  formValue(part: "common" | "figures", path: readonly (string | number)[], value: Value | undefined): void;
  formRow(part: "common" | "figures", field: Field): void;
  formClose(): void;
  formSend(): void;
  methane(): void;
  answer(key: string, value: string): void;
  methaneSend(): void;
}

/** What the view to sign in shows. */
export interface Door {
  language: Language;
  draft: SignInDraft;
  reason: string;
  /** Who is signed in and may go on. */
  person: string;
  /** Whether somebody's words wait here. */
  waits: boolean;
  providers: ProviderRow[];
}

export interface DoorActions {
  language(lang: string): void;
  signIn(): void;
  leaveFor(provider: string): void;
  change(change: Partial<SignInDraft>): void;
  stay(): void;
}
