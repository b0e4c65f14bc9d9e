// What is watched beside the picture: what fails next, scenarios, early signals, who is there, and
// what citizens told. Each is asked of the node while somebody looks at it; nothing is reckoned here.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CALL_MS } from "../api.ts";
import { circle } from "../form.ts";
import type { ListCapacityResponse } from "../gen/polder/v1/capacity_service_pb.ts";
import { EntrySchema, RelationType, Statement, type Entry } from "../gen/polder/v1/entry_pb.ts";
import type { Geometry } from "../gen/polder/v1/geometry_pb.ts";
import { RepairIfSchema, WhatIfSchema, type CompareScenariosResponse, type GetImpactResponse, type RepairIf, type WhatIf } from "../gen/polder/v1/impact_service_pb.ts";
import type { ListReportGroupsResponse, ReportGroup } from "../gen/polder/v1/report_service_pb.ts";
import { SignalState, type ListSignalsResponse, type Signal } from "../gen/polder/v1/signal_service_pb.ts";
import type { Threshold } from "../gen/polder/v1/threshold_pb.ts";
import { KIND_FIELDS, WATCHED } from "../fields.ts";
import { party } from "../figures.ts";
import { millis } from "../wire.ts";
import type { Language } from "../words/index.ts";
import { team } from "../words/team.ts";
import { Answer, known, type About } from "./answer.ts";
import { capacities, impacts, reports, signals } from "./calls.ts";
import type { House, Tab } from "./door.ts";

/** Who is longer on duty lacks rest, unless somebody chooses otherwise: as on the command line. */
export const DUTY_HOURS = 12;
/** An entry can have so many relations. */
export const CITED_MAX = 64;

/** Something that is supposed to fail, or to work again, as typed. */
export interface Supposition {
  /** Number of the service; empty: none. */
  service: string;
  facility: string;
  /** What works again. */
  back: string;
  place: string;
  area: string;
  from: string;
  until: string;
}

const NOTHING: Supposition = { service: "", facility: "", back: "", place: "", area: "", from: "", until: "" };

/** What is asked of an effect: of one outage, or what would be. */
interface Effects {
  outage: string;
  supposed: Supposition | undefined;
}

const at = (typed: string) => (typed ? timestampFromMs(new Date(typed).getTime()) : undefined);

/** What the node is asked to suppose to work again; `undefined` when that is nothing, or more. */
export function repairIf(form: Supposition): RepairIf | undefined {
  if (!form.back || form.service || form.facility || form.until) return undefined;
  return create(RepairIfSchema, { entry: form.back, time: at(form.from) });
}

/** What the node is asked to suppose to fail; `undefined` when something lacks or cannot be read. */
export function whatIf(form: Supposition): WhatIf | undefined {
  if (form.back) return undefined;
  const when = { startTime: at(form.from), repairTime: at(form.until) };
  if (form.facility) return form.service ? undefined : create(WhatIfSchema, { facility: form.facility, ...when });
  const read = circle(form.area);
  if (!form.service || "reason" in read) return undefined;
  const area = read.value as Geometry | undefined;
  const place = form.place.trim();
  if (!area && !place) return undefined;
  return create(WhatIfSchema, { service: Number(form.service), ...(area ? { area } : { place }), ...when });
}

export class Watch {
  readonly impact: Answer<GetImpactResponse>;
  readonly scenarios: Answer<CompareScenariosResponse>;
  readonly signals: Answer<ListSignalsResponse>;
  readonly capacity: Answer<ListCapacityResponse>;
  readonly reports: Answer<ListReportGroupsResponse>;
  /** Only what this one takes down; empty: all. */
  outage = "";
  /** What somebody types to suppose. */
  supposing: Supposition | undefined;
  /** It was asked for, and could not be. */
  tried = false;
  /** What is shown is of this. */
  supposed: Supposition | undefined;
  /** Figures of all open incidents of the mode, or of this one. */
  everywhere = true;
  onlyRaised = false;
  dutyHours = DUTY_HOURS;
  onlyWaiting = false;

  constructor(private readonly house: House) {
    const options = { timeoutMs: CALL_MS };
    this.impact = new Answer(({ incident, atMs, also }) => {
      const { outage, supposed } = JSON.parse(also ?? "{}") as Effects;
      const fails = supposed && whatIf(supposed);
      const back = supposed && repairIf(supposed);
      const supposes = { ...(fails && { whatIf: fails }), ...(back && { repairIf: back }) };
      return impacts.getImpact({ incident, outage: fails || back ? "" : outage, ...supposes, ...known(atMs) }, options);
    }, house.draw);
    this.scenarios = new Answer(({ incident, atMs }) => impacts.compareScenarios({ incident, ...known(atMs) }, options), house.draw);
    this.signals = new Answer(({ incident, atMs, also }) => {
      const [scope, raised] = (also ?? "").split(" ");
      const of = scope === "here" ? { incident } : { mode: house.mode() };
      return signals.listSignals({ ...of, onlyRaised: raised === "raised", ...known(atMs) }, options);
    }, house.draw);
    this.capacity = new Answer(({ incident, atMs, also }) => capacities.listCapacity({ incident, dutyMax: { seconds: BigInt(Number(also) * 3600) }, ...known(atMs) }, options), house.draw);
    this.reports = new Answer(({ incident, atMs, also }) => reports.listReportGroups({ incident, onlyWaiting: also === "waiting", ...known(atMs) }, options), house.draw);
  }

