// The node's pages: links, charter, people, account and store. Asks for what is open, and forgets it
// when somebody else is here.
import { CALL_MS, acts as audit, charter, node, session } from "../api.ts";
import type { Act } from "../gen/polder/v1/act_pb.ts";
import type { GetNodeStatusResponse, VerifyVerdict } from "../gen/polder/v1/node_service_pb.ts";
import type { StatementRow } from "../gen/polder/v1/charter_service_pb.ts";
import { refusalOf, type Refusal } from "../refusal.ts";
import { may } from "../rights.ts";
import { passes } from "../wire.ts";
import { readCharter, type CharterRead } from "./charter.ts";
import { Persons } from "./persons.ts";

/** Each page, and the right that it needs. */
export const TABS = [["links", "look"], ["charter", "look"], ["people", "invite"], ["acts", "audit"], ["store", "look"]] as const;
export type Tab = (typeof TABS)[number][0];

const STORE_MS = 5_000;
/** More pages of statements are not read. */
const PAGES_MAX = 100;
/** A page of acts may be empty and not the last: so many are asked for at once. */
const LOOKS_MAX = 10;

/** Which acts are asked for; times as typed. */
export interface ActsAsked {
  person: string;
  incident: string;
  entry: string;
  from: string;
  until: string;
}

const ANY: ActsAsked = { person: "", incident: "", entry: "", from: "", until: "" };

export interface Checking {
  done: number;
  total: number;
  verdict: VerifyVerdict | undefined;
}

export class Office {
  tab: Tab | undefined;
  status: GetNodeStatusResponse | undefined;
  charter: CharterRead | undefined;
  /** The node has none. */
  noCharter = false;
  acts: Act[] = [];
  asked: ActsAsked = { ...ANY };
  /** More acts can be asked for. */
  next = "";
  /** What was asked for is here. */
  here = false;
  refusal: Refusal | undefined;
  away = false;
  busy = false;
  checking: Checking | undefined;
  readonly persons: Persons;
  private round = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly draw: () => void) {
    this.persons = new Persons(draw);
  }

  /** Pages that the person may see. */
  tabs(): Tab[] {
    return TABS.filter(([, right]) => may(session.caller, right)).map(([tab]) => tab);
  }

  open(tab: Tab): void {
    this.forget();
    this.tab = tab;
    this.draw();
    void this.fetch();
  }

  close(): void {
    this.forget();
    this.tab = undefined;
    this.draw();
  }

  /** Somebody else looks now. */
  turn(): void {
    this.asked = { ...ANY };
    this.close();
    this.persons.turn();
  }

  private forget(): void {
    this.round += 1;
    clearTimeout(this.timer);
    this.persons.leave();
    this.refusal = this.status = this.charter = this.checking = undefined;
    this.acts = [];
    this.next = "";
    this.here = this.away = this.busy = this.noCharter = false;
  }

  /** Who did something with one entry. */
  whoDid(entry: string, incident: string): void {
    this.asked = { ...ANY, entry, incident };
    this.open("acts");
  }

  ask(change: Partial<ActsAsked>): void {
    this.asked = { ...this.asked, ...change };
    this.draw();
  }

  /** What is open, anew. */
  async fetch(): Promise<void> {
    const { tab } = this;
    const round = (this.round += 1);
    clearTimeout(this.timer);
    if (!tab || !this.tabs().includes(tab)) return;
    this.busy = true;
    this.draw();
    const still = (): boolean => round === this.round;
    try {
      if (tab === "store") await this.fetchStatus(still);
      if (tab === "charter") await this.fetchCharter(still);
      if (tab === "people") await this.persons.fetch();
      if (tab === "acts") await this.fetchActs(still, "");
      if (!still()) return;
      this.refusal = undefined;
      this.away = false;
      this.here = true;
    } catch (error) {
      if (!still()) return;
      this.failed(error);
    }
    this.busy = false;
    if (tab === "store") this.timer = setTimeout(() => void this.fetch(), STORE_MS);
    this.draw();
  }

  private failed(error: unknown): void {
    const refusal = refusalOf(error);
    this.away = passes(error) && !refusal.reason;
    this.refusal = this.away ? undefined : refusal;
  }

  private async fetchStatus(still: () => boolean): Promise<void> {
    const status = await node.getNodeStatus({}, { timeoutMs: CALL_MS });
    if (still()) this.status = status;
  }

  private async fetchCharter(still: () => boolean): Promise<void> {
    const rows: StatementRow[] = [];
    let pageToken = "";
    let id = new Uint8Array();
    try {
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const answer = await charter.listStatements({ pageSize: 500, pageToken }, { timeoutMs: CALL_MS });
        rows.push(...answer.statements);
        id = answer.charter as Uint8Array<ArrayBuffer>;
        pageToken = answer.nextPageToken;
        if (!pageToken) break;
      }
    } catch (error) {
      if (refusalOf(error).reason !== "CHARTER_NOT_FOUND") throw error;
      if (still()) this.noCharter = true;
      return;
    }
    if (still()) [this.charter, this.noCharter] = [readCharter(id, rows), false];
  }

  private async fetchActs(still: () => boolean, token: string): Promise<void> {
    const { person, incident, entry, from, until } = this.asked;
    const time = (typed: string): { seconds: bigint; nanos: number } | undefined => {
      const ms = new Date(typed).getTime();
      return Number.isFinite(ms) ? { seconds: BigInt(Math.floor(ms / 1000)), nanos: 0 } : undefined;
    };
    const found: Act[] = [];
    let pageToken = token;
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      const answer = await audit.listActs({
        person: person.trim(), incident: entry ? "" : incident, entry, pageSize: 200, pageToken,
        fromTime: time(from), untilTime: time(until),
      }, { timeoutMs: CALL_MS });
      found.push(...answer.acts);
      pageToken = answer.nextPageToken;
      if (!pageToken || found.length > 0) break;
    }
    if (!still()) return;
    this.acts = token ? [...this.acts, ...found] : found;
    this.next = pageToken;
  }

  async more(): Promise<void> {
    const round = (this.round += 1);
    this.busy = true;
    this.draw();
    try {
      await this.fetchActs(() => round === this.round, this.next);
    } catch (error) {
      if (round === this.round) this.failed(error);
    }
    if (round === this.round) this.busy = false;
    this.draw();
  }

  /** Walks every chain, hash and signature on the node's disk. */
  async verify(): Promise<void> {
    if (this.checking && !this.checking.verdict) return;
    const checking: Checking = { done: 0, total: 0, verdict: undefined };
    this.checking = checking;
    this.draw();
    try {
      for await (const { recordsChecked, recordsTotal, verdict } of node.verifyLog({})) {
        if (this.checking !== checking) return;
        [checking.done, checking.total, checking.verdict] = [Number(recordsChecked), Number(recordsTotal), verdict];
        this.draw();
      }
    } catch (error) {
      if (this.checking !== checking) return;
      this.checking = undefined;
      this.failed(error);
    }
    this.draw();
  }
}
