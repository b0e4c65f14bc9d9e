// What the page holds of one incident: each entry with its current versions, as the node told.
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import { RelationType } from "./gen/polder/v1/entry_pb.ts";
import type { Incident } from "./gen/polder/v1/incident_pb.ts";
import type { SubscribeResponse } from "./gen/polder/v1/picture_service_pb.ts";
import { millis } from "./wire.ts";

/** One entry with all its current versions, the last recorded first. */
export interface Item {
  name: string;
  versions: Entry[];
  /** When the last version was recorded: the list is in this order. */
  at: number;
  contradicts: boolean;
}

/** What changed: entries by name, or everything. */
export type Change = ReadonlySet<string> | "all";

export function item(name: string, versions: Entry[]): Item {
  const at = (entry: Entry): number => millis(entry.recordedTime ?? entry.receivedTime) ?? 0;
  const sorted = [...versions].sort((a, b) => at(b) - at(a) || (a.version < b.version ? 1 : -1));
  const says = (entry: Entry): boolean =>
    entry.relations.some((relation) => relation.type === RelationType.CONTRADICTS);
  const contradicts = versions.length > 1 || versions.some((e) => e.rivals.length > 0 || says(e));
  return { name, versions: sorted, at: sorted[0] ? at(sorted[0]) : 0, contradicts };
}

export class Picture {
  items = new Map<string, Item>();
  incident: Incident | undefined;
  /** Where to go on after a lost connection. */
  token = "";
  /** True once a whole snapshot is here. */
  whole = false;
  /** The newest moment that the node's clock is known to have reached. */
  nodeMs = 0;
  private staged: Map<string, Item> | undefined;

  /** A new snapshot begins: what is shown stays until it is whole. */
  begin(): void {
    this.staged = new Map();
    this.token = "";
  }

  /** Takes one message; `undefined` when nothing that is shown changed. */
  apply(message: SubscribeResponse): Change | undefined {
    const event = message.event;
    let changed: Change | undefined;
    switch (event.case) {
      case "reset":
        this.begin();
        return undefined;
      case "incident":
        this.incident = event.value;
        changed = new Set();
        break;
      case "changes": {
        const names = new Set<string>();
        const into = this.staged ?? this.items;
        for (const { name, versions, left } of event.value.changes) {
          if (left || versions.length === 0) into.delete(name);
          else into.set(name, item(name, versions));
          names.add(name);
          for (const version of versions) this.hear(millis(version.receivedTime));
        }
        changed = this.staged ? undefined : names;
        break;
      }
      case "snapshotEnd": {
        const staged = this.staged ?? this.items;
        if (event.value.count !== BigInt(staged.size)) {
          throw new Error(`the snapshot has ${event.value.count} entries, ${staged.size} came`);
        }
        this.items = staged;
        this.staged = undefined;
        this.whole = true;
        changed = "all";
        break;
      }
      case "progress":
        this.hear(millis(event.value.nodeTime));
        break;
      default:
    }
    // Within a snapshot a token would leave a hole.
    if (!this.staged && message.token) this.token = message.token;
    return changed;
  }

  private hear(ms: number | undefined): void {
    if (ms !== undefined && ms > this.nodeMs) this.nodeMs = ms;
  }
}
