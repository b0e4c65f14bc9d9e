// What the list and the map show: what the filters let through, newest first.
import type { Item } from "./picture.ts";
import { releases } from "./release.ts";
import { isUrgent, matches, sure, when } from "./show.ts";
import { belongs, themeOf } from "./themes.ts";
import { RelationType, type Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Filter } from "./state.ts";
import type { Language } from "./words/index.ts";

export interface Listed {
  list: Item[];
  contradictions: Item[];
  /** By discipline, filters or not. */
  counts: Map<number, number>;
  kinds: string[];
  /** Everybody who speaks. */
  parties: string[];
  /** By theme, of what the other filters let through. */
  themes: Map<number, number>;
  total: number;
  /** What was released from an entry, by its name. */
  releases: Map<string, Item[]>;
}

export const NOTHING: Listed = { list: [], contradictions: [], counts: new Map(), kinds: [], parties: [], themes: new Map(), total: 0, releases: new Map() };

/** Whether a version passes all filters but that of the theme. */
function passes(entry: Entry, filter: Filter, words: string[], language: Language, nowMs: number): boolean {
  return !filter.hidden.has(entry.discipline)
    && (!filter.kind || entry.kind === filter.kind)
    && (!filter.statement || entry.statement === filter.statement)
    && (!filter.party || entry.party === filter.party)
    && (!filter.urgent || isUrgent(entry))
    && (!filter.sure || sure(entry) === filter.sure)
    && (!filter.hours || nowMs - when(entry) <= filter.hours * 3_600_000)
    && belongs(entry, filter.view)
    && matches(entry, words, language);
}

function acknowledges(entry: Entry): boolean {
  return entry.relations.some((relation) => relation.type === RelationType.ACKNOWLEDGES);
}

export function listed(items: ReadonlyMap<string, Item>, filter: Filter, language: Language, nowMs: number): Listed {
  const { text } = filter;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const [counts, kinds, parties] = [new Map<number, number>(), new Set<string>(), new Set<string>()];
  const themes = new Map<number, number>();
  const list: Item[] = [];
  let total = 0;
  for (const one of items.values()) {
    const entry = one.versions[0];
    // That somebody has read something is told where it was to be read, and no news of its own.
    if (!entry || acknowledges(entry)) continue;
    total += 1;
    counts.set(entry.discipline, (counts.get(entry.discipline) ?? 0) + 1);
    kinds.add(entry.kind);
    for (const version of one.versions) parties.add(version.party);
    // A version that is let through brings its rivals along.
    const through = one.versions.filter((version) => passes(version, filter, words, language, nowMs));
    for (const theme of new Set(through.map(themeOf))) themes.set(theme, (themes.get(theme) ?? 0) + 1);
    if (through.some((version) => filter.theme < 0 || themeOf(version) === filter.theme)) list.push(one);
  }
  list.sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
  return { list, contradictions: list.filter((one) => one.contradicts), counts, kinds: [...kinds].sort(), parties: [...parties].sort(), themes, total, releases: releases(items.values()) };
}
