// What the public was told and when, the book of numbers and addresses behind it, and how forecasts
// moved. Asked of the node while somebody looks; a check of a line is an entry like any other.
import { clone, create } from "@bufbuild/protobuf";
import { CALL_MS, team as calls } from "../api.ts";
import { party } from "../figures.ts";
import { ContactPurpose } from "../gen/polder/v1/contact_pb.ts";
import { EntrySchema, Statement, type Entry } from "../gen/polder/v1/entry_pb.ts";
import type { Forecast, ForecastFigure, ForecastOutcome, ForecastSource, ForecastTrack, ListForecastsResponse } from "../gen/polder/v1/forecast_pb.ts";
import { VitalService } from "../gen/polder/v1/outage_pb.ts";
import { WarningState } from "../gen/polder/v1/warning_pb.ts";
import { ContactTrouble, type BookContact, type ListContactsResponse, type ListWarningsResponse, type TimedWarning, type WarningStage } from "../gen/polder/v1/warning_service_pb.ts";
import { millis } from "../wire.ts";
import type { Language } from "../words/index.ts";
import { warningStateWords } from "../words/public.ts";
import { aspect, named, team } from "../words/team.ts";
import { Answer, known, type About } from "./answer.ts";
import { warnings } from "./calls.ts";
import type { House, Tab } from "./door.ts";
import { current } from "./help.ts";

/** A line that somebody is about to check. */
export interface Check {
  /** Of the entry. */
  name: string;
  /** What was on the screen when they began: they vouch for that and nothing else. */
  version: string;
  busy: boolean;
  /** The browser could not keep it. */
  notKept: boolean;
}

export class Public {
  readonly warnings: Answer<ListWarningsResponse>;
  readonly book: Answer<ListContactsResponse>;
  readonly forecasts: Answer<ListForecastsResponse>;
  onlyStanding = false;
  onlyTrouble = false;
  checking: Check | undefined;

  constructor(private readonly house: House) {
    const options = { timeoutMs: CALL_MS };
    this.warnings = new Answer(({ incident, atMs, also }) => warnings.listWarnings({ incident, onlyStanding: also === "standing", ...known(atMs) }, options), house.draw);
    this.book = new Answer(({ incident, atMs }) => warnings.listContacts({ incident, ...known(atMs) }, options), house.draw);
    this.forecasts = new Answer(({ incident, atMs }) => calls.listForecasts({ incident, ...known(atMs) }, options), house.draw);
  }

  follow(about: About | undefined, tab: Tab | undefined): void {
    const on = (wanted: Tab, also = ""): About | undefined => (tab === wanted && about ? { ...about, also } : undefined);
    this.warnings.follow(on("warnings", this.onlyStanding ? "standing" : ""));
    this.book.follow(on("book"));
    this.forecasts.follow(on("forecasts"));
  }

  leave(): void {
    this.checking = undefined;
  }

  turn(): void {
    this.leave();
    for (const one of [this.warnings, this.book, this.forecasts]) one.forget();
  }

  change(change: Partial<Pick<Public, "onlyStanding" | "onlyTrouble">>): void {
    Object.assign(this, change);
    this.house.draw();
  }

  /** Opens a line to be checked, or closes it. */
  check(entry: Entry | undefined): void {
    this.checking = entry && { name: entry.name, version: entry.version, busy: false, notKept: false };
    this.house.draw();
  }

  /** Says the same line as checked, in place of what was on the screen. */
  async sendCheck(entry: Entry): Promise<void> {
    const { checking } = this;
    if (!checking || checking.busy || checking.name !== entry.name || checking.version !== entry.version) return;
    this.checking = { ...checking, busy: true, notKept: false };
    this.house.draw();
    const kept = await this.house.say(checked(entry), entry.audience, current(entry));
    if (this.checking?.name === entry.name) this.checking = kept ? undefined : { ...checking, notKept: true };
    this.book.hurry();
    this.house.draw();
  }
}

// The book.

/** The same line, vouched for. */
export function checked(entry: Entry): Entry {
  const next = clone(EntrySchema, entry);
  if (next.body.case === "contact") next.body.value.checked = true;
  return next;
}

/** What the public is told of a line, in the order of the command line. */
export function toldOf(entry: Entry): string[] {
  if (entry.body.case !== "contact") return [];
  const { telephone, web, mail, address } = entry.body.value;
  return [telephone, web, mail, address].filter(Boolean);
}

/** Whether somebody has to do something about it: it is not to be told, or is told otherwise. */
export function needsAttention(line: BookContact): boolean {
  return line.trouble !== ContactTrouble.UNSPECIFIED || line.outdatedWarnings.length > 0;
}

/** What somebody begins with who adds a line. */
export function newLine(incident: string): Entry {
  const body = { case: "contact" as const, value: { purpose: ContactPurpose.PUBLIC_INFORMATION } };
  return create(EntrySchema, { name: `${incident}/entries/${crypto.randomUUID()}`, statement: Statement.FACT, body });
}

/** What somebody begins with who drafts a warning. */
export function newDraft(incident: string, lang: string): Entry {
  const body = { case: "warning" as const, value: { state: WarningState.DRAFT } };
  return create(EntrySchema, { name: `${incident}/entries/${crypto.randomUUID()}`, statement: Statement.FACT, texts: [{ language: lang }], body });
}

// Stages of warnings.

/** How a warning stands: in force, over, or not issued or withdrawn. */
export function warningMark(warning: TimedWarning, language: Language): { word: string; stands: boolean } {
  const { lang } = language;
  const last = warning.stages.at(-1)?.state ?? WarningState.UNSPECIFIED;
  if (warning.standing) return { word: team(lang, "warningStands"), stands: true };
  const out = last === WarningState.ISSUED || last === WarningState.CORRECTED;
  return { word: out ? team(lang, "warningOver") : named(lang, warningStateWords, last), stands: false };
}

