// What was written here and is not yet at the node: kept in the browser, sent exactly once.
//
// A request is encoded when it is written, with ids of its own, and those bytes are sent until the
// node answers for them: the node gives a request that it has seen the first answer again.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
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
}

export type Publish = (request: PublishEntriesRequest) => Promise<PublishEntriesResponse>;
export type Retract = (request: RetractEntryRequest) => Promise<unknown>;

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
  private running = false;
  private again = false;

  constructor(publish: Publish, retract: Retract, told: () => void, name = "polder") {
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
    this.waiting = all.sort((a, b) => a.made - b.made || (a.id < b.id ? -1 : 1));
    this.told();
  }

  /** Keeps a request; rejected when the browser cannot. */
  async put(message: PublishEntriesRequest, incident: string, entry: Entry): Promise<void> {
    await this.keep({
      id: message.requestId,
      incident,
      name: entry.name,
      call: "publish",
      fresh: message.items.every((item) => !item.supersedes),
      request: toBinary(PublishEntriesRequestSchema, message),
      made: this.next(),
      problem: "",
    });
  }

  /** The same for a withdrawal. */
  async putRetraction(message: RetractEntryRequest, incident: string): Promise<void> {
    await this.keep({
      id: message.requestId,
      incident,
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
    await request(await this.store("readwrite"), (store) => store.put({ ...found, problem: "" }));
    await this.changed();
    await this.flush();
  }

  /** Sends what waits, in order; one tab at a time. Stops at the first that must wait longer. */
  async flush(): Promise<void> {
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = true;
    try {
      do {
        this.again = false;
        await navigator.locks.request(CHANNEL, () => this.send());
      } while (this.again);
    } finally {
      this.running = false;
    }
  }

  private async send(): Promise<void> {
    await this.load();
    for (const waiting of this.waiting) {
      if (waiting.problem) continue;
      const outcome = await this.attempt(waiting);
      if (outcome === "later") return;
      if (outcome === "done") await this.discard(waiting.id);
      else {
        const refused = { ...waiting, problem: outcome };
        await request(await this.store("readwrite"), (store) => store.put(refused));
        await this.changed();
      }
    }
  }

  /** `done`, `later`, or why not. */
  private async attempt(waiting: Waiting): Promise<string> {
    try {
      if (waiting.call === "retract") {
        await this.retract(fromBinary(RetractEntryRequestSchema, waiting.request));
        return "done";
      }
      const answer = await this.publish(fromBinary(PublishEntriesRequestSchema, waiting.request));
      const outcome = answer.results[0]?.outcome;
      if (outcome?.case === "published") return "done";
      if (outcome?.case !== "refused") return "later";
      if (PASSING.includes(outcome.value.code)) return "later";
      return outcome.value.message || "?";
    } catch (error) {
      return passes(error) ? "later" : ConnectError.from(error).rawMessage || "?";
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
