// The map on the page: made when there is a place for it, and again when that is another.
import type { Incident } from "../gen/polder/v1/incident_pb.ts";
import type { Item } from "../picture.ts";
import { written } from "../rd.ts";
import type { Picking } from "../state.ts";
import type { Drawn, Position } from "../understand.ts";
import type { Language } from "../words/index.ts";
import type { Areas } from "./areas.ts";
import { shapeOf } from "./geometry.ts";
import { PictureMap, type MapEvents } from "./map.ts";

/** So often ages on the map are drawn anew, though nothing changed. */
const AGES_MS = 10_000;

/** What the map shows. */
export interface Seen {
  list: Item[];
  language: Language;
  nowMs: number;
  dark: boolean;
  incident: Incident | undefined;
  whole: boolean;
  /** What is being written about. */
  where: Position | Drawn | undefined;
  picking: Picking;
  /** Parties or names of nodes that are cut off. */
  cut: string[];
}

export class Ground {
  map: PictureMap | undefined;
  private target: HTMLElement | undefined;
  private readonly events: Omit<MapEvents, "over">;
  private list: Item[] | undefined;
  private at = 0;
  private outlined = "";
  private fitted = false;

  constructor(private readonly areas: Areas, events: Omit<MapEvents, "over">) {
    this.events = events;
  }

  /** Shows the whole incident as soon as it is there. */
  fit(): void {
    this.fitted = false;
  }

  follow(seen: Seen): void {
    const target = document.getElementById("map");
    if (this.map && target !== this.target) {
      // Behind the door there is no map; before it there is a new one.
      this.map.end();
      this.map = this.list = undefined;
      this.outlined = "";
      this.fitted = false;
    }
    if (!target) return;
    this.map ??= this.make(target, seen.dark);
    const { map } = this;
    if (this.list !== seen.list || Date.now() - this.at > AGES_MS) {
      this.list = seen.list;
      this.at = Date.now();
      map.update(seen.list, seen.language, seen.nowMs);
      map.whenDrawn(() => target.setAttribute("data-drawn", String(map.count())));
    }
    const { incident } = seen;
    if (this.outlined !== (incident?.version ?? "")) {
      this.outlined = incident?.version ?? "";
      map.outline(shapeOf(incident?.area));
    }
    if (!this.fitted && seen.whole) {
      this.fitted = true;
      map.showAll(shapeOf(incident?.area));
    }
    map.mark(seen.where);
    map.pick(seen.picking);
    this.areas.mark(seen.cut);
    target.setAttribute("data-tiles", this.areas.tilesSaid);
    target.setAttribute("data-ways", this.areas.ways.said());
    target.setAttribute("data-hatched", String(this.areas.hatched()));
  }

  private make(target: HTMLElement, dark: boolean): PictureMap {
    this.target = target;
    const over = (longitude: number, latitude: number): void => {
      const readout = document.getElementById("readout");
      if (readout) readout.textContent = written({ longitude, latitude });
    };
    const map = new PictureMap(target, this.areas, { ...this.events, over });
    map.paint(dark);
    new ResizeObserver(() => map.resize()).observe(target);
    return map;
  }
}
