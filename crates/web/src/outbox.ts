// What was written here and is not yet at the node: kept in the browser, sent exactly once.
//
// A request is encoded when it is written, with ids of its own, and those bytes are sent until the
// node answers for them: the node gives a request that it has seen the first answer again.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { refusalOf, refusalOfStatus, type Refusal } from "./refusal.ts";
import { passes } from "./wire.ts";
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import {
  PublishEntriesRequestSchema,
  RetractEntryRequestSchema,
  type PublishEntriesRequest,
  type PublishEntriesResponse,
  type RetractEntryRequest,
} from "./gen/polder/v1/picture_service_pb.ts";

export interface Waiting {
  /** Of the request. */
  id: string;
  incident: string;
  /** Name by which its writer signed in; empty: nobody had. */
  owner: string;
  /** Name of the entry. */
  name: string;
  call: "publish" | "retract";
  /** True of a new entry: once the picture has it, it waits no more. */
  fresh: boolean;
  /** Encoded request: the same bytes each time. */
  request: Uint8Array;
  /** When it was written, by the browser's clock; they are sent in this order. */
  made: number;
  /** Why the node does not take it; empty while it waits. */
  problem: string;
  /** The same in full. */
  refusal?: Refusal | undefined;
}

export type Publish = (request: PublishEntriesRequest, token: string) => Promise<PublishEntriesResponse>;
export type Retract = (request: RetractEntryRequest, token: string) => Promise<unknown>;

/** Who may send now, and with what; name and token empty: nobody need sign in. */
export interface Sender {
  person: string;
  token: string;
}

const CHANNEL = "polder-outbox";
const STORE = "waiting";
/** So much may wait in a browser. */
export const WAITING_MAX = 500;
/** gRPC: resource exhausted, unavailable, internal and their like pass. */
const PASSING = [1, 2, 4, 8, 13, 14];

export class Outbox {
  /** Of all incidents, oldest first. */
  waiting: Waiting[] = [];
  private readonly database: Promise<IDBDatabase>;
  private readonly channel = new BroadcastChannel(CHANNEL);
  private readonly publish: Publish;
  private readonly retract: Retract;
  private readonly told: () => void;
  private readonly sender: () => Sender | undefined;
  private running: Promise<void> | undefined;
  private again = false;

  constructor(
    publish: Publish,
    retract: Retract,
    told: () => void,
    sender: () => Sender | undefined = () => ({ person: "", token: "" }),
    name = "polder",
  ) {
    this.sender = sender;
    this.publish = publish;
    this.retract = retract;
    this.told = told;
    this.database = open(name);
    this.database.catch(() => undefined);
    this.channel.onmessage = () => void this.load();
  }

  /** Reads what waits, also what other tabs wrote. */
  async load(): Promise<void> {
    const all = await request<Waiting[]>(await this.store("readonly"), (store) => store.getAll());
    for (const one of all) one.owner ??= "";
    this.waiting = all.sort((a, b) => a.made - b.made || (a.id < b.id ? -1 : 1));
    this.told();
  }

  /** Keeps a request; rejected when the browser cannot. */
  async put(message: PublishEntriesRequest, incident: string, entry: Entry, owner = ""): Promise<void> {
    await this.keep({
      id: message.requestId,
      incident,
      owner,
      name: entry.name,
      call: "publish",
      fresh: message.items.every((item) => !item.supersedes),
      request: toBinary(PublishEntriesRequestSchema, message),
      made: this.next(),
      problem: "",
    });
  }

  /** The same for a withdrawal. */
  async putRetraction(message: RetractEntryRequest, incident: string, owner = ""): Promise<void> {
    await this.keep({
      id: message.requestId,
      incident,
      owner,
      name: message.name,
      call: "retract",
      fresh: false,
      request: toBinary(RetractEntryRequestSchema, message),
      made: this.next(),
      problem: "",
    });
  }

  /** Now, but after everything that waits: two in one moment keep their order. */
  private next(): number {
    return Math.max(Date.now(), (this.waiting.at(-1)?.made ?? 0) + 1);
  }

  private async keep(waiting: Waiting): Promise<void> {
    if (this.waiting.length >= WAITING_MAX) throw new Error("too much waits already");
    await request(await this.store("readwrite"), (store) => store.put(waiting));
    // Asked for, so that a browser that is short of room does not take this first.
    void navigator.storage?.persist?.().catch(() => undefined);
    await this.changed();
  }

