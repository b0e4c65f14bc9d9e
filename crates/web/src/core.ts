// Holds what is shown, follows the node, and draws when something changed.
import { Album } from "./photo.ts";
import { Demo } from "./demo.ts";
import { Desk } from "./desk.ts";
import { Gate } from "./gate.ts";
import { Visits } from "./changes.ts";
import { Replay } from "./replay.ts";
import { Areas } from "./map/areas.ts";
import { CALL_MS, incidents, node, picture as calls, sending, session } from "./api.ts";
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import type { Incident } from "./gen/polder/v1/incident_pb.ts";
import { Found } from "./found.ts";
import { incidentOf, store, stored } from "./kept.ts";
import { NOTHING, listed } from "./list.ts";
import { places, type PlaceRow } from "./map/base.ts";
import { Ground } from "./map/ground.ts";
import { NodeClock } from "./clock.ts";
import { Outbox } from "./outbox.ts";
import { Paper } from "./paper.ts";
import { Picture, type Item } from "./picture.ts";
import { edition, publication } from "./requests.ts";
import { audiencesOf, may, mayPublish, partiesOf } from "./rights.ts";
import { Attention } from "./attention.ts";
import { Office } from "./office/office.ts";
import { Releases } from "./release.ts";
import { TakeBacks } from "./takeback.ts";
import type { Issue } from "./issue.ts";
import { SharedFollower } from "./shared.ts";
import { Shell } from "./shell.ts";
import { Team } from "./team/door.ts";
import type { Upgrade } from "./upgrade.ts";
import type { Actions, Door, DoorActions, Filter, Links, Past, Shown, Theme } from "./state.ts";
import { door } from "./views/door.ts";
import { page, paperHead } from "./views/page.ts";
import { Writing } from "./writing.ts";
import { millis } from "./wire.ts";
import { language, preferred, type Language } from "./words/index.ts";

export const PAGE = 60;
const LINKS_MS = 4_000;
/** What waits is tried this often. */
const SEND_MS = 3_000;
/** A screen reader is told this often. */
const ANNOUNCE_MS = 10_000;
const OPEN: Omit<Filter, "hidden"> = { kind: "", text: "", statement: 0, party: "", urgent: false, sure: "", hours: 0, theme: -1, view: "all" };

export abstract class Core extends Writing {
  protected readonly shell = document.createElement("polder-page") as Shell;
  protected words: Language;
  protected scheme: Theme;
  private readonly system = matchMedia("(prefers-color-scheme: dark)");
  /** As last told: whoever asks the browser between a change and its telling is never told. */
  protected systemDark = this.system.matches;
  protected known: Incident[] | undefined;
  protected name = "";
  protected picture = new Picture();
  protected follower: SharedFollower | undefined;
  protected override readonly outbox: Outbox;
  protected filters: Filter = { ...OPEN, hidden: new Set() };
  protected selected: string | undefined;
  /** What is chosen once the picture has it. */
  protected sought: string | undefined;
  protected versions: Shown["versions"];
  protected readonly arrived = new Set<string>();
  protected announced = "";
  protected withdrawing: string | undefined;
  protected deciding: string | undefined;
  protected links: Links | undefined;
  protected pastState: Past | undefined;
  protected pastTimer: ReturnType<typeof setTimeout> | undefined;
  protected rows: PlaceRow[] = [];
  protected party = "";
  protected nodeName = "";
  protected shown = PAGE;
  protected drawing = false;
  /** The stream was up when it last told something. */
  private lived = true;
  private readonly whenDrawn: (() => void)[] = [];
  protected readonly clock = new NodeClock();
  protected stale = true;
  protected readonly paper = new Paper();
  /** At the head of each sheet of paper. */
  protected head = "";
  protected derived = NOTHING;
  protected readonly visits = new Visits();
  protected sinceState: Shown["since"];
  protected paned = false;
  protected wallScreen = stored("wall") === "on";
  protected override readonly desk: Desk;
  protected readonly gate: Gate;
  readonly demo = new Demo(() => this.draw());
  readonly album = new Album(() => this.draw());
  readonly attention = new Attention(() => this.draw(), () => this.name);
  readonly office = new Office(() => this.draw());
  readonly releases = new Releases(() => this.draw());
  readonly takeBacks = new TakeBacks(() => this.draw());
  issue: Issue | undefined;
  readonly team = new Team({
    draw: () => this.draw(),
    person: () => session.person,
    party: () => {
      const own = partiesOf(session.caller, this.name);
      return own.length === 1 ? own[0]! : "";
    },
    mode: () => this.picture.incident?.mode ?? 0,
    now: () => this.clock.now(),
    say: (entry, audience, replaces) => this.say(entry, audience, replaces),
    misfit: () => this.upgrade.check(true),
  });
  readonly areas = new Areas(() => this.draw());
  readonly replay = new Replay(() => this.playOn());
  protected readonly ground = new Ground(this.areas, {
    choose: (name) => this.choose(name, "map"),
    point: (longitude, latitude) => this.desk.place({ longitude, latitude }),
    drawn: (drawn) => this.desk.place(drawn),
  });

