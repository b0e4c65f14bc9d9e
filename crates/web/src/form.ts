// What stands in a form, from an entry and back. What nobody touched stays as it was, to the byte:
// a form shows seconds, and an entry may hold more than it shows.
import { clone, create, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { DurationSchema, timestampDate, timestampFromMs, type Duration, type Timestamp } from "@bufbuild/protobuf/wkt";
import { CountSchema, type Count } from "./gen/polder/v1/count_pb.ts";
import { EntrySchema, VerificationState, type Entry } from "./gen/polder/v1/entry_pb.ts";
import { GeometrySchema, type Geometry } from "./gen/polder/v1/geometry_pb.ts";
import { COMMON, KIND_FIELDS, type Field } from "./fields.ts";
import { party } from "./figures.ts";
import type { FieldProblem } from "./refusal.ts";
import type { KindName } from "./words/index.ts";

/** A number of people or things as it is typed. */
export interface CountValue {
  value: string;
  qualifier: string;
  basis: string;
}

export type Value = string | boolean | string[] | CountValue | Values[];
export interface Values {
  [field: string]: Value;
}

/** Of a row that was there before: which one it was. */
const ROW = "#";

type Loose = Record<string, unknown>;

export function kindOf(entry: Entry): KindName | undefined {
  const found = BODY.find((field) => field.localName === entry.body.case);
  return found?.name as KindName | undefined;
}

const BODY: readonly DescField[] = EntrySchema.oneofs.find((oneof) => oneof.name === "body")?.fields ?? [];

function bodyOf(kind: KindName): DescField & { message: DescMessage } {
  const found = BODY.find((field) => field.name === kind);
  if (!found?.message) throw new Error(kind);
  return found as DescField & { message: DescMessage };
}

// From an entry.

export function commonOf(entry: Entry): Values {
  return valuesOf(COMMON, entry, EntrySchema);
}

export function figuresOf(entry: Entry, kind: KindName): Values {
  const { message } = bodyOf(kind);
  const same = kindOf(entry) === kind;
  return valuesOf(KIND_FIELDS[kind], same ? (entry.body.value as Message) : undefined, message);
}

function valuesOf(fields: readonly Field[], message: Message | undefined, desc: DescMessage): Values {
  return Object.fromEntries(fields.map((field) => {
    const [holder, leaf] = reach(message, desc, field.name);
    return [field.name, valueOf(field, holder?.[leaf.localName], leaf)];
  }));
}

/** The message that holds a field, if there is one, and the field. */
function reach(message: Message | undefined, desc: DescMessage, name: string): [Loose | undefined, DescField] {
  let holder = message as Loose | undefined;
  let within = desc;
  const parts = name.split(".");
  for (const part of parts.slice(0, -1)) {
    const field = fieldOf(within, part);
    holder = holder?.[field.localName] as Loose | undefined;
    if (field.message) within = field.message;
  }
  return [holder, fieldOf(within, parts.at(-1) ?? "")];
}

function fieldOf(desc: DescMessage, name: string): DescField {
  const found = desc.fields.find((field) => field.name === name);
  if (!found) throw new Error(`${desc.typeName} has no ${name}`);
  return found;
}

function valueOf(field: Field, raw: unknown, leaf: DescField): Value {
  switch (field.sort) {
    case "flag":
      return raw === true;
    case "choice":
      return String(raw ?? 0);
    case "choices":
      return ((raw ?? []) as number[]).map(String);
    case "list":
      return ((raw ?? []) as string[]).join("\n");
    case "time":
      return raw ? localTime(timestampDate(raw as Timestamp)) : "";
    case "count": {
      const counted = raw as Count | undefined;
      return counted
        ? { value: String(counted.value), qualifier: String(counted.qualifier), basis: String(counted.basis) }
        : { value: "", qualifier: "0", basis: "0" };
    }
    case "party":
      return party(String(raw ?? ""));
    case "minutes":
      return raw ? String(minutesOf(raw as Duration)) : (field.usual ?? "");
    case "circle":
      return circleOf(raw as Geometry | undefined);
    case "rows":
      return ((raw ?? []) as Message[]).map((row, at) => ({ ...valuesOf(field.fields ?? [], row, rowOf(leaf)), [ROW]: String(at) }));
    default:
      return raw === undefined ? "" : String(raw);
  }
}

function rowOf(field: DescField): DescMessage {
  if (field.fieldKind !== "list" || field.listKind !== "message") throw new Error(field.name);
  return field.message;
}

/** A row that nobody has filled yet. */
export function emptyRow(field: Field): Values {
  return Object.fromEntries((field.fields ?? []).map((one): [string, Value] => {
    if (one.sort === "count") return [one.name, { value: "", qualifier: "0", basis: "0" }];
    if (one.sort === "flag") return [one.name, false];
    return [one.name, one.sort === "choice" ? "0" : ""];
  }));
}

/** Where rows are required the first lies ready. */
export function begun(kind: KindName, figures: Values): Values {
  const empty = KIND_FIELDS[kind].filter((field) => field.sort === "rows" && field.required && isEmpty(field, figures[field.name] ?? []));
  return { ...figures, ...Object.fromEntries(empty.map((field) => [field.name, [emptyRow(field)]])) };
}

/** As `datetime-local` has it, in the time of this browser. */
export function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The same to the minute, for inputs that ask for no seconds. */
export function localMinute(ms: number): string {
  return localTime(new Date(ms)).slice(0, 16);
}

// Back to an entry.

/** The entry that a form says, on top of what it began with, and what is wrong with it. */
export function entryOfForm(
  base: Entry,
  kind: KindName,
  common: Values,
  figures: Values,
): { entry: Entry; problems: FieldProblem[] } {
  const entry = clone(EntrySchema, base);
  const problems: FieldProblem[] = [];
  take(COMMON, common, commonOf(base), entry, EntrySchema, "", problems);
  seen(entry, common, problems);
  checked(entry, base);
  // A text in which nothing stands is none.
  entry.texts = entry.texts.filter((text) => text.title.trim() || text.body.trim());
  const field = bodyOf(kind);
  const body = kindOf(base) === kind ? (entry.body.value as Message) : create(field.message);
  take(KIND_FIELDS[kind], figures, figuresOf(base, kind), body, field.message, `${kind}.`, problems);
  entry.body = { case: field.localName, value: body } as Entry["body"];
  return { entry, problems };
}

/** Who names who checked it says that it was checked, unless they say otherwise: as on the command line. */
function checked(entry: Entry, base: Entry): void {
  const verification = entry.assessment?.verification;
  if (!verification) return;
  const before = base.assessment?.verification;
  const unsaid = VerificationState.UNSPECIFIED;
  if (verification.verifiedBy && verification.state === unsaid && (before?.state ?? unsaid) === unsaid) verification.state = VerificationState.VERIFIED;
}

/** Until when somebody must see it goes with who; without anybody there is neither. */
function seen(entry: Entry, common: Values, problems: FieldProblem[]): void {
  if (!entry.attention) return;
  if (entry.attention.addressees.length === 0) delete entry.attention;
  else if (!entry.attention.within) {
    const at = "attention.within";
    const field = COMMON.find((one) => one.name === at)!;
    const typed = String(common[at] ?? field.usual ?? "");
    const read = minutes(field, typed);
    if ("value" in read && read.value) entry.attention.within = read.value as Duration;
    else if (problems.every((problem) => problem.field !== at)) problems.push({ field: at, reason: "reason" in read ? read.reason : "REQUIRED", sentence: "" });
  }
}

function minutesOf(duration: Duration): number {
  return Number(duration.seconds) / 60 + duration.nanos / 60e9;
}

function minutes(field: Field, typed: string): Read {
  const read = numeric({ ...field, sort: "number" }, typed);
  if ("reason" in read || read.value === undefined) return read;
  return { value: create(DurationSchema, { seconds: BigInt(Math.round((read.value as number) * 60)) }) };
}

/** A circle as people type it; what is drawn otherwise is said to be there, and stays. */
function circleOf(area: Geometry | undefined): string {
  if (area?.shape.case !== "circle") return area ? "…" : "";
  const { center, radiusM } = area.shape.value;
  return [center?.latitude ?? 0, center?.longitude ?? 0, radiusM / 1000].join("; ");
}

/** Latitude, longitude and kilometres, with decimals as people write them. */
export function circle(typed: string): Read {
  if (typed.trim() === "") return { value: undefined };
  const [latitude, longitude, km, ...more] = typed.trim().split(/\s*;\s*|,?\s+/).map((part) => numberOf(part, false));
  if (latitude === undefined || longitude === undefined || km === undefined || more.length > 0) return { reason: "NOT_A_NUMBER" };
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180 || km <= 0 || km > 1000) return { reason: "OUT_OF_RANGE" };
  return { value: create(GeometrySchema, { shape: { case: "circle", value: { center: { latitude, longitude }, radiusM: km * 1000 } } }) };
}

