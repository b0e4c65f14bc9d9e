// Coordinates of the Dutch national grid (RD New) and WGS 84, by the polynomials of Schreutelkamp
// and Strang van Hees: right to within a metre in the European Netherlands.
import type { Position } from "./understand.ts";

const [X0, Y0, LATITUDE0, LONGITUDE0] = [155_000, 463_000, 52.1551744, 5.38720621];

/** Powers of both variables, and the factor. */
type Term = readonly [number, number, number];

const X: Term[] = [
  [0, 1, 190094.945], [1, 1, -11832.228], [2, 1, -114.221], [0, 3, -32.391], [1, 0, -0.705],
  [3, 1, -2.34], [1, 3, -0.608], [0, 2, -0.008], [2, 3, 0.148],
];
const Y: Term[] = [
  [1, 0, 309056.544], [0, 2, 3638.893], [2, 0, 73.077], [1, 2, -157.984], [3, 0, 59.788],
  [0, 1, 0.433], [2, 2, -6.439], [1, 1, -0.032], [0, 4, 0.092], [1, 4, -0.054],
];
const LATITUDE: Term[] = [
  [0, 1, 3235.65389], [2, 0, -32.58297], [0, 2, -0.2475], [2, 1, -0.84978], [0, 3, -0.0655],
  [2, 2, -0.01709], [1, 0, -0.00738], [4, 0, 0.0053], [2, 3, -0.00039], [4, 1, 0.00033], [1, 1, -0.00012],
];
const LONGITUDE: Term[] = [
  [1, 0, 5260.52916], [1, 1, 105.94684], [1, 2, 2.45656], [3, 0, -0.81885], [1, 3, 0.05594],
  [3, 1, -0.05607], [0, 1, 0.01199], [3, 2, -0.00256], [1, 4, 0.00128], [0, 2, 0.00022],
  [2, 0, -0.00022], [5, 0, 0.00026],
];

function sum(terms: Term[], a: number, b: number): number {
  return terms.reduce((total, [p, q, factor]) => total + factor * a ** p * b ** q, 0);
}

/** Where the grid is meant for. */
function within(x: number, y: number): boolean {
  return x > -7_000 && x < 300_000 && y > 289_000 && y < 629_000;
}

/** Metres east and north; `undefined` outside of the grid. */
export function toRd({ latitude, longitude }: Position): [number, number] | undefined {
  const [a, b] = [0.36 * (latitude - LATITUDE0), 0.36 * (longitude - LONGITUDE0)];
  // Far away the polynomials say anything at all.
  if (Math.abs(a) > 1 || Math.abs(b) > 1) return undefined;
  const [x, y] = [X0 + sum(X, a, b), Y0 + sum(Y, a, b)];
  return within(x, y) ? [x, y] : undefined;
}

export function fromRd(x: number, y: number): Position | undefined {
  if (!within(x, y)) return undefined;
  const [a, b] = [(x - X0) / 100_000, (y - Y0) / 100_000];
  const latitude = LATITUDE0 + sum(LATITUDE, a, b) / 3600;
  return { latitude, longitude: LONGITUDE0 + sum(LONGITUDE, a, b) / 3600 };
}

/** Both ways of writing a place, for people who speak on the radio. */
export function written(position: Position): string {
  const grid = toRd(position);
  const degrees = `${position.latitude.toFixed(4)}, ${position.longitude.toFixed(4)}`;
  return grid ? `RD ${grid.map((metres) => Math.round(metres)).join(" ")} · ${degrees}` : degrees;
}
