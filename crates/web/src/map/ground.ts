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
/** No sooner again than this is the map drawn: a list is drawn quicker, and is read first. */
const PAUSE_MS = 300;

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
  /** What is not drawn yet, and when it will be. */
  private seen: Seen | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

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
      clearTimeout(this.timer);
      this.map = this.list = this.seen = this.timer = undefined;
      this.outlined = "";
      this.fitted = false;
    }
    if (!target) return;
    this.map ??= this.make(target, seen.dark);
    const { map } = this;
    this.seen = seen;
    const since = Date.now() - this.at;
    if (this.list === undefined || (this.list !== seen.list ? since >= PAUSE_MS : since > AGES_MS)) this.settle();
    else if (this.list !== seen.list) this.timer ??= setTimeout(() => this.settle(), PAUSE_MS - since);
    const { incident } = seen;
    if (this.outlined !== (incident?.version ?? "")) {
      this.outlined = incident?.version ?? "";
      map.outline(shapeOf(incident?.area));
    }
    if (!this.fitted && seen.whole) {
      this.fitted = true;
      this.showAll(shapeOf(incident?.area));
    }
    map.mark(seen.where);
    map.pick(seen.picking);
    this.areas.mark(seen.cut);
    target.setAttribute("data-tiles", this.areas.tilesSaid);
    target.setAttribute("data-ways", this.areas.ways.said());
    target.setAttribute("data-hatched", String(this.areas.hatched()));
  }

  /** Chooses what may have come a moment ago. */
  select(name: string | undefined, move: boolean): void {
    if (this.list !== this.seen?.list) this.settle();
    this.map?.select(name, move);
  }

  /** Everything that is there, or the area. */
  showAll(area: ReturnType<typeof shapeOf>): void {
    if (this.list !== this.seen?.list) this.settle();
    this.map?.showAll(area);
  }

  /** Draws what waits to be drawn. */
  private settle(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { map, seen, target } = this;
    if (!map || !seen || !target) return;
    this.list = seen.list;
    this.at = Date.now();
    map.update(seen.list, seen.language, seen.nowMs);
    map.whenDrawn(() => target.setAttribute("data-drawn", String(map.count())));
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