function take(
  fields: readonly Field[],
  values: Values,
  before: Values,
  into: Message,
  desc: DescMessage,
  path: string,
  problems: FieldProblem[],
): void {
  for (const field of fields) {
    const value = values[field.name];
    if (value === undefined) continue;
    const at = path + field.name;
    if (field.required && isEmpty(field, value)) {
      problems.push({ field: at, reason: "REQUIRED", sentence: "" });
      continue;
    }
    if (JSON.stringify(value) === JSON.stringify(before[field.name])) continue;
    const [holder, leaf] = reachFor(into, desc, field.name, !isEmpty(field, value));
    if (!holder) continue;
    if (field.sort === "rows") {
      holder[leaf.localName] = rows(field, value as Values[], holder[leaf.localName] as Message[], rowOf(leaf), at, problems);
      continue;
    }
    const read = readValue(field, value, holder[leaf.localName]);
    if ("reason" in read) problems.push({ field: at, reason: read.reason, sentence: "" });
    else if (read.value === undefined) delete holder[leaf.localName];
    else holder[leaf.localName] = read.value;
  }
}

/** The message that holds a field; made when there is something to put into it. */
function reachFor(message: Message, desc: DescMessage, name: string, make: boolean): [Loose | undefined, DescField] {
  let holder: Loose | undefined = message as unknown as Loose;
  let within = desc;
  const parts = name.split(".");
  for (const part of parts.slice(0, -1)) {
    const field = fieldOf(within, part);
    if (!field.message) throw new Error(name);
    within = field.message;
    if (make && holder && !holder[field.localName]) holder[field.localName] = create(within);
    holder = holder?.[field.localName] as Loose | undefined;
  }
  return [holder, fieldOf(within, parts.at(-1) ?? "")];
}

