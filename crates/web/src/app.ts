// Holds what is shown, talks to the node, and draws when something changed.
import { CALL_MS, incidents, node, picture as calls } from "./api.ts";
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Incident } from "./gen/polder/v1/incident_pb.ts";
import { incidentOf, store, stored } from "./kept.ts";
import { NOTHING, listed } from "./list.ts";
import { places, type PlaceRow } from "./map/base.ts";
import { shapeOf } from "./map/geometry.ts";
import { OVERSEAS, NETHERLANDS, PictureMap } from "./map/map.ts";
import { Outbox } from "./outbox.ts";
import { pictureAt } from "./past.ts";
import { Picture, type Item } from "./picture.ts";
import { written } from "./rd.ts";
import { holding, publication, withdrawal } from "./requests.ts";
import { SharedFollower } from "./shared.ts";
import { Shell } from "./shell.ts";
import type { Actions, Draft, Filter, Links, Past, Shown, Theme } from "./state.ts";
import { entry as entryOfLine, lacking, understand, type Choice, type Position } from "./understand.ts";
import { page } from "./views/page.ts";
import { millis } from "./wire.ts";
import { language, preferred, type Lang, type Language } from "./words/index.ts";

const PAGE = 60;
const LINKS_MS = 4_000;
/** What waits is tried this often. */
const SEND_MS = 3_000;
/** A screen reader is told this often. */
const ANNOUNCE_MS = 10_000;
const EMPTY: Draft = { line: "", choice: {}, discipline: 0, picking: "", problem: "" };

export class App implements Actions {
  private readonly shell = document.createElement("polder-page") as Shell;
  private words: Language;
  private scheme: Theme;
  private readonly systemDark = matchMedia("(prefers-color-scheme: dark)");
  private known: Incident[] | undefined;
  private name = "";
  private picture = new Picture();
  private follower: SharedFollower | undefined;
  private readonly outbox: Outbox;
  private map: PictureMap | undefined;
  private filters: Filter = { hidden: new Set(), kind: "", text: "" };
  private selected: string | undefined;
  private versions: Shown["versions"];
  private readonly arrived = new Set<string>();
  private announced = "";
  private withdrawing: string | undefined;
  private deciding: string | undefined;
  private links: Links | undefined;
  private pastState: Past | undefined;
  private pastTimer: ReturnType<typeof setTimeout> | undefined;
  private drafted: Draft = { ...EMPTY, discipline: Number(stored("discipline") ?? 0) };
  private rows: PlaceRow[] = [];
  private party = "";
  private nodeName = "";
  private shown = PAGE;
  private drawing = false;
  /** The node's clock, and when by ours it was read. */
  private clock = { nodeMs: 0, at: 0 };
  private fitted = false;
  private list: Item[] = [];
  private stale = true;
  private derived = NOTHING;

  constructor(root: HTMLElement) {
    const lang = stored("language");
    this.words = language(lang === "nl" || lang === "en" ? lang : preferred(navigator.languages));
    const theme = stored("theme");
    this.scheme = theme === "light" || theme === "dark" ? theme : "system";
    this.outbox = new Outbox(
      (request) => calls.publishEntries(request, { timeoutMs: CALL_MS }),
      (request) => calls.retractEntry(request, { timeoutMs: CALL_MS }),
      () => this.draw(),
    );
    this.shell.drawer = { template: () => page(this.view(), this), drawn: () => this.drawn() };
    root.append(this.shell);
  }

