// Making an entry known to others: a new entry there, which says where it comes from.
import { create } from "@bufbuild/protobuf";
import { CALL_MS, picture as calls } from "./api.ts";
import { RelationType } from "./gen/polder/v1/entry_pb.ts";
import { ReleaseEntryRequestSchema } from "./gen/polder/v1/picture_service_pb.ts";
import type { Item } from "./picture.ts";
import { refusalOf, type Refusal } from "./refusal.ts";
import { EVERYBODY } from "./rights.ts";
import { passes } from "./wire.ts";

/** What is being released, until the node has it. */
export interface Release {
  name: string;
  /** `audiences/{audience}`. */
  audience: string;
  /** As it shall be told there; empty: as it is. */
  title: string;
  withoutSources: boolean;
  busy: boolean;
  refusal: Refusal | undefined;
  /** The node did not answer: the same request may be sent again. */
  away: boolean;
  /** Of the request as it stands; another once it says something else. */
  id: string;
}

/** To whom an entry can be released: whoever the person can speak to and does not see it yet. */
export function othersOf(audiences: readonly string[], seenBy: string): string[] {
  return audiences.map((name) => name || EVERYBODY).filter((name) => name !== (seenBy || EVERYBODY));
}

/** Which entries were released from which, by the name of what they come from. */
export function releases(items: Iterable<Item>): Map<string, Item[]> {
  const found = new Map<string, Item[]>();
  for (const item of items) {
    const from = releasedFrom(item);
    if (from) found.set(from, [...(found.get(from) ?? []), item]);
  }
  return found;
}

/** The entry that one was released from; empty: none. */
export function releasedFrom(item: Item): string {
  return item.versions[0]?.relations.find((relation) => relation.type === RelationType.RELEASED_FROM)?.entry ?? "";
}

export class Releases {
  now: Release | undefined;

  constructor(private readonly draw: () => void) {}

  begin(name: string, audience: string): void {
    this.now = { name, audience, title: "", withoutSources: false, busy: false, refusal: undefined, away: false, id: crypto.randomUUID() };
    this.draw();
  }

  change(change: Partial<Pick<Release, "audience" | "title" | "withoutSources">>): void {
    if (!this.now || this.now.busy) return;
    // What may have arrived stays what it was.
    this.now = { ...this.now, ...change, refusal: undefined, away: false, id: crypto.randomUUID() };
    this.draw();
  }

  end(): void {
    this.now = undefined;
    this.draw();
  }

  /** The name of the new entry, once it is there. */
  async send(language: string): Promise<string | undefined> {
    const { now } = this;
    if (!now || now.busy) return undefined;
    this.now = { ...now, busy: true, refusal: undefined, away: false };
    this.draw();
    const title = now.title.trim();
    const request = create(ReleaseEntryRequestSchema, {
      requestId: now.id, name: now.name, audience: now.audience, withoutSources: now.withoutSources,
      texts: title ? [{ language, title }] : [],
    });
    try {
      const { entry } = await calls.releaseEntry(request, { timeoutMs: CALL_MS });
      if (this.now?.id === now.id) this.end();
      return entry?.name;
    } catch (error) {
      const refusal = refusalOf(error);
      if (this.now?.id === now.id) this.now = { ...now, ...(passes(error) && !refusal.reason ? { away: true } : { refusal }) };
      this.draw();
      return undefined;
    }
  }
}
