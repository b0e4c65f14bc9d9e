// Every field that a form can fill, of all kinds: one table. Names are those of the contract, so
// that what the node says of a field finds its place; bounds are those of the contract too.
import type { KindName, Names } from "./words/index.ts";

export type Sort =
  | "text"
  | "long"
  | "number"
  | "whole"
  | "count"
  | "time"
  /** A party by the last part of its name. */
  | "party"
  /** A duration, in minutes. */
  | "minutes"
  /** A circle: latitude, longitude and kilometres. */
  | "circle"
  | "choice"
  | "choices"
  | "flag"
  | "list"
  | "rows";

export interface Field {
  /** In the contract; with dots where it lies deeper. */
  name: string;
  sort: Sort;
  required?: boolean;
  unit?: string;
  min?: number;
  max?: number;
  /** Below `max`, not at it. */
  under?: boolean;
  /** Characters, of a text or of each one in a list. */
  length?: number;
  /** Where the names of values are. */
  names?: keyof Names;
  /** Texts of which one is chosen, with what each is called. */
  options?: readonly (readonly [value: string, nl: string, en: string])[];
  /** So many rows, texts or choices. */
  most?: number;
  /** What stands there when nothing was said: as on the command line. */
  usual?: string;
  /** Of one row. */
  fields?: readonly Field[];
}

const text = (name: string, length: number, more: Partial<Field> = {}): Field => ({ name, sort: "text", length, ...more });
const long = (name: string, length: number): Field => ({ name, sort: "long", length });
const choice = (name: string, names: keyof Names, required = false): Field => ({ name, sort: "choice", names, required });
const choices = (name: string, names: keyof Names, most: number): Field => ({ name, sort: "choices", names, most });
const count = (name: string, required = false): Field => ({ name, sort: "count", required, min: 0, max: 1_000_000_000 });
const time = (name: string): Field => ({ name, sort: "time" });
const partyOf = (name: string, more: Partial<Field> = {}): Field => ({ name, sort: "party", length: 72, ...more });
const flag = (name: string): Field => ({ name, sort: "flag" });
const number = (name: string, unit: string, min: number, max: number, more: Partial<Field> = {}): Field =>
  ({ name, sort: "number", unit, min, max, ...more });
const whole = (name: string, unit: string, min: number, max: number): Field => ({ name, sort: "whole", unit, min, max });
const required = { required: true };

/** Of every entry, whatever its kind. */
export const COMMON: readonly Field[] = [
  {
    name: "texts", sort: "rows", most: 8,
    fields: [text("language", 35, required), text("title", 200), long("body", 20_000), flag("machine_translated")],
  },
  choice("statement", "statement", true),
  choice("discipline", "discipline"),
  text("place", 200),
  time("times.observed"),
  time("times.reported"),
  time("times.valid_from"),
  time("times.valid_until"),
  choice("assessment.certainty", "certainty"),
  choice("assessment.urgency", "urgency"),
  choice("assessment.severity", "severity"),
  choice("assessment.reliability", "reliability"),
  choice("assessment.credibility", "credibility"),
  choice("assessment.verification.state", "verification"),
  text("assessment.verification.verified_by", 200),
  { name: "sources", sort: "rows", most: 16, fields: [text("system", 200, required), text("method", 200), text("original_id", 200)] },
  { name: "attention.addressees", sort: "rows", most: 16, fields: [partyOf("party", required), text("role", 200), partyOf("second")] },
  // Unless somebody says otherwise, as on the command line.
  { name: "attention.within", sort: "minutes", min: 1, max: 10_080, usual: "15" },
];

/** Figures that a threshold can watch. */
export const WATCHED = [
  ["water_level.discharge_m3_s", "afvoer", "discharge"],
  ["water_level.level_m", "waterstand", "water level"],
  ["water_level.depth_m", "waterdiepte", "depth"],
  ["outage.customers", "getroffen aansluitingen", "customers without service"],
  ["casualties.figures", "slachtoffers", "casualties"],
  ["measurement.readings", "meetwaarde", "reading"],
  ["evacuation.people", "te evacueren mensen", "people to leave"],
  ["evacuation.homes", "te ontruimen woningen", "homes to be cleared"],
  ["care_capacity.patients", "patiënten", "patients"],
  ["care_capacity.beds.available", "vrije bedden", "free beds"],
  ["care_capacity.beds.total", "bedden", "beds"],
  ["resource.quantity", "aantal eenheden", "number of units"],
  ["staffing.available", "beschikbare mensen", "people available"],
  ["staffing.on_duty", "mensen in dienst", "people on duty"],
  ["weather.precipitation_mm", "neerslag", "rain"],
  ["weather.wind_speed_m_s", "wind", "wind"],
  ["flood_defence.weak_spots", "zwakke plekken", "weak spots"],
  ["flood_defence.length_m", "betrokken lengte", "length concerned"],
  ["flood_defence.raised_m", "opgehoogd met", "raised by"],
  ["reception.capacity", "plaatsen", "places"],
  ["reception.present", "aanwezigen", "people present"],
] as const;