  async discard(id: string): Promise<void> {
    await request(await this.store("readwrite"), (store) => store.delete(id));
    await this.changed();
  }

  /** Sends once more what the node did not take. */
  async retry(id: string): Promise<void> {
    const found = this.waiting.find((waiting) => waiting.id === id);
    if (!found) return;
    await request(await this.store("readwrite"), (store) => store.put({ ...found, problem: "", refusal: undefined }));
    await this.changed();
    await this.flush();
  }

  /** Makes what nobody's is that of whoever is signed in, who asked for it. */
  async claim(id: string): Promise<void> {
    const found = this.waiting.find((waiting) => waiting.id === id);
    const owner = this.sender()?.person;
    if (!found || found.owner || !owner) return;
    await request(await this.store("readwrite"), (store) => store.put({ ...found, owner }));
    await this.changed();
    await this.flush();
  }

  /** Sends what waits, in order; one tab at a time. Stops at the first that must wait longer. */
  flush(): Promise<void> {
    this.again = true;
    return (this.running ??= this.rounds());
  }

  private async rounds(): Promise<void> {
    try {
      while (this.again) {
        this.again = false;
        await navigator.locks.request(CHANNEL, () => this.send());
      }
    } finally {
      // In the same breath as the last look at `again`: who asks later begins anew.
      this.running = undefined;
    }
  }

  private async send(): Promise<void> {
    await this.load();
    for (const waiting of this.waiting) {
      // Asked for each one: meanwhile somebody else may have signed in.
      const sender = this.sender();
      if (!sender) return;
      if (waiting.problem || waiting.owner !== sender.person) continue;
      const outcome = await this.attempt(waiting, sender.token);
      if (outcome === "later") return;
      if (outcome === "done") await this.discard(waiting.id);
      else {
        const refused = { ...waiting, problem: outcome.sentence || outcome.reason || "?", refusal: outcome };
        await request(await this.store("readwrite"), (store) => store.put(refused));
        await this.changed();
      }
    }
  }

  /** `done`, `later`, or why not. */
  private async attempt(waiting: Waiting, token: string): Promise<"done" | "later" | Refusal> {
    try {
      if (waiting.call === "retract") {
        await this.retract(fromBinary(RetractEntryRequestSchema, waiting.request), token);
        return "done";
      }
      const answer = await this.publish(fromBinary(PublishEntriesRequestSchema, waiting.request), token);
      const outcome = answer.results[0]?.outcome;
      if (outcome?.case === "published") return "done";
      if (outcome?.case !== "refused") return "later";
      return PASSING.includes(outcome.value.code) ? "later" : refusalOfStatus(outcome.value);
    } catch (error) {
      return passes(error) ? "later" : refusalOf(error);
    }
  }

  private async changed(): Promise<void> {
    this.channel.postMessage("changed");
    await this.load();
  }

  private async store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    return (await this.database).transaction(STORE, mode).objectStore(STORE);
  }

  close(): void {
    this.channel.close();
    void this.database.then((database) => database.close(), () => undefined);
  }
}

/** Why, of a withdrawal. */
export function reasonOf(waiting: Waiting): string {
  return waiting.call === "retract" ? fromBinary(RetractEntryRequestSchema, waiting.request).reason : "";
}

/** To whom a request speaks. */
export function audienceOf(waiting: Waiting): string {
  return waiting.call === "publish" ? fromBinary(PublishEntriesRequestSchema, waiting.request).audience : "";
}

/** Versions that a request replaces. */
export function supersededBy(waiting: Waiting): string[] {
  if (waiting.call !== "publish") return [];
  return fromBinary(PublishEntriesRequestSchema, waiting.request).items[0]?.supersedes?.versions ?? [];
}

/** The entry that a request carries. */
export function entryOf(waiting: Waiting): Entry | undefined {
  if (waiting.call !== "publish") return undefined;
  try {
    return fromBinary(PublishEntriesRequestSchema, waiting.request).items[0]?.entry;
  } catch {
    return undefined;
  }
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "id" });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error ?? new Error("IndexedDB"));
  });
}

/** Resolved when the transaction is done: what was put is on disk then. */
function request<T>(store: IDBObjectStore, ask: (store: IDBObjectStore) => IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    const asked = ask(store);
    store.transaction.oncomplete = () => resolve(asked.result as T);
    store.transaction.onerror = () => reject(store.transaction.error ?? new Error("IndexedDB"));
    store.transaction.onabort = store.transaction.onerror;
  });
}