/** To the nearest minute: clocks of nodes differ by less. */
export function took(stage: WarningStage, language: Language): string {
  const { after } = stage;
  if (!after) return "";
  const minutes = Math.max(0, Math.round((Number(after.seconds) + after.nanos / 1e9) / 60));
  return `${minutes === 0 ? `0 ${language.t.minute}` : language.age(minutes * 60_000)} ${team(language.lang, "warningLater")}`;
}

/** Who said a stage, who drafted the words, and why nobody checked them. */
export function stageFacts(stage: WarningStage, language: Language): string[] {
  const { lang } = language;
  return [
    party(stage.party), stage.author, took(stage, language),
    stage.draftedBy && `${team(lang, "warningDraftedBy")} ${stage.draftedBy}`,
    stage.uncheckedReason && `${team(lang, "warningUnchecked")} ${stage.uncheckedReason}`,
  ].filter(Boolean);
}

// Forecasts.

const WATER = "water_level.";

/** What is forecast, with its unit and what else tells it apart. */
export function trackName(track: ForecastTrack, language: Language): string {
  const { lang, names } = language;
  const { aspect: of, detail } = track;
  const service = VitalService[detail.replace(/^VITAL_SERVICE_/, "") as keyof typeof VitalService];
  // A name of the contract is no word that people read, and a period stands beside.
  const word = detail.includes("_") || /^[\d-]*$/.test(detail) ? "" : detail;
  const units: Record<string, string> = { "water_level.discharge_m3_s": "m³/s", "water_level.level_m": `m ${detail}`.trim(), "water_level.depth_m": "m" };
  const unit = units[of] ?? (service === undefined ? word : (names.service[service] ?? ""));
  return unit ? `${aspect(lang, of)} (${unit})` : aspect(lang, of);
}

/** A number as short as it can be said. */
function figureNumber(value: number, lang: string, decimals = 6): string {
  return new Intl.NumberFormat(lang === "nl" ? "nl-NL" : "en-GB", { maximumFractionDigits: decimals }).format(value);
}

function span(from: number, until: number, language: Language, nowMs: number): string {
  const { moment } = language;
  return from === until ? moment(from, nowMs) : `${moment(from, nowMs)} – ${moment(until, nowMs)}`;
}

/** A figure between its ends, or a moment between its times. */
export function figureOf(figure: ForecastFigure | undefined, track: ForecastTrack, language: Language, nowMs: number): string {
  if (!figure) return "";
  if (track.ofTime) return span(millis(figure.lowTime) ?? 0, millis(figure.highTime) ?? 0, language, nowMs);
  const number = (value: number): string => figureNumber(value, language.lang);
  return figure.low < figure.high ? `${number(figure.low)}–${number(figure.high)}` : number(figure.low);
}

/** For when a forecast is; empty when it does not say so. */
export function forWhen(forecast: Forecast, language: Language, nowMs: number): string {
  const from = millis(forecast.from);
  if (from === undefined) return "";
  return `${team(language.lang, "forecastFor")} ${span(from, millis(forecast.until) ?? from, language, nowMs)}`;
}

function difference(by: number, track: ForecastTrack, language: Language, words: readonly [more: string, less: string, same: string]): string {
  const [more, less, same] = words;
  if (by === 0) return same;
  const size = Math.abs(by);
  // What was written with two decimals does not differ by the millionth.
  const much = track.ofTime ? lasting(size, language) : figureNumber(size, language.lang, 4);
  return `${much} ${by > 0 ? more : less}`;
}

function lasting(seconds: number, language: Language): string {
  const { t } = language;
  const all = Math.floor(seconds / 60 + 0.5);
  const [hours, minutes] = [Math.floor(all / 60), all % 60];
  if (hours === 0) return `${minutes} ${t.minute}`;
  return minutes === 0 ? `${hours} ${t.hour}` : `${hours} ${t.hour} ${minutes} ${t.minute}`;
}

/** How far a forecast is from the one before it; empty when it is the first. */
export function movedBy(forecast: Forecast, track: ForecastTrack, language: Language): string {
  if (forecast.moved === undefined) return "";
  const { lang } = language;
  const words = track.ofTime ? (["forecastLater", "forecastEarlier"] as const) : (["forecastHigher", "forecastLower"] as const);
  return difference(forecast.moved, track, language, [team(lang, words[0]), team(lang, words[1]), team(lang, "forecastSame")]);
}

/** How far a forecast was from what came true. */
export function errorOf(outcome: ForecastOutcome, track: ForecastTrack, language: Language): string {
  const { lang } = language;
  const words = track.ofTime ? (["forecastTooLate", "forecastTooEarly"] as const) : (["forecastTooHigh", "forecastTooLow"] as const);
  return difference(outcome.error, track, language, [team(lang, words[0]), team(lang, words[1]), team(lang, "forecastRight")]);
}

/** Why nothing stands beside a forecast yet. */
export function untold(track: ForecastTrack, language: Language): string {
  return team(language.lang, track.aspect.startsWith(WATER) ? "forecastOpen" : "forecastUntold");
}

export function saidBy(source: ForecastSource | undefined, language: Language, nowMs: number): string {
  return source ? `${language.moment(millis(source.recordedTime) ?? 0, nowMs)} ${party(source.party)}` : "";
}

/** The entry that a version is of. */
export function entryOfVersion(version: string): string {
  return version.split("/versions/")[0]!;
}
