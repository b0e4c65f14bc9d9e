// One stream for all tabs of a browser: one tab leads and tells the others what it heard. When it
// goes, another leads from where it was. Browsers allow six connections to a node, over all tabs.
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Incident } from "./gen/polder/v1/incident_pb.ts";
import { Follower, SILENCE_MS, type Open, type State } from "./follow.ts";
import { item, type Change, type Picture } from "./picture.ts";

/** What the leading tab tells: the entries that changed, and how the stream stands. */
interface Told {
  all: boolean;
  /** Without versions: dropped. */
  entries: [string, Entry[]][];
  incident: Incident | undefined;
  token: string;
  nodeMs: number;
  whole: boolean;
  state: State;
}

/** `leads`: who listens to another shall say hello. */
type Said = { hello: true } | { leads: true } | { told: Told };

/** A leading tab that says nothing for so long is not waited for. */
const DEAF_MS = SILENCE_MS + 10_000;

export class SharedFollower {
  state: State = { kind: "starting" };
  private readonly channel: BroadcastChannel;
  private readonly stop = new AbortController();
  private readonly name: string;
  private readonly shares: string;
  private readonly picture: Picture;
  private readonly open: Open;
  private readonly told: (change: Change | undefined) => void;
  private own: Follower | undefined;
  private leads = false;
  /** True once everything was told. */
  private joined = false;
  /** Another tab is or was there: a browser takes long to copy a picture for nobody. */
  private others = false;
  private deaf: ReturnType<typeof setTimeout> | undefined;

  constructor(
    incident: string,
    picture: Picture,
    open: Open,
    told: (change: Change | undefined) => void,
    person = "",
  ) {
    this.name = incident;
    // What one person may see another need not: tabs only share with those of the same person.
    this.shares = `polder-stream ${incident} ${person}`;
    this.picture = picture;
    this.open = open;
    this.told = told;
    this.channel = new BroadcastChannel(this.shares);
    this.channel.onmessage = (event: MessageEvent<Said>) => this.hear(event.data);
  }

  /** Runs until `end`. */
  async run(): Promise<void> {
    this.say({ hello: true });
    this.listen();
    const options = { signal: this.stop.signal };
    const lead = (): Promise<void> => {
      this.leads = true;
      this.say({ leads: true });
      clearTimeout(this.deaf);
      return this.alone();
    };
    try {
      await navigator.locks.request(this.shares, options, lead);
    } catch (error) {
      if (!this.stop.signal.aborted) throw error;
    }
  }

  hurry(): void {
    this.own?.hurry();
  }

  end(): void {
    this.stop.abort();
    this.own?.end();
    clearTimeout(this.deaf);
    this.channel.close();
  }

  /** With a stream of its own, from where the picture is. */
  private async alone(): Promise<void> {
    if (this.own) return this.running;
    this.own = new Follower(this.name, this.picture, this.open, (change) => {
      this.state = this.own?.state ?? this.state;
      if (this.leads && this.others) this.say({ told: this.tell(change) });
      this.told(change);
    });
    this.running = this.own.run();
    return this.running;
  }
  private running: Promise<void> = Promise.resolve();

  private listen(): void {
    clearTimeout(this.deaf);
    if (this.leads || this.own) return;
    this.deaf = setTimeout(() => void this.alone(), DEAF_MS);
  }

  private tell(change: Change | undefined): Told {
    const { items, incident, token, nodeMs, whole } = this.picture;
    const names = change === "all" ? items.keys() : (change ?? []);
    const entries = Array.from(names, (name): [string, Entry[]] => [name, items.get(name)?.versions ?? []]);
    return { all: change === "all", entries, incident, token, nodeMs, whole, state: this.state };
  }

  private hear(said: Said): void {
    this.others = true;
    if ("leads" in said) {
      if (!this.leads && !this.own) this.say({ hello: true });
      return;
    }
    if ("hello" in said) {
      if (this.leads) this.say({ told: this.tell("all") });
      return;
    }
    if (this.leads || this.own) return;
    this.listen();
    const { told } = said;
    // Changes mean nothing before the whole.
    if (!told.all && !this.joined) return;
    this.joined = true;
    const { picture } = this;
    const incident = picture.incident?.version !== told.incident?.version;
    if (told.all) picture.items = new Map();
    for (const [name, versions] of told.entries) {
      if (versions.length === 0) picture.items.delete(name);
      else picture.items.set(name, item(name, versions));
    }
    Object.assign(picture, { incident: told.incident, token: told.token, whole: told.whole });
    if (told.nodeMs > picture.nodeMs) picture.nodeMs = told.nodeMs;
    this.state = told.state;
    const names = new Set(told.entries.map(([name]) => name));
    this.told(told.all ? "all" : names.size > 0 || incident ? names : undefined);
  }

  private say(said: Said): void {
    if (!this.stop.signal.aborted) this.channel.postMessage(said);
  }
}