function rows(field: Field, values: Values[], before: Message[], desc: DescMessage, path: string, problems: FieldProblem[]): Message[] {
  const fields = field.fields ?? [];
  if (values.length > (field.most ?? Infinity)) problems.push({ field: path, reason: "TOO_MANY", sentence: "" });
  return values.map((row, at) => {
    const old = row[ROW] === undefined ? undefined : before[Number(row[ROW])];
    const made = old ? clone(desc, old) : create(desc);
    const was = old ? valuesOf(fields, old, desc) : emptyRow(field);
    take(fields, row, was, made, desc, `${path}[${at}].`, problems);
    return made;
  });
}

function isEmpty(field: Field, value: Value): boolean {
  if (typeof value === "string") return value.trim() === "" || (field.sort === "choice" && value === "0");
  if (typeof value === "boolean") return !value;
  return Array.isArray(value) ? value.length === 0 : value.value.trim() === "";
}

export type Read = { value: unknown } | { reason: string };

function readValue(field: Field, value: Value, before: unknown): Read {
  switch (field.sort) {
    case "flag":
    case "choices":
      if (Array.isArray(value) && value.length > (field.most ?? Infinity)) return { reason: "TOO_MANY" };
      return { value: Array.isArray(value) ? value.map(Number) : value };
    case "choice":
      return { value: Number(value) };
    case "list": {
      const all = String(value).split("\n").map((one) => one.trim()).filter(Boolean);
      if (all.length > (field.most ?? Infinity)) return { reason: "TOO_MANY" };
      return all.some((one) => [...one].length > (field.length ?? Infinity)) ? { reason: "TOO_LONG" } : { value: all };
    }
    case "time": {
      if (value === "") return { value: undefined };
      const ms = new Date(String(value)).getTime();
      return Number.isFinite(ms) ? { value: timestampFromMs(ms) } : { reason: "TIME_OUT_OF_RANGE" };
    }
    case "count":
      return counted(field, value as CountValue, before as Count | undefined);
    case "party": {
      const id = String(value).trim().replace(/^parties\//, "");
      return [...id].length > (field.length ?? Infinity) ? { reason: "TOO_LONG" } : { value: id && `parties/${id}` };
    }
    case "minutes":
      return minutes(field, String(value));
    case "circle":
      return circle(String(value));
    case "number":
    case "whole":
      return numeric(field, String(value));
    default: {
      const typed = field.sort === "text" ? String(value).trim() : String(value).replace(/\r\n?/g, "\n");
      return [...typed].length > (field.length ?? Infinity) ? { reason: "TOO_LONG" } : { value: typed };
    }
  }
}

function counted(field: Field, { value, qualifier, basis }: CountValue, before: Count | undefined): Read {
  if (value.trim() === "") return { value: undefined };
  const read = numeric({ ...field, sort: "whole" }, value);
  if ("reason" in read) return read;
  const said = { value: BigInt(read.value as number), qualifier: Number(qualifier), basis: Number(basis) };
  return { value: Object.assign(before ? clone(CountSchema, before) : create(CountSchema), said) };
}

function numeric(field: Field, typed: string): Read {
  if (typed.trim() === "") return { value: undefined };
  const value = numberOf(typed, field.sort === "whole");
  if (value === undefined) return { reason: "NOT_A_NUMBER" };
  const { min = -Infinity, max = Infinity, under } = field;
  return value < min || value > max || (under && value === max) ? { reason: "OUT_OF_RANGE" } : { value };
}

/** With a comma or a point before the decimals. Only a whole number may have its thousands apart. */
export function numberOf(typed: string, whole: boolean): number | undefined {
  let text = typed.trim().replace(/[−–]/g, "-");
  if (whole && /^-?\d{1,3}([.,\s]\d{3})+$/.test(text)) text = text.replace(/[.,\s]/g, "");
  if (!(whole ? /^-?\d+$/ : /^-?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?$/i).test(text)) return undefined;
  const value = Number(text.replace(",", "."));
  return Number.isFinite(value) && (!whole || Number.isSafeInteger(value)) ? value : undefined;
}

/** With one value put elsewhere; nothing of the old is changed. */
export function put(values: Values, path: readonly (string | number)[], value: Value | undefined): Values {
  const [first, second, ...rest] = path;
  const field = String(first);
  if (second === undefined) return { ...values, [field]: value ?? "" };
  const list = [...((values[field] ?? []) as Values[])];
  const at = Number(second);
  if (rest.length > 0) list[at] = put(list[at] ?? {}, rest, value);
  else if (value === undefined) list.splice(at, 1);
  else list[at] = value as unknown as Values;
  return { ...values, [field]: list };
}
