// How an entry looks on the map and in the list: shape and colour by discipline, a glyph by kind,
// dashes when nobody confirmed it, a clock when it is stale.
import caution from "@mapbox/maki/icons/caution.svg?raw";
import communications from "@mapbox/maki/icons/communications-tower.svg?raw";
import dam from "@mapbox/maki/icons/dam.svg?raw";
import alarm from "@mapbox/maki/icons/lighthouse.svg?raw";
import danger from "@mapbox/maki/icons/danger.svg?raw";
import defibrillator from "@mapbox/maki/icons/defibrillator.svg?raw";
import emergency from "@mapbox/maki/icons/emergency-phone.svg?raw";
import crew from "@mapbox/maki/icons/ranger-station.svg?raw";
import hospital from "@mapbox/maki/icons/hospital.svg?raw";
import industry from "@mapbox/maki/icons/industry.svg?raw";
import information from "@mapbox/maki/icons/information.svg?raw";
import marker from "@mapbox/maki/icons/marker.svg?raw";
import mobile from "@mapbox/maki/icons/mobile-phone.svg?raw";
import observationTower from "@mapbox/maki/icons/observation-tower.svg?raw";
import pitch from "@mapbox/maki/icons/pitch.svg?raw";
import roadblock from "@mapbox/maki/icons/roadblock.svg?raw";
import shelter from "@mapbox/maki/icons/shelter.svg?raw";
import star from "@mapbox/maki/icons/star.svg?raw";
import scooter from "@mapbox/maki/icons/car.svg?raw";
import telephone from "@mapbox/maki/icons/telephone.svg?raw";
import townHall from "@mapbox/maki/icons/town-hall.svg?raw";
import viewpoint from "@mapbox/maki/icons/viewpoint.svg?raw";
import water from "@mapbox/maki/icons/water.svg?raw";
import windmill from "@mapbox/maki/icons/windmill.svg?raw";
import { svg, type SVGTemplateResult } from "lit";
import type { KindName } from "./words/index.ts";

/** Okabe and Ito's colours, each with the ink that is readable on it. */
const [BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK] = [
  ["#3a3a3a", "#ffffff"],
  ["#e69f00", "#000000"],
  ["#56b4e9", "#000000"],
  ["#00795a", "#ffffff"],
  ["#f0e442", "#000000"],
  ["#0072b2", "#ffffff"],
  ["#c24a00", "#ffffff"],
  ["#cc79a7", "#000000"],
] as const;

export interface Look {
  shape: string;
  fill: string;
  ink: string;
}

/** Corners of shapes around the middle of a square of 24. */
const polygon = (corners: number, turn: number, radius = 11): string => {
  const points = Array.from({ length: corners }, (_, corner) => {
    const angle = (corner / corners) * 2 * Math.PI + (turn * Math.PI) / 180;
    return `${(12 + radius * Math.sin(angle)).toFixed(2)} ${(12 - radius * Math.cos(angle)).toFixed(2)}`;
  });
  return `M${points.join("L")}Z`;
};
const CIRCLE = "M12 1.5a10.5 10.5 0 1 0 .01 0Z";
const SQUARE = "M2.5 2.5h19v19h-19Z";
const PLUS = "M8 1.5h8v6.5h6.5v8h-6.5v6.5h-8v-6.5h-6.5v-8h6.5Z";
const SHIELD = "M2.5 2h19v11c0 4.500-4.500 7.500-9.500 9.500c-5-2-9.500-5-9.500-9.500Z";
const WIDE = "M1 6h22v12h-22Z";
const DROP = "M12 .5c4 4.500 9 8.500 9 13.500a9 9 0 0 1-18 0c0-5 5-9 9-13.500Z";
const ROUND = "M7.500 2h9a5.500 5.500 0 0 1 5.500 5.500v9a5.500 5.500 0 0 1-5.500 5.500h-9a5.500 5.500 0 0 1-5.500-5.500v-9a5.500 5.500 0 0 1 5.500-5.500Z";

const look = (shape: string, [fill, ink]: readonly [string, string]): Look => ({ shape, fill, ink });

/** By number of the discipline. */
const LOOKS: Look[] = [
  look(CIRCLE, ["#6b7280", "#ffffff"]),
  look(ROUND, BLACK),
  look(SQUARE, RED),
  look(polygon(4, 0, 12), BLUE),
  look(PLUS, GREEN),
  look(polygon(5, 0, 12), PINK),
  look(DROP, SKY),
  look(polygon(6, 0, 12), GREEN),
  look(polygon(6, 30, 12), YELLOW),
  look(WIDE, ORANGE),
  look(polygon(8, 22.5, 12), SKY),
  look(CIRCLE, ORANGE),
  look(SHIELD, BLACK),
  look(polygon(3, 0, 13), PINK),
];

