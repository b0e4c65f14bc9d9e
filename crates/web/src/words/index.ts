// The reader's language: words, names of values, and how figures, times and ages are written.
import { en, enKinds, enNames } from "./en.ts";
import { labels } from "./labels.ts";
import { nl, nlKinds, nlNames, type KindName, type Names, type Words } from "./nl.ts";

export type Lang = "nl" | "en";
export type { Words, Names, KindName };

export interface Language {
  lang: Lang;
  t: Words;
  names: Names;
  kind(name: string): string;
  /** What a field is called: `name` of a kind, or of every entry. */
  field(kind: string, name: string): string;
  number(value: number): string;
  clock(ms: number): string;
  moment(ms: number, nowMs: number): string;
  age(ms: number): string;
  /** With day and seconds. */
  whole(ms: number): string;
}

const languages = new Map<Lang, Language>();

/** Made when somebody reads it: what writes figures and times takes a browser long to make. */
export function language(lang: Lang): Language {
  const known = languages.get(lang) ?? make(lang);
  languages.set(lang, known);
  return known;
}

/** The language that the browser asks for; Dutch unless it says otherwise. */
export function preferred(wanted: readonly string[]): Lang {
  for (const tag of wanted) {
    const lang = tag.slice(0, 2).toLowerCase();
    if (lang === "nl" || lang === "en") return lang;
  }
  return "nl";
}

function make(lang: Lang): Language {
  const t = lang === "nl" ? nl : en;
  const names: Names = lang === "nl" ? nlNames : enNames;
  const kinds: Record<string, string> = lang === "nl" ? nlKinds : enKinds;
  const tag = lang === "nl" ? "nl-NL" : "en-GB";
  const number = new Intl.NumberFormat(tag, { maximumFractionDigits: 2 });
  const clock = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit" });
  const second = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const day = new Intl.DateTimeFormat(tag, { day: "numeric", month: "short" });
  const all = new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "medium" });
  const year = new Intl.DateTimeFormat(tag, { day: "numeric", month: "short", year: "numeric" });
  const date = (ms: number): Date => new Date(ms);
  return {
    lang,
    t,
    names,
    kind: (name) => kinds[name] ?? (name.startsWith("opaque") ? t.opaque : name),
    field(kind, name) {
      const found = labels[`${kind}.${name}`] ?? labels[name];
      return found?.[lang === "nl" ? 0 : 1] ?? name;
    },
    number: (value) => number.format(value),
    whole: (ms) => all.format(date(ms)),
    clock: (ms) => second.format(date(ms)),
    moment(ms, nowMs) {
      const [then, now] = [date(ms), date(nowMs)];
      const time = clock.format(then);
      if (then.toDateString() === now.toDateString()) return time;
      const shown = then.getFullYear() === now.getFullYear() ? day : year;
      return `${shown.format(then)} ${time}`;
    },
    age(ms) {
      const seconds = Math.max(0, Math.round(ms / 1000));
      if (seconds < 60) return `${seconds} ${t.second}`;
      const minutes = Math.floor(seconds / 60);
      if (minutes < 60) return `${minutes} ${t.minute}`;
      const hours = Math.floor(minutes / 60);
      if (hours < 24) return `${hours} ${t.hour} ${minutes % 60} ${t.minute}`;
      const days = Math.floor(hours / 24);
      return days < 10 ? `${days} ${t.day} ${hours % 24} ${t.hour}` : `${days} ${t.day}`;
    },
  };
}
