// The base map: coast, water, borders and names, in light and dark.
import GeoJSON from "ol/format/GeoJSON.js";
import Feature from "ol/Feature.js";
import Point from "ol/geom/Point.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import { Fill, Stroke, Style, Text } from "ol/style.js";
import type { FeatureLike } from "ol/Feature.js";

/** Name, longitude, latitude, people, country. */
export type PlaceRow = [string, number, number, number, string];

interface Colours {
  sea: string;
  land: string;
  shore: string;
  river: string;
  border: string;
  name: string;
  halo: string;
}

const LIGHT: Colours = {
  sea: "#cfe2ee",
  land: "#f7f6f2",
  shore: "#7f9bb0",
  river: "#86b4d2",
  border: "#6d6a63",
  name: "#1f2933",
  halo: "#ffffff",
};
const DARK: Colours = {
  sea: "#10222e",
  land: "#1d242b",
  shore: "#4c6577",
  river: "#2f5f7d",
  border: "#8d949b",
  name: "#e6ebf0",
  halo: "#12181e",
};

export function colours(dark: boolean): Colours {
  return dark ? DARK : LIGHT;
}

let rows: Promise<PlaceRow[]> | undefined;

/** All places of the base map, the largest first. */
export function places(): Promise<PlaceRow[]> {
  rows ??= fetch("/map/places.json").then((answer) => {
    if (!answer.ok) throw new Error(`places: ${answer.status}`);
    return answer.json() as Promise<PlaceRow[]>;
  });
  rows.catch(() => (rows = undefined));
  return rows;
}

/** How many people a place must have to be named, by metres a pixel. */
function least(resolution: number): number {
  if (resolution > 900) return 150_000;
  if (resolution > 400) return 75_000;
  if (resolution > 200) return 35_000;
  if (resolution > 100) return 15_000;
  if (resolution > 50) return 6_000;
  return 0;
}

/** People of a place that is named in the first picture, and when all others are. */
const TOWN = 15_000;
const LATER_MS = 1_500;

export class Base {
  readonly ground: VectorLayer;
  readonly names: VectorLayer;
  private dark = false;
  private styles = new Map<string, Style | Style[]>();

  constructor() {
    const coast = new VectorSource({ url: "/map/coast.json", format: new GeoJSON() });
    this.ground = new VectorLayer({
      source: coast,
      style: (feature) => this.groundStyle(feature.get("sort") as string),
      updateWhileAnimating: false,
      updateWhileInteracting: false,
    });
    const named = new VectorSource();
    const name = (rows: PlaceRow[]): void => named.addFeatures(rows.map(([name, x, y, people]) => {
      const feature = new Feature({ geometry: new Point(fromLonLat([x, y])), name, people });
      feature.setId(`${name}/${x}/${y}`);
      return feature;
    }));
    void places().then((all) => {
      // Villages are named from near only: the first picture does not wait for them.
      name(all.filter((row) => row[3] >= TOWN));
      setTimeout(() => name(all.filter((row) => row[3] < TOWN)), LATER_MS);
    }, () => undefined);
    this.names = new VectorLayer({
      source: named,
      style: (feature, resolution) => this.nameStyle(feature, resolution),
      declutter: "names",
    });
  }

  paint(dark: boolean): void {
    this.dark = dark;
    this.styles.clear();
    this.ground.changed();
    this.names.changed();
  }

  private groundStyle(sort: string): Style | Style[] {
    const known = this.styles.get(sort);
    if (known) return known;
    const of = colours(this.dark);
    const order = ["land", "lake", "island", "river", "border"];
    const zIndex = order.indexOf(sort);
    const shore = new Stroke({ color: of.shore, width: 0.8 });
    let style: Style;
    if (sort === "land" || sort === "island") {
      style = new Style({ fill: new Fill({ color: of.land }), stroke: shore, zIndex });
    } else if (sort === "lake") {
      style = new Style({ fill: new Fill({ color: of.sea }), stroke: shore, zIndex });
    } else if (sort === "border") {
      const stroke = new Stroke({ color: of.border, width: 1.2, lineDash: [7, 3, 1.5, 3] });
      style = new Style({ stroke, zIndex });
    } else {
      style = new Style({ stroke: new Stroke({ color: of.river, width: 1.6 }), zIndex });
    }
    this.styles.set(sort, style);
    return style;
  }

  private nameStyle(feature: FeatureLike, resolution: number): Style | undefined {
    const people = feature.get("people") as number;
    if (people < least(resolution)) return undefined;
    const [name, large] = [feature.get("name") as string, people > 90_000];
    const known = this.styles.get(`name ${name}`);
    if (known) return known as Style;
    const of = colours(this.dark);
    const style = new Style({
      text: new Text({
        text: name,
        font: `${large ? 600 : 400} ${large ? 13.5 : 12}px system-ui, sans-serif`,
        fill: new Fill({ color: of.name }),
        stroke: new Stroke({ color: of.halo, width: 3 }),
      }),
      zIndex: people,
    });
    this.styles.set(`name ${name}`, style);
    return style;
  }
}
