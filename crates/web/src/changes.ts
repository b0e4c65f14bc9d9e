// What differs between the picture at a moment and the picture now: since my last visit, or since a
// time of my choice.
import type { Item } from "./picture.ts";
import { store, stored } from "./kept.ts";

export type Sort = "new" | "changed" | "withdrawn" | "contradicting";
export interface Difference {
  sort: Sort;
  name: string;
  /** As it is now, or, of what is gone, as it was. */
  item: Item;
}

export function differences(before: ReadonlyMap<string, Item>, now: ReadonlyMap<string, Item>): Difference[] {
  const found: Difference[] = [];
  const versions = (item: Item): string => item.versions.map((version) => version.version).sort().join();
  for (const [name, item] of now) {
    const was = before.get(name);
    const withdrawn = item.versions.every((version) => version.retracted);
    if (was && versions(was) === versions(item)) continue;
    const sort: Sort = withdrawn ? "withdrawn" : item.contradicts && !was?.contradicts ? "contradicting" : was ? "changed" : "new";
    if (!(withdrawn && !was)) found.push({ sort, name, item });
  }
  for (const [name, item] of before) if (!now.has(name)) found.push({ sort: "withdrawn", name, item });
  return found.sort((a, b) => b.item.at - a.item.at || (a.name < b.name ? 1 : -1));
}

/** When this reader last looked, by the node's clock: read once, then kept up. */
export class Visits {
  private incident = "";
  private before = 0;

  /** When the visit before this one ended; 0 when there was none. */
  last(incident: string): number {
    if (this.incident !== incident) {
      this.incident = incident;
      this.before = Number(stored(`seen-${incident}`) ?? 0) || 0;
    }
    return this.before;
  }

  seen(incident: string, nodeMs: number): void {
    if (!incident || nodeMs <= 0) return;
    this.last(incident);
    store(`seen-${incident}`, String(Math.floor(nodeMs)));
  }
}
