// What a crisis team works with: asked of the node while somebody looks, drawn by the views beside.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CALL_MS, situations, team as calls } from "../api.ts";
import type { Contradiction, GetHandoverResponse, ListContradictionsResponse, ListGapsResponse, ListSitrepsResponse } from "../gen/polder/v1/team_service_pb.ts";
import type { GetDigestResponse, GetSituationResponse, ListScalingResponse } from "../gen/polder/v1/situation_service_pb.ts";
import type { Actions, Shown } from "../state.ts";
import type { Item } from "../picture.ts";
import { disputeList } from "../views/team/disputes.ts";
import { pageOf, paperOf } from "../views/team/frame.ts";
import { Answer, known, type About } from "./answer.ts";
import { betweenEntries, decidedFor, decision, type Ruling } from "./disputes.ts";
import type { Assistance, ListAssistanceResponse } from "../gen/polder/v1/assistance_pb.ts";
import type { Entry } from "../gen/polder/v1/entry_pb.ts";
import { EMPTY, accepting, begun, current, moved, wholeOf, type HelpForm } from "./help.ts";
import { SitrepDesk } from "./desk.ts";
import { Public } from "./public.ts";
import type { House, OnTop, Tab } from "./door.ts";
import { Watch } from "./watch.ts";

/** Of which build this bundle is: it is fetched later than the page, and may be of another. */
export const BUILD = __BUILD__;

const HOUR_MS = 3_600_000;
export const SHIFT_HOURS = 8;

/** A decision that somebody is writing. */
export interface RulingDraft extends Ruling {
  /** Of the contradiction. */
  name: string;
  audience: string;
  busy: boolean;
  /** The browser could not keep it. */
  notKept: boolean;
}

export class Room {
  readonly disputes: Answer<ListContradictionsResponse>;
  readonly handover: Answer<GetHandoverResponse>;
  readonly gaps: Answer<ListGapsResponse>;
  readonly sitreps: Answer<ListSitrepsResponse>;
  readonly desk: SitrepDesk;
  readonly help: Answer<ListAssistanceResponse>;
  readonly situation: Answer<GetSituationResponse>;
  readonly digest: Answer<GetDigestResponse>;
  readonly scaling: Answer<ListScalingResponse>;
  readonly watch: Watch;
  readonly public: Public;
  /** The column for which somebody reads; 0: all. */
  column = 0;
  /** What somebody asks, offers, accepts or moves. */
  helping: HelpForm | undefined;
  onlyOpen = false;
  /** When the shift began, as chosen; `undefined`: a usual shift ago. */
  sinceMs: number | undefined;
  ruling: RulingDraft | undefined;
  /** Decisions that were sent, by the versions that they cite: name of the entry. */
  readonly ruled = new Map<string, string>();
  private listed: [readonly Item[], Set<string>] | undefined;

  constructor(readonly house: House) {
    this.disputes = new Answer(
      ({ incident, atMs }) => calls.listContradictions({ incident, ...known(atMs) }, { timeoutMs: CALL_MS }),
      house.draw,
    );
    this.handover = new Answer(
      ({ incident, atMs, also }) => calls.getHandover({ incident, since: timestampFromMs(Number(also)), ...known(atMs) }, { timeoutMs: CALL_MS }),
      house.draw,
    );
    this.gaps = new Answer(
      ({ incident, atMs }) => calls.listGaps({ incident, ...known(atMs) }, { timeoutMs: CALL_MS }),
      house.draw,
    );
    this.sitreps = new Answer(
      ({ incident, atMs }) => calls.listSitreps({ incident, ...known(atMs) }, { timeoutMs: CALL_MS }),
      house.draw,
    );
    this.help = new Answer(
      ({ incident, atMs }) => calls.listAssistance({ incident, ...known(atMs) }, { timeoutMs: CALL_MS }),
      house.draw,
    );
    this.situation = new Answer(
      ({ incident, atMs }) => situations.getSituation({ incident, ...known(atMs) }, { timeoutMs: CALL_MS }),
      house.draw,
    );
    this.digest = new Answer(
      ({ incident, atMs, also }) => situations.getDigest({ incident, discipline: Number(also), party: house.party(), ...known(atMs) }, { timeoutMs: CALL_MS }),
      house.draw,
    );
    this.scaling = new Answer(
      ({ incident, atMs }) => situations.listScaling({ incident, ...known(atMs) }, { timeoutMs: CALL_MS }),
      house.draw,
    );
    this.watch = new Watch(house);
    this.public = new Public(house);
    this.desk = new SitrepDesk(house, () => this.sitreps.hurry());
  }

  follow(about: About | undefined, tab: Tab | undefined): void {
    const on = (wanted: Tab): About | undefined => (tab === wanted ? about : undefined);
    this.disputes.follow(about);
    this.handover.follow(tab === "handover" && about ? { ...about, also: String(this.since(about.atMs ?? this.house.now())) } : undefined);
    this.gaps.follow(on("handover"));
    this.sitreps.follow(on("sitreps"));
    this.help.follow(on("help"));
    this.situation.follow(on("situation"));
    this.digest.follow(tab === "situation" && about ? { ...about, also: String(this.column) } : undefined);
    this.scaling.follow(on("situation"));
    this.watch.follow(about, tab);
    this.public.follow(about, tab);
    // Another moment than that of which one is read.
    const { reading } = this.desk;
    if (tab === "sitreps" && about && reading && reading.atMs !== about.atMs) this.desk.read(reading.name, about.atMs);
  }

