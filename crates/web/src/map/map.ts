// The map: the base under it, what is reported on it. Single features change, by name.
import Feature, { type FeatureLike } from "ol/Feature.js";
import OlMap from "ol/Map.js";
import View from "ol/View.js";
import Attribution from "ol/control/Attribution.js";
import ScaleLine from "ol/control/ScaleLine.js";
import Draw from "ol/interaction/Draw.js";
import { defaults as interactions } from "ol/interaction/defaults.js";
import { createEmpty, extend, getCenter, isEmpty, type Extent } from "ol/extent.js";
import LineString from "ol/geom/LineString.js";
import OlPoint from "ol/geom/Point.js";
import OlPolygon from "ol/geom/Polygon.js";
import type OlGeometry from "ol/geom/Geometry.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat, toLonLat, transformExtent } from "ol/proj.js";
import Cluster from "ol/source/Cluster.js";
import VectorSource from "ol/source/Vector.js";
import { Circle, Fill, Icon, Stroke, Style, Text } from "ol/style.js";
import type { Entry } from "../gen/polder/v1/entry_pb.ts";
import type { Item } from "../picture.ts";
import type { Picking } from "../state.ts";
import type { Drawn, Position } from "../understand.ts";
import { heading, isStale, isUrgent, sure } from "../show.ts";
import { casing, lookOf, symbol } from "../symbols.ts";
import type { Language } from "../words/index.ts";
import { Base, colours } from "./base.ts";
import { largest, shapeOf } from "./geometry.ts";
import type { Areas } from "./areas.ts";

export const NETHERLANDS: Extent = [3.2, 50.72, 7.25, 53.6];
export const OVERSEAS: [string, Extent][] = [
  ["Aruba", [-70.1, 12.38, -69.83, 12.66]],
  ["Curaçao", [-69.2, 12.02, -68.7, 12.42]],
  ["Bonaire", [-68.45, 12.0, -68.15, 12.33]],
  ["Sint Maarten", [-63.2, 17.97, -62.95, 18.14]],
  ["Saba", [-63.3, 17.58, -63.17, 17.7]],
  ["Sint Eustatius", [-63.05, 17.43, -62.9, 17.55]],
];
/** Points nearer than this, in pixels, stand as one. */
const CLUSTER_PX = 48;
/** From this many metres a pixel down, points stand alone. */
const APART = 4;
/** Titles are written from this many metres a pixel down. */
const TITLED = 160;

/** What of an entry decides how it looks. */
interface Look {
  discipline: number;
  kind: string;
  dashed: boolean;
  stale: boolean;
  urgent: boolean;
  title: string;
}

export interface MapEvents {
  choose(name: string | undefined): void;
  point(longitude: number, latitude: number): void;
  drawn(drawn: Drawn): void;
  /** Under the pointer, or in the middle. */
  over(longitude: number, latitude: number): void;
}

export class PictureMap {
  private readonly map: OlMap;
  private readonly base = new Base();
  private readonly points = new VectorSource<Feature<OlPoint>>();
  private readonly shapes = new VectorSource();
  private readonly marks = new VectorSource();
  private readonly area = new VectorSource();
  private readonly pointLayer: VectorLayer;
  private readonly shapeLayer: VectorLayer;
  private readonly attribution = new Attribution({ collapsible: false });
  private readonly shown = new Map<string, string>();
  private readonly single = new Map<string, Style>();
  private selected: string | undefined;
  /** What is fitted into the window again when that changes, until the reader moves the map. */
  private home: Extent | undefined;
  private dark = false;
  private picking: Picking = "";
  private pen: Draw | undefined;
  private marked: string | undefined;
  private readonly events: MapEvents;

