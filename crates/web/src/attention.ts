// What somebody must see and say so: asked of the node now and then, and said by one press.
import { CALL_MS, session, team } from "./api.ts";
import type { Attended } from "./gen/polder/v1/team_service_pb.ts";
import { refusalOf, type Refusal } from "./refusal.ts";
import { may } from "./rights.ts";
import { passes } from "./wire.ts";
import { Code, ConnectError } from "@connectrpc/connect";

const ASK_MS = 5_000;

export class Attention {
  /** What not everybody has seen of those who must, the most overdue first. */
  rows: Attended[] = [];
  leftOut = 0;
  /** Name of the entry that was not to be said of, and why. */
  refused: { name: string; refusal: Refusal; away: boolean } | undefined;
  /** Those that are being said to be read. */
  readonly busy = new Set<string>();
  /** The same request goes again until it is answered. */
  private readonly ids = new Map<string, string>();
  private round = 0;
  private hurry: () => void = () => undefined;

  constructor(private readonly draw: () => void, private readonly incident: () => string) {}

  /** Another incident, or somebody else. */
  turn(): void {
    this.round += 1;
    this.rows = [];
    this.leftOut = 0;
    this.refused = undefined;
    this.busy.clear();
    this.ids.clear();
    this.hurry();
  }

  /** Asks as long as the page is open; a node of before has no such thing. */
  async watch(): Promise<void> {
    for (;;) {
      if (!(await this.ask())) return;
      await new Promise<void>((resolve) => {
        this.hurry = resolve;
        setTimeout(resolve, ASK_MS);
      });
    }
  }

  private async ask(): Promise<boolean> {
    const incident = this.incident();
    if (session.needed || !incident || !may(session.caller, "read")) return true;
    const { round } = this;
    try {
      const answer = await team.listAttention({ incident, onlyWaiting: true }, { timeoutMs: CALL_MS });
      if (round !== this.round) return true;
      this.rows = answer.entries;
      this.leftOut = answer.entriesLeftOut;
      this.draw();
    } catch (error) {
      return ConnectError.from(error).code !== Code.Unimplemented;
    }
    return true;
  }

  /** Says that the reader has read it, for the party that was asked or else for their own. */
  async read(name: string, party: string): Promise<void> {
    if (this.busy.has(name)) return;
    const key = `${name} ${party}`;
    const requestId = this.ids.get(key) ?? crypto.randomUUID();
    this.ids.set(key, requestId);
    this.busy.add(name);
    this.refused = undefined;
    this.draw();
    try {
      await team.acknowledge({ requestId, name, party }, { timeoutMs: CALL_MS });
      this.ids.delete(key);
      await this.ask();
    } catch (error) {
      const refusal = refusalOf(error);
      const away = passes(error) && !refusal.reason;
      if (!away) this.ids.delete(key);
      this.refused = { name, refusal, away };
    }
    this.busy.delete(name);
    this.draw();
  }
}