  /** Something is open here that is kept nowhere else. */
  get writes(): boolean {
    return [this.ruling, this.helping, this.watch.supposing, this.public.checking].some((one) => one !== undefined) || this.desk.busy;
  }

  /** Reads for a column. */
  readFor(column: number): void {
    this.column = column;
    this.house.draw();
  }

  /** Since when things count as changed, seen from a moment. */
  since(atMs: number): number {
    const chosen = this.sinceMs;
    if (chosen !== undefined && chosen < atMs) return chosen;
    // Whole hours, so that it stays the same while somebody reads.
    return Math.floor(atMs / HOUR_MS) * HOUR_MS - SHIFT_HOURS * HOUR_MS;
  }

  chooseSince(ms: number | undefined): void {
    this.sinceMs = ms;
    this.house.draw();
  }

  leave(): void {
    this.ruling = this.helping = undefined;
    this.desk.leave();
    this.watch.leave();
    this.public.leave();
  }

  turn(): void {
    this.leave();
    this.ruled.clear();
    this.sinceMs = undefined;
    this.desk.turn();
    this.watch.turn();
    this.public.turn();
    for (const one of [this.disputes, this.handover, this.gaps, this.sitreps, this.help, this.situation, this.digest, this.scaling]) one.forget();
  }

  /** Contradictions between entries of which one passes the filters, open ones first. */
  onTop(shown: Shown): OnTop | undefined {
    const found = (this.disputes.value?.contradictions ?? []).filter(betweenEntries);
    if (found.length === 0) return undefined;
    if (this.listed?.[0] !== shown.list) this.listed = [shown.list, new Set(shown.list.map((one) => one.name))];
    const [, through] = this.listed;
    const rows = found.filter((one) => one.versions.some((version) => through.has(version.name)));
    if (rows.length === 0) return undefined;
    const names = new Set(rows.flatMap((one) => one.versions.map((version) => version.name)));
    const open = rows.filter((one) => one.decisions.length === 0);
    return { count: open.length, names, drawn: (actions) => disputeList(rows, this, shown, actions) };
  }

  page(tab: Tab, shown: Shown, actions: Actions): unknown {
    return pageOf(tab, this, shown, actions);
  }

  /** What a sheet of paper is, besides the picture. */
  paper(tab: Tab, shown: Shown): string {
    return paperOf(tab, this, shown);
  }

  // Deciding.

  rule(one: Contradiction | undefined): void {
    this.ruling = one && { name: one.name, title: "", by: "", because: "", audience: decidedFor(one), busy: false, notKept: false };
    this.house.draw();
  }

  changeRuling(change: Partial<RulingDraft>): void {
    if (this.ruling) this.ruling = { ...this.ruling, ...change };
    this.house.draw();
  }

  /** Records the decision on what is on the screen: every version of it is cited. */
  async sendRuling(one: Contradiction, shown: Shown): Promise<void> {
    const { ruling } = this;
    if (!ruling || ruling.busy || ruling.name !== one.name || !ruling.title.trim() || !ruling.by.trim()) return;
    this.changeRuling({ busy: true, notKept: false });
    const entry = decision(one, ruling, shown.name, shown.language.lang);
    this.ruled.set(sides(one), entry.name);
    const kept = await this.house.say(entry, ruling.audience);
    if (this.ruling?.name === one.name) this.ruling = kept ? undefined : { ...this.ruling, busy: false, notKept: true };
    if (!kept) this.ruled.delete(sides(one));
    this.disputes.hurry();
    this.house.draw();
  }

  /** Whether a decision on it is on its way, or here and not yet told. */
  isRuled(one: Contradiction, shown: Shown): boolean {
    const name = this.ruled.get(sides(one));
    return name !== undefined && (shown.items.has(name) || shown.waiting.some((waiting) => waiting.name === name && !waiting.problem));
  }

  // Helping.

  openOnly(on: boolean): void {
    this.onlyOpen = on;
    this.house.draw();
  }

  helpWith(begin: Partial<HelpForm> | undefined): void {
    this.helping = begin && { ...EMPTY, ...begin };
    this.house.draw();
  }

  changeHelp(change: Partial<HelpForm>): void {
    if (this.helping) this.helping = { ...this.helping, ...change };
    this.house.draw();
  }

  async sendBegun(shown: Shown): Promise<void> {
    const { helping } = this;
    const entry = helping && begun(helping, shown.name);
    if (entry) await this.sayHelp(entry, helping.audience);
  }

  async sendAccepted(row: Assistance, offer: Entry, shown: Shown): Promise<void> {
    const quantity = this.helping && wholeOf(this.helping.quantity, 0);
    if (quantity === undefined || !row.request || shown.past?.items) return;
    await this.sayHelp(accepting(row.request, offer.name, quantity), row.request.audience, current(row.request));
  }

  async sendMoved(offer: Entry, shown: Shown): Promise<void> {
    const entry = this.helping && moved(offer, this.helping);
    if (entry && !shown.past?.items) await this.sayHelp(entry, offer.audience, current(offer));
  }

  private async sayHelp(entry: Entry, audience: string, replaces?: string[]): Promise<void> {
    const { helping } = this;
    if (!helping || helping.busy) return;
    this.changeHelp({ busy: true, notKept: false });
    const kept = await this.house.say(entry, audience, replaces);
    if (this.helping) this.helping = kept ? undefined : { ...helping, busy: false, notKept: true };
    this.house.draw();
  }
}

/** What a decision cites: another version is another question. */
function sides(one: Contradiction): string {
  return one.versions.map((version) => version.version).join();
}