  constructor(root: HTMLElement) {
    super();
    const lang = stored("language");
    this.words = language(lang === "nl" || lang === "en" ? lang : preferred(navigator.languages));
    const theme = stored("theme");
    this.scheme = theme === "light" || theme === "dark" ? theme : "system";
    this.outbox = new Outbox(
      (request, token) => calls.publishEntries(request, sending(token)),
      (request, token) => calls.retractEntry(request, sending(token)),
      () => this.draw(),
      () => (session.needed ? undefined : { person: session.person, token: session.kept?.token ?? "" }),
    );
    this.gate = new Gate(() => this.draw(), () => this.turn());
    this.desk = new Desk(this.outbox, {
      incident: () => this.name,
      mode: () => this.picture.incident?.mode ?? 0,
      now: () => this.clock.now(),
      words: () => this.words,
      places: () => this.rows,
      draw: () => this.draw(),
      drawNow: () => this.shell.requestUpdate(),
    }, Number(stored("discipline") ?? 0));
    const template = (): unknown => {
      if (this.gate.closed) return door(this.door(), this.doorActions);
      const shown = this.view();
      this.head = paperHead(shown, this.actions());
      return page(shown, this.actions());
    };
    const drawn = (): void => {
      this.drawn();
      for (const then of this.whenDrawn.splice(0)) then();
    };
    this.shell.drawer = { template, drawn };
    root.append(this.shell);
  }

