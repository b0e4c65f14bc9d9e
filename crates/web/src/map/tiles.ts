// One PMTiles file of the operator as the ground of the map, fetched from the node in ranges. Loaded
// only where there is such a file.
import type { FeatureLike } from "ol/Feature.js";
import MVT from "ol/format/MVT.js";
import type BaseLayer from "ol/layer/Base.js";
import TileLayer from "ol/layer/Tile.js";
import VectorTileLayer from "ol/layer/VectorTile.js";
import ImageTile from "ol/source/ImageTile.js";
import VectorTileSource from "ol/source/VectorTile.js";
import { Fill, Stroke, Style, Text } from "ol/style.js";
import { createXYZ } from "ol/tilegrid.js";
import type Tile from "ol/Tile.js";
import TileState from "ol/TileState.js";
import { EtagMismatch, PMTiles, TileType, type RangeResponse, type Source } from "pmtiles";
import { asked } from "../api.ts";
import { colours } from "./base.ts";

/** What the map has of a file. */
export interface Ground {
  layer: BaseLayer;
  /** Whose data it is, as plain text. */
  attribution: string;
  paint(dark: boolean): void;
  /** What came, for who looks at it from outside: shapes or images. */
  said(): string;
}

const RASTER: Partial<Record<TileType, string>> = {
  [TileType.Png]: "image/png", [TileType.Jpeg]: "image/jpeg", [TileType.Webp]: "image/webp", [TileType.Avif]: "image/avif",
};
/** A file names its source in no more than this. */
const ATTRIBUTION_MAX = 200;

/** Ranges of a file, in the name of whoever is signed in. */
export class Ranges implements Source {
  constructor(private readonly name: string, private readonly ask: (path: string, headers: Record<string, string>, signal?: AbortSignal) => Promise<Response> = asked) {}

  getKey(): string {
    return this.name;
  }

  async getBytes(offset: number, length: number, signal?: AbortSignal, etag?: string): Promise<RangeResponse> {
    const data = new Uint8Array(length);
    let [got, tag] = [0, etag];
    // The node answers a long range in part.
    while (got < length) {
      const answer = await this.ask(`/layers/${this.name}`, { range: `bytes=${offset + got}-${offset + length - 1}` }, signal);
      if (answer.status !== 206) throw new Error(`${this.name}: ${answer.status}`);
      const now = answer.headers.get("etag") ?? undefined;
      // Another file lies there now: what was read of its index counts no more.
      if (tag && now !== tag) throw new EtagMismatch(`${this.name} changed`);
      tag = now;
      const part = new Uint8Array(await answer.arrayBuffer());
      if (part.length === 0 || part.length > length - got) throw new Error(`${this.name}: a range that was not asked for`);
      data.set(part, got);
      got += part.length;
      // The file ends before the range does: the first read asks for more than a small file has.
      const whole = Number(answer.headers.get("content-range")?.split("/")[1]);
      if (offset + got >= whole) break;
    }
    return { data: data.slice(0, got).buffer, ...(tag && { etag: tag }) };
  }
}

export async function open(name: string, dark: boolean): Promise<Ground> {
  const file = new PMTiles(new Ranges(name));
  const header = await file.getHeader();
  const metadata = (await file.getMetadata().catch(() => undefined)) as { attribution?: unknown } | undefined;
  const attribution = plain(metadata?.attribution);
  const grid = createXYZ({ minZoom: header.minZoom, maxZoom: header.maxZoom });
  const media = RASTER[header.tileType];
  const came = { count: 0 };
  if (media) return { layer: raster(file, media, header.minZoom, header.maxZoom, came), attribution, paint: () => undefined, said: () => `${came.count} images` };
  if (header.tileType !== TileType.Mvt) throw new Error(`${name}: tiles of a sort that is not known`);
  const look = new Look(dark);
  const source = new VectorTileSource({
    format: new MVT(),
    tileGrid: grid,
    tileUrlFunction: ([z, x, y]) => `${z}/${x}/${y}`,
    tileLoadFunction: (tile: Tile, at: string) => load(file, tile as unknown as Loaded, at, came),
  });
  const layer = new VectorTileLayer({ source: source as never, style: (feature, resolution) => look.style(feature, resolution), declutter: "names", renderBuffer: 32 });
  return {
    layer,
    attribution,
    said: () => `${came.count} shapes`,
    paint: (now) => {
      look.paint(now);
      layer.changed();
    },
  };
}

interface Loaded {
  setLoader(loader: (extent: number[], resolution: number, projection: never) => void): void;
  getFormat(): MVT;
  setFeatures(features: unknown[]): void;
  setState(state: number): void;
}

