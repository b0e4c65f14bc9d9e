// Requests that change the picture, each with an id of its own.
import { clone, create } from "@bufbuild/protobuf";
import { EntrySchema, SourceSchema, type Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Mode } from "./gen/polder/v1/incident_pb.ts";
import {
  PublishEntriesRequestSchema,
  PublishItemSchema,
  RetractEntryRequestSchema,
  type PublishEntriesRequest,
  type RetractEntryRequest,
} from "./gen/polder/v1/picture_service_pb.ts";
import type { Item } from "./picture.ts";

const SOURCES_MAX = 16;

/** A new entry. A mode that differs is refused: an exercise never lands in the real thing. */
export function publication(entry: Entry, expectedMode: Mode, audience = ""): PublishEntriesRequest {
  return create(PublishEntriesRequestSchema, {
    requestId: crypto.randomUUID(),
    items: [{ entry }],
    expectedMode,
    audience,
  });
}

/** A new version in place of exactly those that were on the screen. */
export function edition(entry: Entry, versions: string[], expectedMode: Mode, audience: string): PublishEntriesRequest {
  const request = publication(entry, expectedMode, audience);
  request.items = [create(PublishItemSchema, { entry, supersedes: { versions }, requireCurrent: true })];
  return request;
}

/** Says again what one version says, for this node's party, in place of exactly those that stand. */
export function holding(
  one: Item,
  chosen: Entry,
  party: string,
  expectedMode: Mode,
): { request: PublishEntriesRequest; entry: Entry } {
  const entry = clone(EntrySchema, chosen);
  if (chosen.party !== party && entry.sources.length < SOURCES_MAX) {
    const said = { system: chosen.party || chosen.node, originalId: chosen.version };
    entry.sources.push(create(SourceSchema, said));
  }
  entry.party = "";
  const versions = one.versions.map((version) => version.version);
  return { request: edition(entry, versions, expectedMode, chosen.audience), entry };
}

export function withdrawal(name: string, reason: string): RetractEntryRequest {
  return create(RetractEntryRequestSchema, { requestId: crypto.randomUUID(), name, reason });
}
