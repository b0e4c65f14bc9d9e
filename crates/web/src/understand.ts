// Reads one typed line: what kind, which figure, where, when, how sure. What is not found is left
// out; nothing is invented. The reader sees the result before anything is posted.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EntrySchema, Statement, Urgency, type Entry } from "./gen/polder/v1/entry_pb.ts";
import type { PlaceRow } from "./map/base.ts";
import { fromRd } from "./rd.ts";
import type { KindName } from "./words/index.ts";

/** Kinds that the box can post. */
export const POSTED: KindName[] = [
  "observation",
  "water_level",
  "casualties",
  "outage",
  "closure",
  "evacuation",
  "assistance_request",
  "message",
];

export interface Position {
  latitude: number;
  longitude: number;
}

/** What was drawn on the map. */
export interface Drawn {
  sort: "line" | "area";
  points: Position[];
}

/** What a line says. */
export interface Understood {
  kind: KindName;
  statement: Statement;
  title: string;
  observed: number | undefined;
  place: string;
  position: Position | undefined;
  drawn: Drawn | undefined;
  urgent: boolean;
  /** The figure as it will be posted. */
  count: number | undefined;
  about: boolean;
  levelM: number | undefined;
  dischargeM3S: number | undefined;
  datum: string;
  /** Number of the value in the contract: service, object or category. */
  sort: number;
  /** Of an outage, closure or evacuation. */
  state: number;
  name: string;
}

/** What the reader chose instead of what was understood. */
export interface Choice {
  kind?: KindName | undefined;
  statement?: Statement | undefined;
  urgent?: boolean | undefined;
  position?: Position | undefined;
  drawn?: Drawn | undefined;
}

type Row<T> = [RegExp, T];