  follow(about: About | undefined, tab: Tab | undefined): void {
    const on = (wanted: Tab, also = ""): About | undefined => (tab === wanted && about ? { ...about, also } : undefined);
    this.impact.follow(on("impact", JSON.stringify({ outage: this.outage, supposed: this.supposed } satisfies Effects)));
    this.scenarios.follow(on("scenarios"));
    this.signals.follow(on("signals", `${this.everywhere ? "everywhere" : "here"} ${this.onlyRaised ? "raised" : "all"}`));
    this.capacity.follow(on("capacity", String(this.dutyHours)));
    this.reports.follow(on("reports", this.onlyWaiting ? "waiting" : ""));
  }

  leave(): void {
    this.supposing = undefined;
    this.tried = false;
  }

  turn(): void {
    this.leave();
    this.outage = "";
    this.supposed = undefined;
    for (const one of [this.impact, this.scenarios, this.signals, this.capacity, this.reports]) one.forget();
  }

  change(change: Partial<Pick<Watch, "outage" | "everywhere" | "onlyRaised" | "dutyHours" | "onlyWaiting">>): void {
    Object.assign(this, change);
    this.house.draw();
  }

  /** Opens the form to suppose something, or closes it. */
  suppose(on: boolean): void {
    this.supposing = on ? (this.supposed ?? NOTHING) : undefined;
    this.tried = false;
    this.house.draw();
  }

  type(change: Partial<Supposition>): void {
    if (this.supposing) this.supposing = { ...this.supposing, ...change };
    this.house.draw();
  }

  /** Shows what would follow; false when it cannot be asked. */
  show(): boolean {
    const { supposing } = this;
    this.tried = !supposing || !(whatIf(supposing) ?? repairIf(supposing));
    if (!this.tried) {
      this.supposed = supposing;
      this.supposing = undefined;
      this.outage = "";
    }
    this.house.draw();
    return !this.tried;
  }

  /** Back to what was reported. */
  real(): void {
    this.supposed = this.supposing = undefined;
    this.tried = false;
    this.house.draw();
  }
}

// Early signals.

/** What is watched, such as `discharge 2,500 m³/s or more`. */
export function watched(body: Threshold, language: Language): string {
  const { lang, t, number } = language;
  const [kind = "", ...rest] = body.aspect.split(".");
  const name = WATCHED.find(([aspect]) => aspect === body.aspect)?.[lang === "nl" ? 1 : 2] ?? body.aspect;
  const fields = KIND_FIELDS[kind as keyof typeof KIND_FIELDS] as (typeof KIND_FIELDS)["observation"] | undefined;
  const unit = fields?.find((field) => field.name === rest.join("."))?.unit ?? "";
  const bound = (value: number | undefined, words: string): string[] => (value === undefined ? [] : [`${number(value)} ${unit}`.trim() + ` ${words}`]);
  return `${name} ${[...bound(body.above, t.orMore), ...bound(body.below, t.orLess)].join(lang === "nl" ? ", dan wel " : ", or ")}`;
}

/** What is watched, where, and for whom; `place`: of which a figure is. */
export function watchLine(entry: Entry, place: string, language: Language): string {
  if (entry.body.case !== "threshold") return "";
  const body = entry.body.value;
  const at = place || body.place;
  const detail = body.detail && ` (${body.detail})`;
  return `${at && `${at}: `}${watched(body, language)}${detail} · ${party(body.region) || team(language.lang, "signalNational")}`;
}

/** How far a figure is beyond its threshold, and since when. */
export function howFar(signal: Signal, language: Language, nowMs: number): string {
  const { lang, moment, age } = language;
  const number = (value: number): string => new Intl.NumberFormat(lang === "nl" ? "nl-NL" : "en-GB", { maximumFractionDigits: 4 }).format(value);
  const expected = signal.state === SignalState.EXPECTED;
  const told = (word: Parameters<typeof team>[1], time: Signal["sinceTime"]): string => {
    const ms = millis(time);
    return ms === undefined ? "" : `${team(lang, word)} ${moment(ms, nowMs)}`;
  };
  const since = millis(signal.sinceTime);
  return [
    `${team(lang, "signalTold")} ${number(signal.value)}`,
    signal.beyond < 0 ? `${team(lang, "signalWithin")} ${number(-signal.beyond)}` : `${team(lang, "signalBeyond")} ${number(signal.beyond)}`,
    told("signalExpected", signal.expectedTime),
    told(expected ? "forecastSince" : "signalSince", signal.sinceTime),
    told("signalOver", signal.overTime),
    signal.state === SignalState.PASSED && since !== undefined ? age(nowMs - since) : "",
  ].filter(Boolean).join(" · ");
}

// Reports of citizens.

/** Reports that an entry made of a group would cite, and how many that wait it cannot. */
export function citedOf(group: ReportGroup): { cited: string[]; left: number } {
  const cited = group.reports.slice(0, Math.min(group.waitingEntryCount, CITED_MAX));
  return { cited, left: Math.max(0, group.waitingEntryCount - cited.length) };
}

/** What a person begins with who makes an entry of reports: what most of them say, and all of them
 * cited. Unverified until they say who checked it. */
export function promotedFrom(group: ReportGroup, incident: string): Entry | undefined {
  const report = group.representative;
  if (!report) return undefined;
  const urgency = report.assessment?.urgency ?? 0;
  return create(EntrySchema, {
    name: `${incident}/entries/${crypto.randomUUID()}`,
    statement: Statement.FACT,
    discipline: report.discipline,
    hazards: [...report.hazards],
    texts: report.texts,
    ...(report.geometry && { geometry: report.geometry }),
    place: report.place,
    ...(group.firstTime && { times: { observed: group.firstTime } }),
    assessment: { urgency },
    ...(report.label && { label: report.label }),
    sources: [{ system: "Polder: citizen reports", originalId: group.name }],
    relations: citedOf(group).cited.map((entry) => ({ type: RelationType.BASED_ON, entry })),
    body: { case: "observation", value: {} },
  });
}
