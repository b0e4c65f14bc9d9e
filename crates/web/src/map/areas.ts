// Areas under what is reported: the safety regions, hatched when their node is cut off, and layers
// that the operator laid into the node's directory.
import Feature from "ol/Feature.js";
import type { FeatureLike } from "ol/Feature.js";
import { buffer, type Extent } from "ol/extent.js";
import GeoJSON from "ol/format/GeoJSON.js";
import Point from "ol/geom/Point.js";
import LayerGroup from "ol/layer/Group.js";
import type Layer from "ol/layer/Layer.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import { Circle, Fill, Stroke, Style, Text } from "ol/style.js";
import { asked } from "../api.ts";
import { stored, store } from "../kept.ts";
import { language } from "../words/index.ts";
import { colours } from "./base.ts";
import { spot } from "./geometry.ts";
import type { Ground as Tiles } from "./tiles.ts";
import { Ways } from "./ways.ts";

export interface OperatorLayer {
  name: string;
  size: number;
  tooLarge: boolean;
  /** `off`, `loading`, `on`, or `failed`. */
  state: "off" | "loading" | "on" | "failed";
}

/** `Limburg-Noord`, `vr-limburg-noord` and `parties/limburg-noord` are one. */
export function slug(name: string): string {
  const plain = name.slice(name.lastIndexOf("/") + 1).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^(vr|veiligheidsregio)-/, "").replace(/^-|-$/g, "");
}

export function regionName(properties: Record<string, unknown>): string {
  for (const key of ["name", "naam", "statnaam", "regionaam"]) {
    if (typeof properties[key] === "string") return properties[key];
  }
  return "";
}

/** A file of this name takes the place of our regions. */
export function isRegions(name: string): boolean {
  return /^(regions|veiligheidsregio)/i.test(name) && name.endsWith(".geojson");
}

function isTiles(name: string): boolean {
  return name.endsWith(".pmtiles");
}