const KINDS: Row<KindName>[] = [
  [/\b(waterstand|waterhoogte|water ?level|afvoer|discharge|m3\/s|m³\/s)\b|\bm\s?(nap|taw|nhn)\b/i, "water_level"],
  [/\b(doden?|overleden|gewonde?n?|slachtoffers?|vermisten?|dead|injured|casualt\w+|missing (people|persons?))\b/i, "casualties"],
  [/\b(evacu\w+|ontruim\w+)\b/i, "evacuation"],
  [/\b(bijstand|hulp (gevraagd|nodig)|verzoek om|request for help|assistance|we need|wij vragen)\b/i, "assistance_request"],
  [/\b(\w*(stroom|gas|net|water)?(uitval|storing)|zonder (stroom|gas|water|drinkwater)|(power|gas|telecom)[ -](out|outage|cut)|outage|without (power|gas|water))\b/i, "outage"],
  [/\b(afgesloten|afsluiting|gestremd|versperd|dicht|weer open|road closed|closed|blocked)\b/i, "closure"],
  [/^(bericht|message|aan|to)\s*[:>]/i, "message"],
];
const SERVICES: Row<number>[] = [
  [/\b(drinkwater|drinking water|zonder water|without water)/i, 3],
  [/\bgas/i, 2],
  [/\b(riool|riolering|sewer)/i, 4],
  [/\b(telecom|internet|mobiel|telefo|phone)/i, 5],
  [/\b112\b/, 6],
  [/\bc2000\b/i, 7],
  [/\b(gemaal|gemalen|pumping)/i, 16],
  [/\b(warmte|verwarming|heating)/i, 11],
  [/stroom|power|elektri|electric|net(uitval|storing)/i, 1],
];
const OBJECTS: Row<number>[] = [
  [/\b(brug|bridge)\b|brug\b/i, 2],
  [/tunnel\b/i, 3],
  [/\b(spoor\w*|rail\w*|trein\w*|train)\b/i, 4],
  [/\b(vaarweg|kanaal|sluis|waterway|canal|lock)\b/i, 5],
  [/\b(gebied|wijk|centrum|area)\b/i, 6],
  [/\b(luchtruim|airspace)\b/i, 7],
  [/\b(gebouw|school|ziekenhuis|building)\b/i, 8],
];
const CASUALTIES: Row<number>[] = [
  [/\b(doden?|overleden|dead|killed)\b/i, 1],
  [/\b(vermisten?|missing)\b/i, 2],
  [/\b(getroffenen|affected)\b/i, 10],
];
const HOMES = /\b(woningen|huizen|homes|houses)\b/i;
const ABOUT = /\b(ongeveer|circa|ca\.?|zo'n|rond de|about|some|roughly)\s*$/i;
const RESTORED = /\b(hersteld|weer (stroom|gas|water)|restored|back on)\b/i;

function find<T>(rows: Row<T>[], line: string): T | undefined {
  return rows.find(([words]) => words.test(line))?.[1];
}

/** 1.234 and 1,234 are a thousand; 3,18 and 3.18 are three and a bit. */
export function number(text: string): number {
  const whole = /^\d{1,3}([.,]\d{3})+$/.test(text);
  return Number(whole ? text.replace(/[.,]/g, "") : text.replace(",", "."));
}

const FIGURE = /(?<![\w.,:/-])(\d{1,3}(?:[.,]\d{3})+|\d+)(?![\w:/]|[.,]\d|\s?(?:m|km|cm)\b)/g;

/** The moment that a time of day means: the last one that there was. */
export function moment(hours: number, minutes: number, nowMs: number): number {
  const at = new Date(nowMs);
  at.setHours(hours, minutes, 0, 0);
  // A few minutes ahead is a clock that is a little behind, not yesterday.
  if (at.getTime() > nowMs + 10 * 60_000) at.setDate(at.getDate() - 1);
  return at.getTime();
}

export function understand(
  line: string,
  nowMs: number,
  places: readonly PlaceRow[],
  choice: Choice = {},
): Understood {
  let rest = line.trim().replace(/\s+/g, " ");
  let observed: number | undefined;
  const clock = /(?:\b(?:om|at|sinds|since)\s+)?(?<![\d:.,-])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])(?:\s?(?:uur|u|h)\b)?/i.exec(rest);
  if (clock) {
    observed = moment(Number(clock[1]), Number(clock[2]), nowMs);
    rest = (rest.slice(0, clock.index) + rest.slice(clock.index + clock[0].length)).trim();
  }
  const urgentWord = /^(spoed|urgent)\s*[:!]\s*|\s*!!+\s*$/i;
  const urgent = choice.urgent ?? urgentWord.test(rest);
  rest = rest.replace(urgentWord, "").replace(/\s+/g, " ").replace(/[\s,;]+$/, "").trim();
  let position: Position | undefined;
  const degrees = /(?<![\d.,])(-?\d{1,2}\.\d{2,})\s*[,;\s]\s*(-?\d{1,3}\.\d{2,})(?![\d.])/.exec(rest);
  if (degrees) {
    const [latitude, longitude] = [Number(degrees[1]), Number(degrees[2])];
    if (Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180) {
      position = { latitude, longitude };
      rest = rest.replace(degrees[0], "").replace(/\s+/g, " ").trim();
    }
  }
  const grid = /\brd\s*:?\s*(-?\d{1,6}(?:\.\d+)?)\s*[,;\s]\s*(\d{6}(?:\.\d+)?)\b/i.exec(rest);
  const onGrid = grid && fromRd(Number(grid[1]), Number(grid[2]));
  if (grid && onGrid) {
    position = onGrid;
    rest = rest.replace(grid[0], "").replace(/\s+/g, " ").trim();
  }
  const kind = choice.kind ?? find(KINDS, rest) ?? "observation";
  const found = placeIn(rest, places);
  const understood: Understood = {
    kind,
    statement: choice.statement ?? statementOf(rest),
    title: rest.slice(0, 200),
    observed,
    place: found?.[0] ?? "",
    position: choice.position ?? position ?? (found && { longitude: found[1], latitude: found[2] }),
    drawn: choice.drawn,
    urgent,
    count: undefined,
    about: false,
    levelM: undefined,
    dischargeM3S: undefined,
    datum: "",
    sort: 0,
    state: 0,
    name: "",
  };
  figures(understood, rest);
  return understood;
}

function statementOf(line: string): Statement {
  if (line.endsWith("?")) return Statement.QUESTION;
  if (/\b(verwacht\w*|prognose|voorspel\w*|expected?|forecast)\b/i.test(line)) return Statement.FORECAST;
  if (/\b(mogelijk|misschien|vermoed\w*|naar verluidt|zou(den)?|waarschijnlijk|possibl[ey]|maybe|reportedly|probably)\b/i.test(line)) {
    return Statement.ASSUMPTION;
  }
  return Statement.FACT;
}

/** The longest name of a place that stands in the line as words of its own. */
export function placeIn(line: string, places: readonly PlaceRow[]): PlaceRow | undefined {
  const folded = ` ${fold(line)} `;
  let best: PlaceRow | undefined;
  for (const row of places) {
    const name = fold(row[0]);
    if (name.length < 3 || (best && name.length <= fold(best[0]).length)) continue;
    // Short names are words too: those must be written with a capital.
    if (folded.includes(` ${name} `) && line.includes(row[0].slice(0, 1))) {
      if (name.length > 4 || new RegExp(`\\b${row[0]}\\b`).test(line)) best = row;
    }
  }
  return best;
}