/** Colours that a light map would swallow. */
const PALE = [ORANGE, SKY, YELLOW, PINK].map(([fill]) => fill as string);

/** What runs along a line so that it stands out from the map in either theme. */
export function casing(fill: string, dark: boolean): string {
  return PALE.includes(fill) === dark ? (dark ? "#12181e" : "#ffffff") : dark ? "#ffffff" : "#14202b";
}

export function lookOf(discipline: number): Look {
  return LOOKS[discipline] ?? (LOOKS[0] as Look);
}

const GLYPHS: Record<KindName, string> = {
  observation: viewpoint,
  casualties: defibrillator,
  water_level: water,
  outage: communications,
  measurement: caution,
  closure: roadblock,
  evacuation: pitch,
  care_capacity: hospital,
  resource: scooter,
  assistance_request: emergency,
  warning: danger,
  weather: windmill,
  decision: townHall,
  action: star,
  drawing: marker,
  message: mobile,
  flood_defence: dam,
  reception: shelter,
  assistance_offer: emergency,
  facility: industry,
  scenario: observationTower,
  staffing: crew,
  citizen_report: telephone,
  threshold: alarm,
  contact: information,
};

const glyphs = new Map<string, string>();

/** Paths of a glyph, in a square of 15; read once: every line of the list has one. */
export function glyph(kind: string): string {
  const known = glyphs.get(kind);
  if (known !== undefined) return known;
  const source = (GLYPHS as Record<string, string>)[kind] ?? information;
  const found = [...source.matchAll(/\sd="([^"]+)"/g)].map((path) => path[1]).join(" ");
  // Some files break their lines by entities.
  const paths = found.replace(/&#x[AaDd9];/g, " ");
  glyphs.set(kind, paths);
  return paths;
}

/** The symbol of a discipline in text, as tall as the line. */
export function disciplineMark(discipline: number): SVGTemplateResult {
  const { shape, fill } = lookOf(discipline);
  return svg`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${shape} fill=${fill} stroke="currentColor" stroke-width="1.5" /></svg>`;
}

/** The symbol of an entry in text. */
export function entryMark(discipline: number, kind: string): SVGTemplateResult {
  const { shape, fill, ink } = lookOf(discipline);
  return svg`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${shape} fill=${fill} stroke="currentColor" stroke-width="1" />
    <path d=${glyph(kind)} fill=${ink} transform="translate(6.4 6.400) scale(.75)" /></svg>`;
}

export interface Drawn {
  discipline: number;
  kind: string;
  dashed: boolean;
  stale: boolean;
  urgent: boolean;
  selected: boolean;
  dark: boolean;
}

const SIZE = 44;
const drawn = new Map<string, HTMLCanvasElement>();

/** The symbol on the map, at twice its size; drawn once for each look. */
export function symbol(what: Drawn): HTMLCanvasElement {
  const key = JSON.stringify(what);
  const known = drawn.get(key);
  if (known) return known;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE * 2;
  const context = canvas.getContext("2d");
  if (context) paint(context, what);
  drawn.set(key, canvas);
  return canvas;
}

function paint(context: CanvasRenderingContext2D, what: Drawn): void {
  const { shape, fill, ink } = lookOf(what.discipline);
  const path = new Path2D(shape);
  context.scale(2, 2);
  context.translate(7, 7);
  context.scale(1.25, 1.25);
  context.lineJoin = "round";
  const edge = what.dark ? "#ffffff" : "#14202b";
  const halo = what.dark ? "#14202b" : "#ffffff";
  context.strokeStyle = halo;
  context.lineWidth = 5;
  context.stroke(path);
  if (what.selected) {
    context.strokeStyle = what.dark ? "#ffd54a" : "#7a3cff";
    context.lineWidth = 9;
    context.stroke(path);
    context.strokeStyle = halo;
    context.lineWidth = 4.5;
    context.stroke(path);
  }
  context.fillStyle = fill;
  context.fill(path);
  context.setLineDash(what.dashed ? [3.2, 2.6] : []);
  context.strokeStyle = edge;
  context.lineWidth = what.urgent ? 3 : 2;
  context.stroke(path);
  context.setLineDash([]);
  context.save();
  context.translate(5.6, 5.6);
  context.scale(0.853, 0.853);
  context.fillStyle = ink;
  context.fill(new Path2D(glyph(what.kind)));
  context.restore();
  if (what.stale) badge(context);
}

/** A clock at the lower right. */
function badge(context: CanvasRenderingContext2D): void {
  context.beginPath();
  context.arc(20, 20, 6, 0, 2 * Math.PI);
  context.fillStyle = "#ffffff";
  context.fill();
  context.strokeStyle = "#14202b";
  context.lineWidth = 1.4;
  context.stroke();
  context.beginPath();
  context.moveTo(20, 16.4);
  context.lineTo(20, 20);
  context.lineTo(22.8, 21.6);
  context.stroke();
}