  constructor(target: HTMLElement, private readonly areas: Areas, events: MapEvents) {
    this.events = events;
    const cluster = new Cluster({
      source: this.points,
      distance: CLUSTER_PX,
      minDistance: 20,
      createCluster: (point, features) => new Feature({ geometry: point, features }),
    });
    this.shapeLayer = new VectorLayer({
      source: this.shapes,
      style: (feature, resolution) => this.shapeStyle(feature, resolution),
      declutter: "names",
    });
    this.pointLayer = new VectorLayer({
      source: cluster,
      style: (feature, resolution) => this.pointStyle(feature, resolution),
      declutter: "names",
      zIndex: 5,
    });
    const markLayer = new VectorLayer({ source: this.marks, style: () => markStyle(this.dark), zIndex: 9 });
    const areaLayer = new VectorLayer({ source: this.area, style: () => areaStyle(this.dark) });
    this.map = new OlMap({
      target,
      layers: [this.base.ground, areas.ways.layers.roads, areas.ways.layers.rails, areas.ground, areas.regions, areas.operator, areaLayer, this.shapeLayer, this.base.names, this.pointLayer, areas.names, markLayer],
      controls: [this.attribution, new ScaleLine()],
      interactions: interactions({ altShiftDragRotate: false, pinchRotate: false, doubleClickZoom: false }),
      view: new View({
        extent: transformExtent([-75, 10, 20, 60], "EPSG:4326", "EPSG:3857"),
        minZoom: 5,
        maxZoom: 18,
        constrainOnlyCenter: true,
      }),
    });
    this.base.ground.getSource()?.setAttributions("GSHHG (LGPL) · GeoNames (CC BY) · CBS/Kadaster");
    this.show(NETHERLANDS);
    this.map.on("singleclick", (event) => {
      const [longitude, latitude] = toLonLat(event.coordinate) as [number, number];
      if (this.picking === "line" || this.picking === "area") return;
      if (this.picking === "point") {
        events.point(longitude, latitude);
        return;
      }
      this.clicked(event.pixel, events);
    });
    this.map.on("pointerdrag", () => (this.home = undefined));
    target.addEventListener("wheel", () => (this.home = undefined), { passive: true });
    target.addEventListener("keydown", () => (this.home = undefined));
    this.map.on("moveend", () => {
      const resolution = this.map.getView().getResolution() ?? 1;
      const distance = resolution < APART ? 0 : CLUSTER_PX;
      if (cluster.getDistance() !== distance) cluster.setDistance(distance);
      areas.inView(this.map.getView().calculateExtent(this.map.getSize()), resolution);
      events.over(...this.center());
    });
    this.map.on("pointermove", (event) => {
      if (event.dragging) return;
      events.over(...(toLonLat(event.coordinate) as [number, number]));
      const over = this.map.hasFeatureAtPixel(event.pixel, this.ours());
      target.classList.toggle("over", over && !this.picking);
    });
  }

  private ours(): { layerFilter: (layer: unknown) => boolean; hitTolerance: number } {
    const ours = [this.pointLayer, this.shapeLayer] as unknown[];
    return { layerFilter: (layer) => ours.includes(layer), hitTolerance: 4 };
  }

  private clicked(pixel: number[], events: MapEvents): void {
    const [hit] = this.map.getFeaturesAtPixel(pixel, this.ours());
    const together = hit?.get("features") as Feature[] | undefined;
    if (together && together.length > 1) {
      const extent = createEmpty();
      for (const one of together) extend(extent, one.getGeometry()?.getExtent() ?? createEmpty());
      const wide = Math.max(extent[2]! - extent[0]!, extent[3]! - extent[1]!) > 30;
      if (wide) {
        this.map.getView().fit(extent, { padding: [80, 80, 80, 80], duration: this.calm(), maxZoom: 17 });
        return;
      }
    }
    const feature = together?.[0] ?? hit;
    events.choose(feature?.getId() as string | undefined);
  }

  private calm(): number {
    return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250;
  }

  paint(dark: boolean): void {
    this.dark = dark;
    this.single.clear();
    this.map.getTargetElement()?.style.setProperty("--sea", colours(dark).sea);
    this.base.paint(dark);
    this.areas.paint(dark);
    this.restyle();
  }

