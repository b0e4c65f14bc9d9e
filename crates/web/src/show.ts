// What is said of an entry: title, who, when, how sure, whether it is stale.
import { VerificationState, type Entry } from "./gen/polder/v1/entry_pb.ts";
import { millis } from "./wire.ts";
import { figures, party } from "./figures.ts";
import type { Language } from "./words/index.ts";

/** The text in the reader's language, or the original. */
export function text(entry: Entry, lang: string): { title: string; body: string } {
  const own = entry.texts.find((text) => text.language.toLowerCase().startsWith(lang));
  const chosen = own ?? entry.texts[0];
  return { title: chosen?.title ?? "", body: chosen?.body ?? "" };
}

/** A heading that is never empty. */
export function heading(entry: Entry, language: Language): string {
  const { title, body } = text(entry, language.lang);
  const first = title || body.split("\n")[0] || figures(entry, language);
  return (first || language.kind(entry.kind)).slice(0, 240);
}

export function isStale(entry: Entry, nowMs: number): boolean {
  const end = millis(entry.expireTime);
  return end !== undefined && end <= nowMs;
}

export type Sure = "verified" | "refuted" | "superseded" | "unverified";

export function sure(entry: Entry): Sure {
  switch (entry.assessment?.verification?.state) {
    case VerificationState.VERIFIED:
      return "verified";
    case VerificationState.REFUTED:
      return "refuted";
    case VerificationState.SUPERSEDED:
      return "superseded";
    default:
      return "unverified";
  }
}

/** When it was seen, or else told or recorded. */
export function when(entry: Entry): number {
  const { times } = entry;
  return millis(times?.observed ?? times?.reported ?? entry.recordedTime ?? entry.receivedTime) ?? 0;
}

export function isUrgent(entry: Entry): boolean {
  return entry.lane === 1 || entry.assessment?.urgency === 4;
}

/** Everything that a search looks through, in lower case. */
export function haystack(entry: Entry, language: Language): string {
  const texts = entry.texts.flatMap((text) => [text.title, text.body]);
  const more = [entry.place, party(entry.party), language.kind(entry.kind), figures(entry, language)];
  return [...texts, ...more].join("\n").toLowerCase();
}

export function matches(entry: Entry, words: string[], language: Language): boolean {
  if (words.length === 0) return true;
  const all = haystack(entry, language);
  return words.every((word) => all.includes(word));
}
