// What the list and the map show: what the filters let through, newest first.
import type { Item } from "./picture.ts";
import { matches } from "./show.ts";
import type { Filter } from "./state.ts";
import type { Language } from "./words/index.ts";

export interface Listed {
  list: Item[];
  contradictions: Item[];
  /** By discipline, filters or not. */
  counts: Map<number, number>;
  kinds: string[];
  total: number;
}

export const NOTHING: Listed = { list: [], contradictions: [], counts: new Map(), kinds: [], total: 0 };

export function listed(items: ReadonlyMap<string, Item>, filter: Filter, language: Language): Listed {
  const { hidden, kind, text } = filter;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const [counts, kinds] = [new Map<number, number>(), new Set<string>()];
  const list: Item[] = [];
  let total = 0;
  for (const one of items.values()) {
    const entry = one.versions[0];
    if (!entry) continue;
    total += 1;
    counts.set(entry.discipline, (counts.get(entry.discipline) ?? 0) + 1);
    kinds.add(entry.kind);
    // A version that is let through brings its rivals along.
    const any = one.versions.some((version) =>
      !hidden.has(version.discipline) && (!kind || version.kind === kind) && matches(version, words, language));
    if (any) list.push(one);
  }
  list.sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
  return { list, contradictions: list.filter((one) => one.contradicts), counts, kinds: [...kinds].sort(), total };
}