  private restyle(): void {
    this.pointLayer.changed();
    this.shapeLayer.changed();
  }

  /** Takes the entries to be shown; only what differs from before is touched. */
  update(items: Iterable<Item>, language: Language, nowMs: number): void {
    const [points, shapes]: [Feature<OlPoint>[], Feature[]] = [[], []];
    const [gonePoints, goneShapes]: [Feature<OlPoint>[], Feature[]] = [[], []];
    const drop = (name: string): void => {
      const point = this.points.getFeatureById(name) as Feature<OlPoint> | null;
      if (point) gonePoints.push(point);
      const shape = this.shapes.getFeatureById(name) as Feature | null;
      if (shape) goneShapes.push(shape);
    };
    const seen = new Set<string>();
    let looks = false;
    for (const { name, versions } of items) {
      const entry = versions[0];
      if (!entry || entry.retracted || !entry.geometry) continue;
      seen.add(name);
      const look = lookAt(entry, language, nowMs);
      const key = `${versions.map((version) => version.version).join()}${look.stale ? "!" : ""}${language.lang}`;
      if (this.shown.get(name) === key) continue;
      const geometry = shapeOf(entry.geometry);
      const stands = this.shown.has(name) ? (this.points.getFeatureById(name) as Feature<OlPoint> | null) : null;
      if (stands && geometry instanceof OlPoint && String(stands.getGeometry()?.getCoordinates()) === String(geometry.getCoordinates())) {
        // Where it lies is where it lay: nothing is clustered anew.
        this.shown.set(name, key);
        stands.set("look", look, true);
        looks = true;
        continue;
      }
      if (this.shown.has(name)) drop(name);
      this.shown.set(name, key);
      if (!geometry) continue;
      const feature = new Feature<OlGeometry>({ geometry, look });
      feature.setId(name);
      if (geometry instanceof OlPoint) points.push(feature as Feature<OlPoint>);
      else shapes.push(feature);
    }
    for (const name of this.shown.keys()) {
      if (seen.has(name)) continue;
      drop(name);
      this.shown.delete(name);
    }
    if (gonePoints.length > 0) this.points.removeFeatures(gonePoints);
    if (goneShapes.length > 0) this.shapes.removeFeatures(goneShapes);
    if (points.length > 0) this.points.addFeatures(points);
    if (shapes.length > 0) this.shapes.addFeatures(shapes);
    if (looks) this.pointLayer.changed();
  }

  /** Once, after everything that is to be seen was painted. */
  whenDrawn(then: () => void): void {
    this.map.once("rendercomplete", then);
    this.map.render();
  }

  /** How many entries are drawn, clusters counted by what is in them. */
  count(): number {
    return this.points.getFeatures().length + this.shapes.getFeatures().length;
  }

  select(name: string | undefined, move: boolean): void {
    this.selected = name;
    this.restyle();
    const feature = name && (this.points.getFeatureById(name) ?? this.shapes.getFeatureById(name));
    const extent = feature && (feature as Feature).getGeometry()?.getExtent();
    if (!extent || !move) return;
    this.home = undefined;
    const view = this.map.getView();
    const zoom = Math.max(view.getZoom() ?? 9, 11);
    const whole = extent[2]! - extent[0]! + extent[3]! - extent[1]!;
    if (whole > 0) view.fit(extent, { padding: [60, 60, 60, 60], maxZoom: 14, duration: this.calm() });
    else view.animate({ center: getCenter(extent), zoom, duration: this.calm() });
  }

  show(extent: Extent): void {
    this.home = transformExtent(extent, "EPSG:4326", "EPSG:3857");
    this.fit();
  }

  /** Everything that is drawn, or the country. */
  showAll(area: OlGeometry | undefined): void {
    const extent = createEmpty();
    if (area) extend(extent, area.getExtent());
    else for (const source of [this.points, this.shapes]) extend(extent, source.getExtent() ?? createEmpty());
    if (isEmpty(extent)) return this.show(NETHERLANDS);
    this.home = extent;
    this.fit();
  }