  async start(): Promise<void> {
    this.dress();
    this.systemDark.addEventListener("change", () => this.dress());
    addEventListener("online", () => {
      this.follower?.hurry();
      void this.outbox.flush();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.follower?.hurry();
    });
    addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      if (this.drafted.picking) this.draft({ picking: "" });
      else if (this.selected) this.choose(undefined, "list");
    });
    addEventListener("popstate", () => this.follow(incidentOf(location.hash)));
    setInterval(() => this.draw(), 1_000);
    setInterval(() => this.send(), SEND_MS);
    setInterval(() => this.announce(), ANNOUNCE_MS);
    void places().then((rows) => {
      this.rows = rows;
      this.draw();
    }, () => undefined);
    this.draw();
    // The last one, without waiting for a node that may be away.
    this.follow(incidentOf(location.hash) || (stored("incident") ?? ""));
    void this.outbox.load().then(() => this.outbox.flush(), () => undefined);
    void this.watchLinks();
    await this.findIncidents();
  }

  /** Until they are known; then again now and then, for new ones. */
  private async findIncidents(): Promise<void> {
    for (;;) {
      try {
        const answer = await incidents.listIncidents(
          { pageSize: 500, includeClosed: true },
          { timeoutMs: CALL_MS },
        );
        this.known = answer.incidents;
        const asked = incidentOf(location.hash);
        const first = answer.incidents.find((one) => one.state === 1) ?? answer.incidents[0];
        const there = (name: string): boolean => answer.incidents.some((one) => one.name === name);
        // What is not there, or not any more, is not followed.
        if (!there(this.name)) this.follow(there(asked) ? asked : (first?.name ?? ""));
        this.draw();
      } catch {
        this.draw();
      }
      await new Promise((resolve) => setTimeout(resolve, this.name && this.known ? 15_000 : 2_000));
    }
  }

  private follow(name: string): void {
    if (!name || name === this.name) return;
    this.name = name;
    store("incident", name);
    this.follower?.end();
    this.picture = new Picture();
    this.selected = this.versions = this.pastState = undefined;
    this.shown = PAGE;
    this.fitted = false;
    this.stale = true;
    this.follower = new SharedFollower(
      name,
      this.picture,
      (request, signal) => calls.subscribe(request, { signal }),
      (change) => {
        if (change) this.stale = true;
        if (change && change !== "all") for (const name of change) this.arrived.add(name);
        const { selected } = this;
        if (selected && (change === "all" || change?.has(selected))) void this.fetchVersions(selected);
        this.advanceClock(this.picture.nodeMs);
        // Whoever hears the node can send to it.
        if (this.follower?.state.kind === "live") this.send();
        this.draw();
      },
    );
    void this.follower.run();
    this.draw();
  }

  /** For who listens rather than looks: how much changed, and not too often. */
  private announce(): void {
    const count = this.arrived.size;
    this.arrived.clear();
    const said = count > 0 ? `${count} ${count === 1 ? this.words.t.oneNew : this.words.t.someNew}` : "";
    if (said === this.announced) return;
    this.announced = said;
    this.draw();
  }

  private send(): void {
    if (this.outbox.waiting.some((waiting) => !waiting.problem)) void this.outbox.flush();
  }

  private async watchLinks(): Promise<void> {
    for (;;) {
      try {
        if (!this.nodeName) {
          const status = await node.getNodeStatus({}, { timeoutMs: CALL_MS });
          this.nodeName = status.displayName;
          this.party = status.party;
          this.setClock(millis(status.nodeTime) ?? 0);
        }
        for await (const answer of node.watchLinks({ once: true }, { timeoutMs: CALL_MS })) {
          const nodeMs = millis(answer.nodeTime) ?? 0;
          this.links = { rows: answer.links, nodeMs, at: Date.now(), failed: false };
          this.setClock(nodeMs);
        }
      } catch {
        if (this.links) this.links.failed = true;
        this.nodeName = "";
      }
      this.draw();
      await new Promise((resolve) => setTimeout(resolve, LINKS_MS));
    }
  }

  /** The node's clock as it tells it, which need not be ours: it runs on until it tells again. */
  private setClock(nodeMs: number): void {
    if (nodeMs) this.clock = { nodeMs, at: Date.now() };
  }

  /** It has reached the moment of what it sent. */
  private advanceClock(nodeMs: number): void {
    if (!this.clock.nodeMs || nodeMs > this.now()) this.setClock(nodeMs);
  }

  private now(): number {
    return this.clock.nodeMs ? this.clock.nodeMs + Date.now() - this.clock.at : Date.now();
  }

  private draw(): void {
    if (this.drawing) return;
    this.drawing = true;
    // Not with every message, and in hidden tabs too.
    setTimeout(() => {
      this.drawing = false;
      this.shell.requestUpdate();
    }, 80);
  }

  private items(): Map<string, Item> {
    return this.pastState?.items ?? this.picture.items;
  }

  /** What lists and map need, made anew when something changed. */
  private derive(): void {
    if (!this.stale) return;
    this.stale = false;
    this.derived = listed(this.items(), this.filters, this.words);
  }

  private view(): Shown {
    this.derive();
    const past = this.pastState;
    const incident = this.picture.incident ?? this.known?.find((one) => one.name === this.name);
    // What was refused is shown wherever it belonged, or nobody would ever see it.
    const own = this.outbox.waiting.filter((w) =>
      w.problem || (w.incident === this.name && !(w.fresh && this.picture.items.has(w.name))));
    return {
      language: this.words,
      theme: this.scheme,
      dark: this.isDark(),
      incidents: this.known,
      incident: past?.items ? past.incident : incident,
      name: this.name,
      stream: this.follower?.state ?? { kind: "starting" },
      nowMs: past?.items ? past.shownMs : this.now(),
      liveMs: this.now(),
      party: this.party,
      nodeName: this.nodeName,
      whole: this.picture.whole,
      ...this.derived,
      shown: this.shown,
      filter: this.filters,
      selected: this.selected,
      versions: this.versions,
      deciding: this.deciding,
      withdrawing: this.withdrawing,
      announced: this.announced,
      links: this.links,
      waiting: own,
      draft: this.drafted,
      past,
      beginMs: millis(incident?.createTime) ?? this.now() - 3_600_000,
    };
  }

  understood(): ReturnType<typeof understand> {
    return understand(this.drafted.line, this.now(), this.rows, this.drafted.choice);
  }

  /** After the page was drawn: the map follows. */
  private drawn(): void {
    const target = document.getElementById("map");
    if (target && !this.map) {
      this.map = new PictureMap(target, {
        choose: (name) => this.choose(name, "map"),
        point: (longitude, latitude) => this.place({ longitude, latitude }),
        drawn: (drawn) => this.draft({ picking: "", choice: { ...this.drafted.choice, position: undefined, drawn } }),
        over: (longitude, latitude) => {
          const readout = document.getElementById("readout");
          if (readout) readout.textContent = written({ longitude, latitude });
        },
      });
      this.map.paint(this.isDark());
      const map = this.map;
      new ResizeObserver(() => map.resize()).observe(target);
    }
    if (!this.map) return;
    if (this.list !== this.derived.list || Date.now() - this.mapAt > 10_000) {
      this.list = this.derived.list;
      this.mapAt = Date.now();
      this.map.update(this.list, this.words, this.pastState?.items ? this.pastState.shownMs : this.now());
      const map = this.map;
      map.whenDrawn(() => target?.setAttribute("data-drawn", String(map.count())));
    }
    const { incident } = this.picture;
    if (this.outlined !== (incident?.version ?? "")) {
      this.outlined = incident?.version ?? "";
      this.map.outline(shapeOf(incident?.area));
    }
    if (!this.fitted && this.picture.whole) {
      this.fitted = true;
      this.map.showAll(shapeOf(this.picture.incident?.area));
    }
    const line = this.drafted.line ? this.understood() : undefined;
    this.map.mark(line?.drawn ?? line?.position);
    this.map.pick(this.drafted.picking);
  }
  private mapAt = 0;
  private outlined = "";

  private isDark(): boolean {
    return this.scheme === "dark" || (this.scheme === "system" && this.systemDark.matches);
  }

  private dress(): void {
    const root = document.documentElement;
    root.lang = this.words.lang;
    root.dataset["theme"] = this.isDark() ? "dark" : "light";
    this.map?.paint(this.isDark());
    this.draw();
  }

  // What the reader does.

  open(incident: string): void {
    history.pushState(null, "", `#${incident}`);
    this.follow(incident);
  }

  language(lang: string): void {
    this.words = language(lang as Lang);
    store("language", lang);
    this.stale = true;
    this.dress();
  }

  theme(theme: Theme): void {
    this.scheme = theme;
    store("theme", theme);
    this.dress();
  }

  choose(name: string | undefined, from: "map" | "list"): void {
    this.selected = name;
    this.deciding = this.withdrawing = undefined;
    this.versions = name ? { name, rows: undefined, failed: false } : undefined;
    this.map?.select(name, from === "list");
    if (name) void this.fetchVersions(name);
    if (name && from === "map") {
      const place = this.derived.list.findIndex((one) => one.name === name);
      if (place >= this.shown) this.shown = place + 10;
      setTimeout(() => {
        const line = document.querySelector(`[data-entry="${CSS.escape(name)}"]`);
        line?.scrollIntoView({ block: "nearest" });
      }, 200);
    }
    this.draw();
  }

  private async fetchVersions(name: string): Promise<void> {
    let found: Shown["versions"];
    try {
      const answer = await calls.listEntryVersions({ name, pageSize: 200 }, { timeoutMs: CALL_MS });
      found = { name, rows: answer.versions.reverse(), failed: false };
    } catch {
      found = { name, rows: undefined, failed: true };
    }
    if (this.selected === name) this.versions = found;
    this.draw();
  }

  filter(change: Partial<Filter>): void {
    this.filters = { ...this.filters, ...change };
    this.shown = PAGE;
    this.stale = true;
    this.draw();
  }

  discipline(number: number, on: boolean): void {
    const hidden = new Set(this.filters.hidden);
    if (on) hidden.delete(number);
    else hidden.add(number);
    this.filter({ hidden });
  }

  more(): void {
    this.shown += PAGE;
    this.draw();
  }

  type(line: string): void {
    this.draft({ line, problem: "" });
  }

  draft(change: Partial<Draft>): void {
    this.drafted = { ...this.drafted, ...change };
    if (change.discipline !== undefined) store("discipline", String(change.discipline));
    this.draw();
  }

  choice(change: Choice): void {
    this.draft({ choice: { ...this.drafted.choice, ...change } });
  }

  place(position: Position | undefined): void {
    this.draft({ picking: "", choice: { ...this.drafted.choice, position, drawn: undefined } });
  }

  unplace(): void {
    this.place(undefined);
  }

  /** Keeps it in the browser first; what cannot be kept is not sent. */
  post(): void {
    const said = this.understood();
    if (!this.name || lacking(said)) return;
    const name = `${this.name}/entries/${crypto.randomUUID()}`;
    const entry = entryOfLine(said, name, this.drafted.discipline, this.words.lang, this.now());
    const request = publication(entry, this.picture.incident?.mode ?? 0);
    const before = this.drafted;
    this.drafted = { ...EMPTY, discipline: before.discipline };
    this.draw();
    this.outbox.put(request, this.name, entry).then(
      () => this.outbox.flush(),
      () => this.draft({ ...before, problem: this.words.t.notKept }),
    );
  }

  withdraw(reason: string | undefined): void {
    this.withdrawing = reason;
    this.draw();
  }

  /** Withdraws what is chosen, for the reason that was typed. */
  retract(name: string): void {
    const reason = this.withdrawing?.trim();
    if (!reason) return;
    this.withdrawing = undefined;
    this.draw();
    const request = withdrawal(name, reason);
    this.outbox.putRetraction(request, this.name).then(
      () => this.outbox.flush(),
      () => this.draft({ problem: this.words.t.notKept }),
    );
  }

  decide(version: string | undefined): void {
    this.deciding = version;
    this.draw();
  }

  /** Says again what one version says, for the party of this node, in place of all that stand. */
  hold(one: Item, chosen: Entry): void {
    const mode = this.picture.incident?.mode ?? 0;
    const { request, entry } = holding(one, chosen, this.party, mode);
    this.deciding = undefined;
    this.draw();
    this.outbox.put(request, this.name, entry).then(
      () => this.outbox.flush(),
      () => this.draft({ problem: this.words.t.notKept }),
    );
  }

  retry(id: string): void {
    void this.outbox.retry(id);
  }

  discard(id: string): void {
    void this.outbox.discard(id);
  }

  zoom(by: number): void {
    this.map?.zoom(by);
  }

  center(): void {
    const [longitude, latitude] = this.map?.center() ?? [0, 0];
    this.place({ longitude, latitude });
  }

  past(atMs: number | undefined): void {
    clearTimeout(this.pastTimer);
    if (atMs === undefined) {
      this.pastState = undefined;
      this.stale = true;
      this.draw();
      return;
    }
    this.pastState = { shownMs: atMs, items: undefined, incident: undefined, ...this.pastState, atMs, failed: false };
    this.draw();
    this.pastTimer = setTimeout(() => void this.fetchPast(atMs), 200);
  }

  private async fetchPast(atMs: number): Promise<void> {
    const found = await pictureAt(this.name, atMs).catch(() => undefined);
    if (this.pastState?.atMs !== atMs) return;
    if (found) this.pastState = { atMs, shownMs: atMs, ...found, failed: false };
    else this.pastState = { ...this.pastState, failed: true };
    if (this.selected && !this.items().has(this.selected)) this.choose(undefined, "list");
    this.stale = true;
    this.draw();
  }

  go(where: string): void {
    const overseas = OVERSEAS.find(([name]) => name === where);
    if (overseas) this.map?.show(overseas[1]);
    else if (where === "netherlands") this.map?.show(NETHERLANDS);
    else this.map?.showAll(shapeOf(this.picture.incident?.area));
  }
}