  async start(): Promise<void> {
    this.gate.takeInvitation();
    this.gate.takeReturn();
    this.dress();
    this.system.addEventListener("change", ({ matches }) => {
      this.systemDark = matches;
      this.dress();
    });
    addEventListener("online", () => {
      this.follower?.hurry();
      void this.outbox.flush();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.follower?.hurry();
    });
    addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      if (this.desk.draft.picking) this.draft({ picking: "" });
      else if (this.office.tab) this.office.close();
      else if (this.team.tab) this.team.close();
      else if (this.paned) this.actions().panel(false);
      else if (this.selected) this.choose(undefined, "list");
    });
    addEventListener("popstate", () => {
      this.gate.takeInvitation();
      this.follow(incidentOf(location.hash));
    });
    this.upgrade.watch();
    setInterval(() => this.tick(), 1_000);
    for (const when of ["beforeprint", "afterprint"]) addEventListener(when, () => this.ground.map?.resize());
    // Only for paper: another style sheet has the browser style the whole page anew.
    addEventListener("beforeprint", () => this.paper.say(this.gate.closed ? "" : this.head));
    setInterval(() => this.send(), SEND_MS);
    setInterval(() => this.announce(), ANNOUNCE_MS);
    void places().then((rows) => {
      this.rows = rows;
      this.draw();
    }, () => undefined);
    this.draw();
    // The last one, without waiting for a node that may be away.
    this.follow(incidentOf(location.hash) || (stored("incident") ?? ""));
    this.goBack();
    void this.outbox.load().then(() => this.outbox.flush(), () => undefined);
    void this.watchLinks();
    void this.gate.watch();
    void this.demo.watch();
    void this.attention.watch();
    await this.findIncidents();
  }

  private hurry: () => void = () => undefined;
  private hurryLinks: () => void = () => undefined;

  /** Until they are known; then again now and then, for new ones. */
  protected async findIncidents(): Promise<void> {
    for (;;) {
      try {
        if (session.needed) throw new Error("nobody is signed in");
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
      await new Promise<void>((resolve) => {
        this.hurry = resolve;
        setTimeout(resolve, this.name && this.known ? 15_000 : 2_000);
      });
    }
  }

  protected follow(name: string): void {
    if (!name || name === this.name) return;
    if (this.name) this.desk.change({ audience: undefined });
    this.name = name;
    store("incident", name);
    this.begin();
  }

  /** Somebody else is here now, or nobody: nothing of what the one was shown stays for the other. */
  private turn(): void {
    this.known = undefined;
    this.links = undefined;
    this.nodeName = this.party = "";
    this.filters = { ...OPEN, hidden: new Set() };
    this.album.clear();
    this.areas.turn();
    this.office.turn();
    this.desk.turn();
    this.begin();
    this.hurry();
    this.hurryLinks();
    this.send();
  }

  /** Follows the incident from nothing, if anybody may look. */
  private begin(): void {
    const { name } = this;
    this.follower?.end();
    this.follower = undefined;
    this.picture = new Picture();
    clearTimeout(this.pastTimer);
    this.selected = this.sought = this.versions = this.pastState = this.sinceState = undefined;
    this.deciding = this.withdrawing = this.releases.now = this.issue = undefined;
    this.takeBacks.turn();
    this.arrived.clear();
    this.replay.stop();
    this.attention.turn();
    this.team.turn();
    this.shown = PAGE;
    this.ground.fit();
    this.stale = true;
    if (session.needed || !name) return this.draw();
    this.follower = new SharedFollower(
      name,
      this.picture,
      (request, signal) => calls.subscribe(request, { signal }),
      (change) => {
        if (change) this.stale = true;
        if (change && change !== "all") for (const name of change) this.arrived.add(name);
        this.find();
        const { selected } = this;
        if (selected && (change === "all" || change?.has(selected))) void this.fetchVersions(selected);
        this.clock.reached(this.picture.nodeMs);
        const lives = this.follower?.state.kind === "live";
        // A node that was away may be back as another.
        if (lives && !this.lived) void this.upgrade.check();
        this.lived = lives;
        // Whoever hears the node can send to it.
        if (lives) this.send();
        this.draw();
      },
      session.person,
    );
    void this.follower.run();
    this.draw();
  }

  /** Chooses what was sought, after the map has it. */
  private find(): void {
    const { sought } = this;
    if (!sought || !this.picture.items.has(sought)) return;
    this.sought = undefined;
    this.stale = true;
    this.afterDrawn(() => this.showOnMap(sought));
  }

  protected tick(): void {
    this.upgrade.tick();
    if (!document.hidden && this.follower?.state.kind === "live") this.visits.seen(this.visitor(), this.clock.now());
    this.draw();
  }

  /** Whose visits to what. */
  private visitor(): string {
    return session.person ? `${this.name} ${session.person}` : this.name;
  }

  /** For who listens rather than looks: how much changed, and not too often. */
  protected announce(): void {
    const count = this.arrived.size;
    this.arrived.clear();
    const said = count > 0 ? `${count} ${count === 1 ? this.words.t.oneNew : this.words.t.someNew}` : "";
    if (said === this.announced) return;
    this.announced = said;
    this.draw();
  }

  /** Kept here first, then sent: a new entry, or a version in place of those that were on the screen. */
  private async say(entry: Entry, audience: string, replaces?: string[]): Promise<boolean> {
    const mode = this.picture.incident?.mode ?? 0;
    const request = replaces ? edition(entry, replaces, mode, audience) : publication(entry, mode, audience);
    try {
      await this.outbox.put(request, this.name, entry, session.person);
    } catch {
      return false;
    }
    void this.outbox.flush();
    return true;
  }

  protected send(): void {
    if (this.outbox.waiting.some((waiting) => !waiting.problem)) void this.outbox.flush();
  }

  protected async watchLinks(): Promise<void> {
    for (;;) {
      try {
        if (session.needed) throw new Error("nobody is signed in");
        if (!this.nodeName) {
          const status = await node.getNodeStatus({}, { timeoutMs: CALL_MS });
          this.nodeName = status.displayName;
          this.party = status.party;
          this.clock.told(millis(status.nodeTime) ?? 0);
        }
        for await (const answer of node.watchLinks({ once: true }, { timeoutMs: CALL_MS })) {
          const nodeMs = millis(answer.nodeTime) ?? 0;
          this.links = { rows: answer.links, nodeMs, earlier: Number(answer.earlierRecordCount), at: Date.now(), failed: false };
          this.clock.told(nodeMs);
        }
      } catch {
        if (this.links) this.links.failed = true;
        this.nodeName = "";
      }
      this.draw();
      await new Promise<void>((resolve) => {
        this.hurryLinks = resolve;
        setTimeout(resolve, LINKS_MS);
      });
    }
  }

  protected draw(): void {
    if (this.drawing) return;
    this.drawing = true;
    // Not with every message, and in hidden tabs too.
    setTimeout(() => {
      this.drawing = false;
      this.shell.requestUpdate();
    }, 80);
  }

  protected afterDrawn(then: () => void): void {
    this.whenDrawn.push(then);
    this.shell.requestUpdate();
  }

  protected items(): Map<string, Item> {
    return this.pastState?.items ?? this.picture.items;
  }

  /** What lists and map need, made anew when something changed. */
  protected derive(): void {
    if (!this.stale) return;
    this.stale = false;
    this.derived = listed(this.items(), this.filters, this.words, this.pastState?.items ? this.pastState.shownMs : this.clock.now());
  }

  protected view(): Shown {
    this.derive();
    const past = this.pastState;
    const incident = this.picture.incident ?? this.known?.find((one) => one.name === this.name);
    // What was refused is shown wherever it belonged, or nobody would ever see it.
    // Those of others are counted, not shown; nobody's are anybody's to take.
    const [mine, others] = [session.person, this.outbox.waiting.filter((w) => w.owner && w.owner !== session.person)];
    const own = this.outbox.waiting.filter((w) => (w.owner === mine || !w.owner) && (
      w.problem || (w.incident === this.name && !(w.fresh && this.picture.items.has(w.name)))));
    const { caller } = session;
    return {
      othersWaiting: others.length,
      form: this.desk.form,
      first: this.desk.first,
      caller,
      person: session.person,
      sessionMs: session.kept?.expireMs ?? 0,
      mayRead: may(caller, "read"),
      mayPublish: mayPublish(caller, this.name),
      audience: this.audience(),
      audiences: this.audiences(),
      audienceRows: this.gate.audiences,
      speaksFor: partiesOf(caller, this.name),
      language: this.words,
      theme: this.scheme,
      dark: this.isDark(),
      incidents: this.known,
      incident: past?.items ? past.incident : incident,
      name: this.name,
      stream: this.follower?.state ?? { kind: "starting" },
      nowMs: past?.items ? past.shownMs : this.clock.now(),
      liveMs: this.clock.now(),
      party: this.party,
      nodeName: this.nodeName,
      whole: this.picture.whole,
      ...this.derived,
      items: this.items(),
      since: this.sinceState,
      lastVisit: this.visits.last(this.visitor()),
      towns: this.rows,
      wall: this.wallScreen,
      panel: this.paned,
      shown: this.shown,
      filter: this.filters,
      selected: this.selected,
      versions: this.versions,
      deciding: this.deciding,
      withdrawing: this.withdrawing,
      upgraded: this.upgrade.found,
      announced: this.announced,
      links: this.links,
      waiting: own,
      draft: this.desk.draft,
      past,
      beginMs: millis(incident?.createTime) ?? this.clock.now() - 3_600_000,
    };
  }

  /** To whom the person can speak; found anew when the picture changed. */
  private audiences(): string[] {
    const key = [session.caller, this.gate.audiences, this.derived];
    return this.listeners.of(key, () => audiencesOf(session.caller, this.name, this.gate.audiences, this.picture.items.values()));
  }
  private readonly listeners = new Found<string[]>();

  protected override audience(): string {
    return this.desk.draft.audience ?? this.audiences()[0] ?? "";
  }

  protected override mayPost(): boolean {
    return mayPublish(session.caller, this.name);
  }

  private door(): Door {
    const { reason, kept } = session;
    const { draft, form, first } = this.desk;
    const waits = this.outbox.waiting.length > 0 || draft.line !== "" || form !== undefined || first !== undefined;
    return { language: this.words, draft: this.gate.draft, reason, person: kept?.person ?? "", waits, providers: this.gate.providers ?? [] };
  }

  private readonly doorActions: DoorActions = {
    language: (lang) => this.actions().language(lang),
    signIn: () => void this.gate.signIn(),
    leaveFor: (provider) => void this.gate.leaveFor(provider),
    change: (change) => this.gate.change(change),
    stay: () => this.gate.stay(),
  };

  /** After the page was drawn: the map follows. */
  protected abstract drawn(): void;
  protected abstract dress(): void;
  protected abstract readonly upgrade: Upgrade;
  protected abstract goBack(): void;
  protected abstract showOnMap(name: string): void;
  protected abstract choose(name: string | undefined, from: "map" | "list"): void;
  protected abstract playOn(): boolean;
  protected abstract fetchVersions(name: string): Promise<void>;
  protected abstract isDark(): boolean;
  protected abstract actions(): Actions;
}