function fold(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

function figures(into: Understood, line: string): void {
  const level = /(-?\d+(?:[.,]\d+)?)\s?(cm|m)\s?(?:(?:\+|boven)\s?)?(nap|taw|nhn)\b/i.exec(line);
  const flow = /(\d{1,3}(?:[.,]\d{3})+|\d+(?:[.,]\d+)?)\s?(?:m3\/s|m³\/s|kuub)/i.exec(line);
  const counts = [...line.matchAll(FIGURE)];
  const first = counts[0];
  if (first) {
    into.count = number(first[1]!);
    into.about = ABOUT.test(line.slice(0, first.index));
  }
  switch (into.kind) {
    case "water_level":
      if (level) {
        const metres = Number(level[1]!.replace(",", "."));
        into.levelM = level[2]!.toLowerCase() === "cm" ? metres / 100 : metres;
        into.datum = level[3]!.toUpperCase();
      }
      if (flow) into.dischargeM3S = number(flow[1]!);
      into.count = undefined;
      into.name = gauge(line) || into.place;
      break;
    case "casualties":
      into.sort = find(CASUALTIES, line) ?? 5;
      break;
    case "outage":
      into.sort = find(SERVICES, line) ?? 1;
      into.state = RESTORED.test(line) ? 4 : 3;
      break;
    case "closure":
      into.sort = find(OBJECTS, line) ?? 1;
      into.state = /\b(weer open|open again|reopened|heropend)\b/i.test(line) ? 3 : 1;
      into.name = /\b([ANE]\d{1,3})\b/.exec(line)?.[1] ?? "";
      into.count = undefined;
      break;
    case "evacuation":
      into.state = /\b(voltooid|completed|afgerond)\b/i.test(line) ? 3 : 2;
      into.sort = HOMES.test(line) ? 2 : 1;
      break;
    case "assistance_request":
      break;
    default:
      into.count = undefined;
      into.about = false;
  }
}

/** The words between the kind and the figure. */
function gauge(line: string): string {
  const found = /\b(?:waterstand|waterhoogte|water level|afvoer|discharge)\s+(?:(?:bij|te|in|van|at|of)\s+)?(.+?)\s+-?\d/i.exec(line);
  return (found?.[1] ?? "").replace(/[:,;]+$/, "").slice(0, 200);
}

/** Why it cannot be posted yet, by the name of the sentence; `undefined` when it can. */
export function lacking(understood: Understood): "needFigure" | "title" | undefined {
  if (!understood.title) return "title";
  if (understood.kind === "water_level" && understood.levelM === undefined && understood.dischargeM3S === undefined) {
    return "needFigure";
  }
  if (understood.kind === "casualties" && understood.count === undefined) return "needFigure";
  return undefined;
}

/** The entry as it is posted. */
export function entry(
  said: Understood,
  name: string,
  discipline: number,
  lang: string,
  nowMs: number,
): Entry {
  const { kind, count, position, drawn } = said;
  const amount = count === undefined ? undefined : { value: BigInt(count), qualifier: said.about ? 2 : 0 };
  const body = ((): Entry["body"] | { case: string; value: object } => {
    switch (kind) {
      case "water_level": {
        const gauge = said.name || said.title;
        return { case: "waterLevel", value: { gauge, levelM: said.levelM, datum: said.datum, dischargeM3S: said.dischargeM3S } };
      }
      case "casualties":
        return { case: "casualties", value: { figures: [{ category: said.sort, count: amount }] } };
      case "outage":
        return { case: "outage", value: { service: said.sort, state: said.state, customers: amount } };
      case "closure":
        return { case: "closure", value: { object: said.sort, state: said.state, designation: said.name } };
      case "evacuation": {
        const whom = said.sort === 2 ? { homes: amount } : { people: amount };
        return { case: "evacuation", value: { state: said.state, ...whom } };
      }
      case "assistance_request":
        return { case: "assistanceRequest", value: { need: said.title, quantity: amount, state: 1 } };
      case "message":
        return { case: "message", value: {} };
      default:
        return { case: "observation", value: {} };
    }
  })();
  return create(EntrySchema, {
    name,
    statement: said.statement,
    discipline,
    texts: [{ language: lang, title: said.title }],
    place: said.place,
    times: { observed: timestampFromMs(said.observed ?? nowMs) },
    ...((drawn || position) && { geometry: { shape: shape(drawn, position) } }),
    ...(said.urgent && { assessment: { urgency: Urgency.IMMEDIATE } }),
    body,
  } as Parameters<typeof create<typeof EntrySchema>>[1]);
}

/** A ring ends where it began; what was drawn does not say so. */
export function shape(drawn: Drawn | undefined, position: Position | undefined): object {
  if (!drawn) return { case: "point", value: position };
  if (drawn.sort === "line") return { case: "line", value: { points: drawn.points } };
  return { case: "polygon", value: { rings: [{ points: [...drawn.points, drawn.points[0]] }] } };
}