function load(file: PMTiles, tile: Loaded, at: string, came: { count: number }): void {
  const [z = 0, x = 0, y = 0] = at.split("/").map(Number);
  tile.setLoader((extent, _resolution, featureProjection) => {
    file.getZxy(z, x, y).then((found) => {
      const shapes = found ? tile.getFormat().readFeatures(found.data, { extent, featureProjection }) : [];
      came.count += shapes.length;
      tile.setFeatures(shapes);
    }).catch(() => tile.setState(TileState.ERROR));
  });
}

function raster(file: PMTiles, type: string, minZoom: number, maxZoom: number, came: { count: number }): BaseLayer {
  const source = new ImageTile({
    minZoom,
    maxZoom,
    loader: async (z, x, y) => {
      const found = await file.getZxy(z, x, y);
      // Where the file has nothing, the ground of the page is seen.
      came.count += found ? 1 : 0;
      return createImageBitmap(found ? new Blob([found.data], { type }) : new ImageData(1, 1));
    },
  });
  return new TileLayer({ source });
}

/** What a file says of its source is HTML of a stranger: only its words are kept. */
export function plain(html: unknown): string {
  if (typeof html !== "string") return "";
  // Without its tags first: a browser may speak of handlers in them, though nothing would run.
  const words = html.replace(/<[^>]*>?/g, " ");
  const text = new DOMParser().parseFromString(words, "text/html").body.textContent ?? "";
  return text.replace(/\s+/g, " ").trim().slice(0, ATTRIBUTION_MAX);
}

/** Colours for what layers of common schemas are called (Protomaps, OpenMapTiles, others by shape). */
class Look {
  private readonly known = new Map<string, Style | undefined>();

  constructor(private dark: boolean) {}

  paint(dark: boolean): void {
    this.dark = dark;
    this.known.clear();
  }

  style(feature: FeatureLike, resolution: number): Style | undefined {
    const of = String(feature.get("layer") ?? "").toLowerCase();
    const kind = String(feature.get("kind") ?? feature.get("class") ?? feature.get("type") ?? "").toLowerCase();
    const shape = feature.getGeometry()?.getType() ?? "";
    const large = /motorway|trunk|highway/.test(kind);
    const name = /road|transport|street/.test(of) && resolution < 5 ? String(feature.get("name") ?? "") : "";
    const key = `${of}/${kind}/${shape}/${name}`;
    if (this.known.has(key)) return this.known.get(key);
    if (this.known.size > 4_000) this.known.clear();
    const style = this.make(of, kind, shape, large, name);
    this.known.set(key, style);
    return style;
  }

  private make(of: string, kind: string, shape: string, large: boolean, name: string): Style | undefined {
    const ground = colours(this.dark);
    const [road, main, rail, house, green] = this.dark
      ? ["#46525e", "#7a6a35", "#8d949b", "#2b343d", "#1f2f24"]
      : ["#d9d4c7", "#e3b34f", "#8d8a84", "#e2ded4", "#e3edd8"];
    if (/label|place|poi/.test(of) || shape.endsWith("Point")) return undefined;
    if (/^(earth|land)$/.test(of)) return new Style({ fill: new Fill({ color: ground.land }), zIndex: 0 });
    if (/water|ocean|river/.test(of)) {
      return shape.endsWith("Polygon") ? new Style({ fill: new Fill({ color: ground.sea }), zIndex: 2 }) : new Style({ stroke: new Stroke({ color: ground.river, width: 1.4 }), zIndex: 3 });
    }
    if (/building/.test(of)) return new Style({ fill: new Fill({ color: house }), zIndex: 3 });
    if (/landuse|landcover|park|natural/.test(of)) return new Style({ fill: new Fill({ color: green }), zIndex: 1 });
    if (/bound|admin/.test(of)) return new Style({ stroke: new Stroke({ color: ground.border, width: 1, lineDash: [6, 3] }), zIndex: 6 });
    if (/rail/.test(of) || /rail|train|tram/.test(kind)) return new Style({ stroke: new Stroke({ color: rail, width: 1.4, lineDash: [5, 3] }), zIndex: 4 });
    if (shape.endsWith("Polygon")) return new Style({ stroke: new Stroke({ color: ground.shore, width: 0.8 }), zIndex: 1 });
    const stroke = new Stroke({ color: large ? main : road, width: large ? 3 : 1.6 });
    if (!name) return new Style({ stroke, zIndex: large ? 5 : 4 });
    const text = new Text({ text: name, placement: "line", font: "11px system-ui, sans-serif", fill: new Fill({ color: ground.name }), stroke: new Stroke({ color: ground.halo, width: 3 }) });
    return new Style({ stroke, text, zIndex: large ? 5 : 4 });
  }
}