/** By kind. */
export const KIND_FIELDS: Record<KindName, readonly Field[]> = {
  observation: [choice("theme", "theme")],
  casualties: [
    {
      name: "figures", sort: "rows", most: 32, required: true,
      fields: [choice("category", "casualty", true), choice("population", "population"), count("count", true)],
    },
    choice("period", "period"),
    time("period_start"),
    time("period_end"),
  ],
  water_level: [
    text("gauge", 200, required),
    number("level_m", "m", -20, 1_000),
    number("level_high_m", "m", -20, 1_000),
    text("datum", 20),
    number("discharge_m3_s", "m³/s", 0, 100_000),
    number("discharge_high_m3_s", "m³/s", 0, 100_000),
    number("depth_m", "m", 0, 100),
    number("depth_high_m", "m", 0, 100),
    choice("trend", "trend"),
    time("peak_time"),
    time("peak_end_time"),
  ],
  outage: [
    choice("service", "service", true),
    choice("state", "outage"),
    count("customers"),
    time("start_time"),
    time("expected_repair_time"),
    text("operator", 200),
    choices("depends_on", "service", 16),
  ],
  measurement: [
    {
      name: "readings", sort: "rows", most: 32,
      fields: [
        text("quantity", 200, required),
        { name: "value", sort: "number", required: true },
        text("unit", 20, required),
        text("cas_number", 12),
        flag("below_limit"),
      ],
    },
    flag("effect_area"),
    text("effect", 200),
  ],
  closure: [
    choice("object", "closureObject", true),
    choice("state", "closureState", true),
    text("designation", 200),
    long("reason", 1_000),
    long("detour", 1_000),
    time("expected_reopening_time"),
    number("length_km", "km", 0, 1_000),
  ],
  evacuation: [
    choice("state", "evacuation", true),
    choice("basis", "evacuationBasis"),
    count("people"),
    count("homes"),
    time("deadline"),
    text("destination", 200),
    long("special_groups", 1_000),
  ],
  care_capacity: [
    text("institution", 200, required),
    choice("state", "care"),
    { name: "beds", sort: "rows", most: 16, fields: [choice("type", "bed", true), count("available"), count("total")] },
    flag("admission_stop"),
    count("patients"),
  ],
  resource: [
    text("type", 200, required),
    text("call_sign", 63),
    choice("state", "resource"),
    count("quantity"),
    count("personnel"),
    text("destination", 200),
    time("expected_arrival_time"),
    time("available_until"),
    number("course_deg", "°", 0, 360, { under: true }),
    number("speed_m_s", "m/s", 0, 1_000),
  ],
  assistance_request: [
    text("need", 200, required),
    count("quantity"),
    text("addressee", 72),
    choice("state", "request"),
    time("needed_by"),
    time("needed_until"),
    { name: "accepted", sort: "rows", most: 64, fields: [text("offer", 120, required), whole("quantity", "", 1, 1_000_000_000)] },
    text("number", 64),
    choice("module", "module"),
    text("entry_point", 200),
    choices("provided_support", "support", 16),
  ],
  assistance_offer: [
    text("means", 200, required),
    count("quantity", true),
    text("request", 120),
    choice("state", "offer", true),
    whole("en_route", "", 0, 1_000_000_000),
    whole("arrived", "", 0, 1_000_000_000),
    whole("released", "", 0, 1_000_000_000),
    time("available_from"),
    time("expected_arrival_time"),
    time("available_until"),
    long("host_support", 1_000),
    text("number", 64),
    choice("module", "module"),
    choice("transport", "transport"),
    text("entry_point", 200),
    choice("costs", "helpCosts"),
    choices("needed_support", "support", 16),
  ],
  warning: [
    choice("state", "warning", true),
    choice("colour", "colour"),
    text("audience", 200),
    choices("responses", "response", 8),
    choices("channels", "channel", 8),
    time("expires"),
    text("unchecked_reason", 500),
    { name: "contacts", sort: "list", most: 16, length: 200 },
  ],
  weather: [
    number("precipitation_mm", "mm", 0, 2_000),
    number("precipitation_high_mm", "mm", 0, 2_000),
    time("interval_start"),
    time("interval_end"),
    number("wind_from_deg", "°", 0, 360, { under: true }),
    number("wind_speed_m_s", "m/s", 0, 150),
    number("gust_m_s", "m/s", 0, 200),
    number("temperature_c", "°C", -90, 65),
    number("visibility_m", "m", 0, 100_000),
    number("probability_percent", "%", 0, 100),
  ],
  decision: [
    text("decided_by", 200, required),
    choice("state", "decision"),
    time("decided_time"),
    text("legal_ground", 200),
    long("rationale", 4_000),
    { name: "alternatives", sort: "list", most: 16, length: 1_000 },
    { name: "basis", sort: "list", most: 64, length: 200 },
  ],
  action: [
    text("owner", 200, required),
    choice("state", "action", true),
    time("due_time"),
    whole("progress_percent", "%", 0, 100),
  ],
  drawing: [text("label", 200, required), choice("phase", "drawing"), text("colour", 7), text("symbol", 63)],
  message: [{ name: "addressees", sort: "list", most: 32, length: 200 }, text("in_reply_to", 200)],
  flood_defence: [
    text("structure", 200, required),
    choice("state", "flood", true),
    text("failure_mode", 200),
    number("length_m", "m", 0, 1_000_000),
    number("raised_m", "m", 0, 100),
    whole("weak_spots", "", 0, 100_000),
  ],
  reception: [
    text("location", 200, required),
    choice("state", "reception", true),
    count("present"),
    count("capacity"),
    text("intended_for", 200),
  ],
  facility: [
    text("designation", 200, required),
    choice("type", "facility", true),
    choice("state", "facilityState"),
    time("state_time"),
    choices("provides", "service", 16),
    { name: "service_area", sort: "circle" },
    {
      name: "dependencies", sort: "rows", most: 32,
      fields: [
        choice("service", "service"),
        { name: "suppliers", sort: "list", most: 8, length: 120 },
        { name: "holds_out", sort: "minutes", min: 0, max: 525_600 },
        text("backup", 200),
      ],
    },
    count("people"),
    count("less_self_reliant"),
    count("customers"),
    text("operator", 200),
    time("expected_back_time"),
  ],
  scenario: [
    text("subject", 200, required),
    choice("type", "scenario", true),
    choice("likelihood", "likelihood"),
    time("horizon_start"),
    time("horizon_end"),
    { name: "assumptions", sort: "rows", most: 32, fields: [long("text", 1_000), { name: "basis", sort: "list", most: 16, length: 200 }] },
    { name: "figures", sort: "rows", most: 16, fields: [text("label", 200, required), count("count", true)] },
    {
      name: "scores", sort: "rows", most: 18,
      fields: [
        choice("criterion", "criterion", true),
        choice("level", "level", true),
        long("reason", 1_000),
        { name: "basis", sort: "list", most: 16, length: 200 },
      ],
    },
    text("drawn_up_by", 200),
  ],
  staffing: [
    text("unit", 200, required),
    choice("sort", "staff", true),
    text("function", 200),
    count("present"),
    count("available"),
    count("on_duty"),
    count("resting"),
    time("shift_begin"),
    time("shift_end"),
    time("relief_expected"),
    { name: "longest_duty", sort: "minutes", min: 0, max: 10_080 },
  ],
  citizen_report: [choice("category", "report", true), choice("channel", "reportChannel"), count("reports")],
  threshold: [
    text("aspect", 64, { required: true, options: WATCHED }),
    text("place", 200),
    text("detail", 100),
    number("above", "", -1e12, 1e12),
    number("below", "", -1e12, 1e12),
    text("region", 72),
  ],
  contact: [
    text("name", 200, required),
    choice("purpose", "contactPurpose", true),
    text("telephone", 40),
    text("web", 200),
    text("mail", 200),
    text("address", 200),
    flag("checked"),
  ],
};

export const KINDS = Object.keys(KIND_FIELDS) as KindName[];