  private fit(): void {
    this.map.updateSize();
    if (this.home) this.map.getView().fit(this.home, { padding: [30, 30, 30, 30], maxZoom: 13 });
  }

  zoom(by: number): void {
    this.home = undefined;
    const view = this.map.getView();
    view.animate({ zoom: (view.getZoom() ?? 8) + by, duration: this.calm() });
  }

  resize(): void {
    this.fit();
  }

  center(): [number, number] {
    return toLonLat(this.map.getView().getCenter() ?? [0, 0]) as [number, number];
  }

  /** Where the incident is, as a thin line under everything. */
  outline(area: OlGeometry | undefined): void {
    this.area.clear();
    if (area) this.area.addFeature(new Feature(area));
  }

  /** Lets go of the page; no use after. */
  end(): void {
    // Regions and the operator's layers go to the next map.
    this.map.setLayers([]);
    this.map.setTarget(undefined);
    this.map.dispose();
  }

  /** The next click is a place, or the next clicks are the points of a line or an area. */
  pick(what: Picking): void {
    if (what === this.picking) return;
    this.picking = what;
    this.map.getTargetElement()?.classList.toggle("picking", what !== "");
    if (this.pen) this.map.removeInteraction(this.pen);
    this.pen = undefined;
    if (what !== "line" && what !== "area") return;
    const pen = new Draw({ type: what === "line" ? "LineString" : "Polygon", style: markStyle(this.dark) });
    pen.on("drawend", ({ feature }) => {
      const shape = feature.getGeometry() as LineString | OlPolygon;
      const flat = shape instanceof OlPolygon ? (shape.getCoordinates()[0] ?? []).slice(0, -1) : shape.getCoordinates();
      // The click that ends it may stand twice.
      const distinct = flat.filter((at, place) => String(at) !== String(flat[place - 1]));
      const points = distinct.map((at) => toLonLat(at)).map(([longitude, latitude]) => ({ longitude: longitude!, latitude: latitude! }));
      // Two points of an area, or one of a line, are nothing yet.
      if (points.length > (what === "line" ? 1 : 2)) this.events.drawn({ sort: what, points });
    });
    this.pen = pen;
    this.map.addInteraction(pen);
  }

  /** Shows what will be posted. */
  mark(what: Position | Drawn | undefined): void {
    const key = JSON.stringify(what);
    if (key === this.marked) return;
    this.marked = key;
    this.marks.clear();
    if (!what) return;
    if (!("sort" in what)) {
      this.marks.addFeature(new Feature(new OlPoint(fromLonLat([what.longitude, what.latitude]))));
      return;
    }
    const points = what.points.map((at) => fromLonLat([at.longitude, at.latitude]));
    const shape = what.sort === "line" ? new LineString(points) : new OlPolygon([points]);
    this.marks.addFeature(new Feature<OlGeometry>(shape));
  }

  private pointStyle(feature: FeatureLike, resolution: number): Style | Style[] {
    const together = (feature.get("features") as Feature[] | undefined) ?? [];
    const holds = together.some((one) => one.getId() === this.selected);
    if (together.length === 1) {
      const look = together[0]!.get("look") as Look;
      return this.symbolStyle(look, holds, resolution < TITLED);
    }
    const urgent = together.some((one) => (one.get("look") as Look).urgent);
    const key = `${together.length}/${urgent}/${holds}`;
    const known = this.single.get(key);
    if (known) return known;
    const style = new Style({
      image: new Circle({
        declutterMode: "obstacle",
        radius: 13 + Math.min(9, Math.log2(together.length) * 2),
        fill: new Fill({ color: this.dark ? "#e6ebf0" : "#1f2933" }),
        stroke: new Stroke({
          color: holds ? (this.dark ? "#ffd54a" : "#7a3cff") : urgent ? "#e69f00" : this.dark ? "#12181e" : "#ffffff",
          width: holds || urgent ? 4 : 2.5,
        }),
      }),
      text: new Text({
        text: String(together.length),
        font: "600 13px system-ui, sans-serif",
        fill: new Fill({ color: this.dark ? "#12181e" : "#ffffff" }),
        declutterMode: "none",
      }),
    });
    this.single.set(key, style);
    return style;
  }

