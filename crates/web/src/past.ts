// The picture as the node knew it at a moment.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { picture } from "./api.ts";
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Incident } from "./gen/polder/v1/incident_pb.ts";
import { item, type Item } from "./picture.ts";

export async function pictureAt(
  incident: string,
  atMs: number,
  validToo = false,
): Promise<{ items: Map<string, Item>; incident: Incident | undefined }> {
  const versions = new Map<string, Entry[]>();
  let data: Incident | undefined;
  let whole = false;
  const request = { filter: { incidents: [incident] }, knownAt: timestampFromMs(atMs), ...(validToo && { validAt: timestampFromMs(atMs) }) };
  for await (const { entries, summary } of picture.getPictureAsOf(request)) {
    for (const entry of entries) versions.set(entry.name, [...(versions.get(entry.name) ?? []), entry]);
    if (!summary) continue;
    data = summary.incident;
    whole = true;
  }
  if (!whole) throw new Error("the answer has no end");
  return { items: new Map([...versions].map(([name, all]) => [name, item(name, all)])), incident: data };
}
