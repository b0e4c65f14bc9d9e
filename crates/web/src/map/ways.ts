// Main roads and railways under everything that is reported: fetched once the first picture stands,
// and read in pieces, so that nobody waits for them.
import type Feature from "ol/Feature.js";
import GeoJSON from "ol/format/GeoJSON.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import { Stroke, Style } from "ol/style.js";
import { stored, store } from "../kept.ts";

export const WAYS = ["roads", "rails"] as const;
export type Way = (typeof WAYS)[number];

/** After the page began. */
const LATER_MS = 2_500;
/** Squares of lines that are read at a time. */
const PIECE = 12;
const READ = { dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" };
const COLOUR: Record<Way, [light: string, dark: string]> = { roads: ["#b5793c", "#8f6a3f"], rails: ["#6a6673", "#868c98"] };

/** How wide a line is, by metres a pixel: a hint from far off, a line from near. */
export function widthOf(resolution: number): number {
  if (resolution > 500) return 0.5;
  if (resolution > 150) return 0.9;
  return resolution > 40 ? 1.4 : 2;
}

export class Ways {
  readonly layers: Record<Way, VectorLayer>;
  private readonly hidden: Set<string>;
  private dark = false;

  constructor(private readonly told: () => void) {
    this.hidden = new Set((stored("ways-off") ?? "").split(",").filter(Boolean));
    const layer = (way: Way): VectorLayer => new VectorLayer({
      source: new VectorSource({ attributions: "© OpenStreetMap contributors (ODbL)" }),
      style: (_, resolution) => this.style(way, resolution),
      visible: !this.hidden.has(way),
      updateWhileAnimating: false,
      updateWhileInteracting: false,
    });
    this.layers = { roads: layer("roads"), rails: layer("rails") };
    setTimeout(() => void this.start(), LATER_MS);
  }

  private async start(): Promise<void> {
    for (const way of WAYS) if (!this.hidden.has(way)) await this.fill(way);
  }

  private readonly filled = new Set<Way>();

  private async fill(way: Way): Promise<void> {
    if (this.filled.has(way)) return;
    this.filled.add(way);
    try {
      const answer = await fetch(`/map/${way}.json`);
      if (!answer.ok) throw new Error(String(answer.status));
      const { features } = (await answer.json()) as { features: object[] };
      const [reader, read] = [new GeoJSON(), [] as Feature[]];
      for (let at = 0; at < features.length; at += PIECE) {
        const part = { type: "FeatureCollection", features: features.slice(at, at + PIECE) };
        read.push(...(reader.readFeatures(part, READ) as Feature[]));
        await new Promise((resolve) => setTimeout(resolve));
      }
      // All at once: each change draws the map anew.
      this.layers[way].getSource()?.addFeatures(read);
    } catch {
      // Without them the map is as it was; the next switch tries again.
      this.filled.delete(way);
    }
  }

  shows(way: Way): boolean {
    return !this.hidden.has(way);
  }

  toggle(way: Way): void {
    if (!this.hidden.delete(way)) this.hidden.add(way);
    store("ways-off", [...this.hidden].join());
    this.layers[way].setVisible(this.shows(way));
    if (this.shows(way)) void this.fill(way);
    this.told();
  }

  /** How many squares of each are there, for who tests it. */
  said(): string {
    return WAYS.map((way) => `${way} ${this.layers[way].getSource()?.getFeatures().length ?? 0}`).join(", ");
  }

  paint(dark: boolean): void {
    this.dark = dark;
    for (const way of WAYS) this.layers[way].changed();
  }

  private style(way: Way, resolution: number): Style {
    const color = COLOUR[way][this.dark ? 1 : 0];
    const width = widthOf(resolution);
    return new Style({ stroke: new Stroke({ color, width, ...(way === "rails" && { lineDash: [width * 4, width * 2] }) }) });
  }
}