  private symbolStyle(look: Look, selected: boolean, titled: boolean): Style {
    const { title, ...plain } = look;
    const key = JSON.stringify([plain, selected, titled && title]);
    const known = this.single.get(key);
    if (known) return known;
    const img = symbol({ ...plain, selected, dark: this.dark });
    const style = new Style({ image: new Icon({ img, scale: 0.5, declutterMode: "obstacle" }), zIndex: selected ? 9 : look.urgent ? 5 : 1 });
    if (titled) style.setText(this.label(title, 24));
    if (this.single.size > 5000) this.single.clear();
    this.single.set(key, style);
    return style;
  }

  private label(title: string, offsetY: number): Text {
    const of = colours(this.dark);
    return new Text({
      text: title,
      font: "500 12px system-ui, sans-serif",
      offsetY,
      fill: new Fill({ color: of.name }),
      stroke: new Stroke({ color: of.halo, width: 3.5 }),
    });
  }

  private shapeStyle(feature: FeatureLike, resolution: number): Style[] {
    const look = feature.get("look") as Look;
    const selected = feature.getId() === this.selected;
    const { fill } = lookOf(look.discipline);
    const zIndex = selected ? 9 : 1;
    const lineDash = look.dashed ? [9, 7] : [];
    const edge = selected ? (this.dark ? "#ffd54a" : "#7a3cff") : casing(fill, this.dark);
    const wide = selected ? 9 : look.stale ? 3 : 4.8;
    const along = { lineDash: selected ? [] : lineDash, lineCap: "butt" as const };
    const styles = [
      new Style({ stroke: new Stroke({ color: edge, width: wide, ...along }), zIndex }),
      new Style({
        stroke: new Stroke({ color: fill, width: look.stale ? 1.6 : 3, lineDash, lineCap: "butt" }),
        // Areas lie on each other: what is old is an outline, so that the new can be seen.
        ...(!look.stale && { fill: new Fill({ color: fill + (this.dark ? "1a" : "16") }) }),
        zIndex,
      }),
    ];
    if (resolution < TITLED || selected) {
      const label = this.label(look.title, 0);
      label.setOverflow(true);
      // Of several parts only the largest has the name, or it would stand everywhere.
      styles.push(new Style({ text: label, geometry: (one) => largest(one.getGeometry() as OlGeometry | undefined), zIndex: zIndex + 1 }));
    }
    return styles;
  }
}

function lookAt(entry: Entry, language: Language, nowMs: number): Look {
  const title = heading(entry, language);
  return {
    discipline: entry.discipline,
    kind: entry.kind,
    dashed: sure(entry) !== "verified",
    stale: isStale(entry, nowMs),
    urgent: isUrgent(entry),
    title: title.length > 34 ? `${title.slice(0, 33)}…` : title,
  };
}

function markStyle(dark: boolean): Style {
  const color = dark ? "#ffd54a" : "#7a3cff";
  return new Style({
    stroke: new Stroke({ color, width: 4 }),
    fill: new Fill({ color: dark ? "#ffd54a22" : "#7a3cff1c" }),
    image: new Circle({
      radius: 12,
      stroke: new Stroke({ color, width: 4 }),
      fill: new Fill({ color: "#ffffff55" }),
    }),
  });
}

function areaStyle(dark: boolean): Style {
  const color = dark ? "#a9b4be" : "#59636d";
  return new Style({ stroke: new Stroke({ color, width: 1.4, lineDash: [1, 5], lineCap: "round" }) });
}
