// What a crisis team works with: asked of the node while somebody looks, drawn by the views beside.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CALL_MS, team as calls } from "../api.ts";
import type { Contradiction, ListContradictionsResponse } from "../gen/polder/v1/team_service_pb.ts";
import type { Actions, Shown } from "../state.ts";
import type { Item } from "../picture.ts";
import { disputeList } from "../views/team/disputes.ts";
import { Answer, type About } from "./answer.ts";
import { betweenEntries, decidedFor, decision, type Ruling } from "./disputes.ts";
import type { House, OnTop, Tab } from "./door.ts";

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
  ruling: RulingDraft | undefined;
  /** Decisions that were sent, by the versions that they cite: name of the entry. */
  readonly ruled = new Map<string, string>();
  private listed: [readonly Item[], Set<string>] | undefined;

  constructor(readonly house: House) {
    this.disputes = new Answer(
      ({ incident, atMs }) => calls.listContradictions({ incident, ...known(atMs) }, { timeoutMs: CALL_MS }),
      house.draw,
    );
  }

  follow(about: About | undefined, _tab: Tab | undefined): void {
    this.disputes.follow(about);
  }

  leave(): void {
    this.ruling = undefined;
  }

  turn(): void {
    this.leave();
    this.ruled.clear();
    this.disputes.forget();
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

  page(_tab: Tab, _shown: Shown, _actions: Actions): unknown {
    return undefined;
  }

  paper(_tab: Tab, _shown: Shown): string {
    return "";
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
}

/** What a decision cites: another version is another question. */
function sides(one: Contradiction): string {
  return one.versions.map((version) => version.version).join();
}

/** Of a moment, or of now. */
export function known(atMs: number | undefined): { knownAt?: ReturnType<typeof timestampFromMs> } {
  return atMs === undefined ? {} : { knownAt: timestampFromMs(atMs) };
}