/** Names are written from this many metres a pixel down. */
const NAMED = 1200;
/** Half of a name, in pixels: so far from the edge it stands at least. */
const NAME_PX = 60;
const READ = { dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" };

export class Areas {
  readonly regions: VectorLayer;
  readonly operator: VectorLayer;
  /** Tiles of the operator, or nothing. */
  readonly ground = new LayerGroup();
  private tiles: Tiles | undefined;
  /** Of regions that are cut off. */
  readonly names: VectorLayer;
  readonly ways: Ways;
  layers: OperatorLayer[] = [];
  leftOut = 0;
  /** The regions are our own guess and not the operator's. */
  indicative = true;
  private readonly source = new VectorSource();
  private readonly own = new VectorSource();
  private readonly labels = new VectorSource();
  private seen: [Extent | undefined, number] = [undefined, 0];
  private readonly kept = new Map<string, Feature[]>();
  /** Of whom the layers were asked for; what comes for somebody before is left. */
  private round = 0;
  private cut = "";
  private cutOff = new Set<string>();
  private dark = false;
  private readonly told: () => void;

  constructor(told: () => void) {
    this.told = told;
    this.ways = new Ways(told);
    this.regions = new VectorLayer({ source: this.source, style: (feature) => this.region(feature) });
    this.names = new VectorLayer({ source: this.labels, style: (feature) => this.named(feature), declutter: "names", zIndex: 6 });
    this.operator = new VectorLayer({ source: this.own, style: () => this.laid() });
    void this.start();
  }

  /** Somebody else looks now: other layers may be theirs. */
  turn(): void {
    this.round += 1;
    this.own.clear();
    this.lay(undefined);
    this.source.clear();
    this.kept.clear();
    this.layers = [];
    this.leftOut = 0;
    this.indicative = true;
    void this.start();
  }

  /** What the node offers, the official regions first of all; ours until then. */
  private async start(): Promise<void> {
    const { round } = this;
    void fetch("/map/regions.json").then((answer) => answer.json()).then((regions) => {
      if (this.indicative && round === this.round) this.fill(regions);
    }).catch(() => undefined);
    try {
      const answer = await asked("/layers");
      const said = (await answer.json()) as { layers: OperatorLayer[]; leftOut: number };
      if (round !== this.round) return;
      this.leftOut = said.leftOut;
      this.layers = said.layers.map((layer) => ({ ...layer, state: "off" as const }));
      const official = this.layers.find((layer) => isRegions(layer.name) && !layer.tooLarge);
      if (official) await this.official(official);
      if (round !== this.round) return;
      this.layers = this.layers.filter((layer) => layer !== official);
      const chosen = stored("layers");
      const wanted = new Set((chosen ?? "").split(",").filter(Boolean));
      // Whoever laid tiles there wants them seen; until somebody says otherwise.
      const tiles = this.layers.find((layer) => isTiles(layer.name));
      if (tiles && chosen === null) wanted.add(tiles.name);
      for (const layer of this.layers) if (wanted.has(layer.name)) void this.toggle(layer.name);
    } catch {
      // An older node has none.
    }
    this.told();
  }

  private async official(layer: OperatorLayer): Promise<void> {
    try {
      const answer = await asked(`/layers/${layer.name}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const regions: unknown = await answer.json();
      if (!this.layers.includes(layer)) return;
      this.fill(regions);
      this.indicative = false;
    } catch {
      layer.state = "failed";
    }
  }

  private fill(regions: unknown): void {
    const features = new GeoJSON().readFeatures(regions, READ);
    this.source.clear();
    this.source.addFeatures(features);
    this.name();
  }

  async toggle(name: string): Promise<void> {
    const layer = this.layers.find((one) => one.name === name);
    if (!layer || layer.state === "loading" || layer.tooLarge) return;
    if (layer.state === "on") {
      if (isTiles(name)) this.lay(undefined);
      else this.own.removeFeatures(this.kept.get(name) ?? []);
      layer.state = "off";
    } else {
      layer.state = "loading";
      this.told();
      try {
        if (isTiles(name)) await this.openTiles(layer);
        else await this.openShapes(layer);
      } catch {
        layer.state = "failed";
      }
    }
    store("layers", this.layers.filter((one) => one.state === "on").map((one) => one.name).join());
    this.told();
  }

  private async openShapes(layer: OperatorLayer): Promise<void> {
    const answer = await asked(`/layers/${layer.name}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const features = new GeoJSON().readFeatures(await answer.json(), READ);
    if (!this.layers.includes(layer)) return;
    // Ids of two files may be the same.
    for (const feature of features) feature.setId(undefined);
    this.kept.set(layer.name, features);
    this.own.addFeatures(features);
    layer.state = "on";
  }

  /** Tiles are the ground: one file at a time. */
  private async openTiles(layer: OperatorLayer): Promise<void> {
    const { open } = await import("./tiles.ts");
    const tiles = await open(layer.name, this.dark);
    if (!this.layers.includes(layer)) return;
    for (const other of this.layers) if (isTiles(other.name) && other.state === "on") other.state = "off";
    this.lay(tiles);
    layer.state = "on";
  }

  /** Which tiles lie there, and how much of them is drawn. */
  get tilesSaid(): string {
    return this.tiles ? this.tiles.said() : "";
  }

  private lay(tiles: Tiles | undefined): void {
    this.tiles = tiles;
    const layers = this.ground.getLayers();
    layers.clear();
    if (!tiles) return;
    tiles.paint(this.dark);
    // The map writes this as HTML.
    const whose = tiles.attribution.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
    const said = (): string => language(document.documentElement.lang === "en" ? "en" : "nl").t.tilesOf;
    (tiles.layer as Layer).getSource()?.setAttributions(() => [[said(), whose].filter(Boolean).join(": ")]);
    layers.push(tiles.layer);
  }

  /** Names of regions or parties whose node is cut off. */
  mark(cutOff: Iterable<string>): void {
    this.cutOff = new Set([...cutOff].map(slug));
    const key = [...this.cutOff].sort().join();
    if (key === this.cut) return;
    this.cut = key;
    this.regions.changed();
    this.name();
  }

  /** How many regions are hatched now. */
  hatched(): number {
    return this.source.getFeatures().filter((feature) => this.isCut(feature)).length;
  }

  private isCut(feature: FeatureLike): boolean {
    return this.cutOff.has(slug(regionName(feature.getProperties())));
  }

  paint(dark: boolean): void {
    this.dark = dark;
    this.regions.changed();
    this.names.changed();
    this.tiles?.paint(dark);
    this.ways.paint(dark);
    this.operator.changed();
  }

  private region(feature: FeatureLike): Style {
    const cut = this.isCut(feature);
    const color = this.dark ? "#8798a8" : "#6a7885";
    const stroke = new Stroke({ color: cut ? (this.dark ? "#ffd88a" : "#7a4a00") : color, width: cut ? 2.4 : 1, lineDash: this.indicative ? [5, 5] : [] });
    return new Style({ stroke, ...(cut && { fill: new Fill({ color: hatch(this.dark) }) }) });
  }

  /** Where the map is looked at: the names of regions that are cut off stand in what is seen of them. */
  inView(view: Extent, resolution: number): void {
    this.seen = [view, resolution];
    this.name();
  }

  private name(): void {
    this.labels.clear();
    const [view, resolution] = this.seen;
    if (!view || resolution > NAMED) return;
    const room = buffer(view, -NAME_PX * resolution);
    for (const feature of this.source.getFeatures().filter((one) => this.isCut(one))) {
      const at = spot(feature.getGeometry(), room);
      if (at) this.labels.addFeature(new Feature({ geometry: new Point(at), name: regionName(feature.getProperties()) }));
    }
  }

  private named(feature: FeatureLike): Style {
    return new Style({
      text: new Text({
        text: `✕ ${String(feature.get("name"))}`, font: "700 13px system-ui, sans-serif", padding: [3, 5, 3, 5],
        fill: new Fill({ color: this.dark ? "#ffd88a" : "#7a4a00" }), stroke: new Stroke({ color: colours(this.dark).halo, width: 4 }),
        declutterMode: "obstacle",
      }),
    });
  }

  private laid(): Style {
    const color = this.dark ? "#9be28b" : "#2f6b1d";
    return new Style({
      stroke: new Stroke({ color, width: 2 }), fill: new Fill({ color: `${color}22` }),
      image: new Circle({ radius: 5, fill: new Fill({ color }), stroke: new Stroke({ color: this.dark ? "#12181e" : "#ffffff", width: 1.5 }) }),
    });
  }
}

/** Slanted lines that repeat in every direction. */
function hatch(dark: boolean): CanvasPattern | string {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 12;
  const context = canvas.getContext("2d");
  if (!context) return "#7a4a0044";
  context.strokeStyle = dark ? "#ffd88a99" : "#7a4a0088";
  context.lineWidth = 2;
  for (const shift of [-12, 0, 12]) {
    context.beginPath();
    context.moveTo(shift - 1, 13);
    context.lineTo(shift + 13, -1);
    context.stroke();
  }
  return context.createPattern(canvas, "repeat") ?? "#7a4a0044";
}
