// Follows one incident: keeps the stream up, and tells truthfully how it stands.
import { create } from "@bufbuild/protobuf";
import { ConnectError, Code } from "@connectrpc/connect";
import { SubscribeRequestSchema } from "./gen/polder/v1/picture_service_pb.ts";
import type { SubscribeRequest, SubscribeResponse } from "./gen/polder/v1/picture_service_pb.ts";
import type { Change, Picture } from "./picture.ts";

/** How the stream stands. Times are of the browser's clock. */
export type State =
  | { kind: "starting" }
  | { kind: "live"; lastWord: number }
  | { kind: "reconnecting"; since: number; lastWord: number | undefined }
  | { kind: "gone"; since: number; lastWord: number | undefined };

export type Open = (request: SubscribeRequest, signal: AbortSignal) => AsyncIterable<SubscribeResponse>;

/** The node speaks at least every 8 seconds; twice that and some is silence. */
export const SILENCE_MS = 20_000;
/** A connection that is away for longer is called gone. */
export const GONE_MS = 15_000;
const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 10_000;

/** How long to wait before the next attempt; between half and all of what doubles each time. */
export function wait(attempt: number, random: number): number {
  const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 20));
  return most * (0.5 + random / 2);
}

export class Follower {
  state: State = { kind: "starting" };
  private readonly stop = new AbortController();
  private lastWord: number | undefined;
  private wake: () => void = () => undefined;
  private readonly incident: string;
  private readonly picture: Picture;
  private readonly open: Open;
  private readonly told: (change: Change | undefined) => void;

  constructor(
    incident: string,
    picture: Picture,
    open: Open,
    told: (change: Change | undefined) => void,
  ) {
    this.incident = incident;
    this.picture = picture;
    this.open = open;
    this.told = told;
  }

  /** Runs until `end`. */
  async run(): Promise<void> {
    let attempt = 0;
    while (!this.stop.signal.aborted) {
      const heard = await this.once();
      if (this.stop.signal.aborted) return;
      attempt = heard ? 0 : attempt + 1;
      this.lost();
      await this.pause(wait(attempt, Math.random()));
      this.lost();
    }
  }

  /** Tries at once, when the network came back. */
  hurry(): void {
    this.wake();
  }

  end(): void {
    this.stop.abort();
    this.wake();
  }

  private request(): SubscribeRequest {
    const { token } = this.picture;
    const at = token
      ? ({ case: "token", value: token } as const)
      : ({ case: "snapshot", value: {} } as const);
    return create(SubscribeRequestSchema, {
      filter: { incidents: [this.incident] },
      start: { at },
      clientId: "polder page",
    });
  }

  /** One connection; true when the node spoke. */
  private async once(): Promise<boolean> {
    let heard = false;
    const connection = new AbortController();
    const end = (): void => connection.abort();
    this.stop.signal.addEventListener("abort", end);
    let silence = setTimeout(end, SILENCE_MS);
    try {
      if (!this.picture.token) this.picture.begin();
      for await (const message of this.open(this.request(), connection.signal)) {
        clearTimeout(silence);
        silence = setTimeout(end, SILENCE_MS);
        heard = true;
        const change = this.picture.apply(message);
        this.lastWord = Date.now();
        if (this.picture.whole) this.state = { kind: "live", lastWord: this.lastWord };
        this.told(change);
        if (message.event.case === "progress" && message.event.value.ending) break;
      }
    } catch (error) {
      // A token that the node cannot read is no use; a broken count even less.
      const ours = !(error instanceof ConnectError);
      if (ours || error.code === Code.InvalidArgument || error.code === Code.OutOfRange) {
        this.picture.token = "";
      }
    } finally {
      clearTimeout(silence);
      this.stop.signal.removeEventListener("abort", end);
      connection.abort();
    }
    return heard;
  }

  private lost(): void {
    if (this.stop.signal.aborted) return;
    const before = this.state;
    const since = "since" in before ? before.since : Date.now();
    const kind = Date.now() - since > GONE_MS ? "gone" : "reconnecting";
    this.state = { kind, since, lastWord: this.lastWord };
    this.told(undefined);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
