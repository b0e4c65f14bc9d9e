// What the reader does, and what the map follows.
import { differences } from "./changes.ts";
import { CALL_MS, picture as calls, session } from "./api.ts";
import type { Entry } from "./gen/polder/v1/entry_pb.ts";
import { LinkState } from "./gen/polder/v1/node_service_pb.ts";
import { store } from "./kept.ts";
import { shapeOf } from "./map/geometry.ts";
import { OVERSEAS, NETHERLANDS } from "./map/map.ts";
import { pictureAt } from "./past.ts";
import { type Item } from "./picture.ts";
import { issued, type Issue } from "./issue.ts";
import { edition, holding, withdrawal } from "./requests.ts";
import type { Actions, Filter, Shown, Theme } from "./state.ts";
import { TABS } from "./team/door.ts";
import { Upgrade, placeBefore } from "./upgrade.ts";
import { millis } from "./wire.ts";
import { language, type Lang } from "./words/index.ts";

import { Core, PAGE } from "./core.ts";

export class App extends Core implements Actions {
  protected readonly upgrade = new Upgrade(__BUILD__, {
    busy: () => this.busy(),
    place: () => ({ incident: this.name, tab: this.team.tab, selected: this.selected }),
    draw: () => this.draw(),
    reload: () => location.reload(),
  });

  protected actions(): Actions {
    return this;
  }

  /** After the page was drawn: the map follows. */
  protected drawn(): void {
    const { draft, form, first } = this.desk;
    const said = form ? undefined : first ? draft.choice : draft.line ? this.understood() : undefined;
    const where = form ? (typeof form.where === "object" ? form.where : undefined) : (said?.drawn ?? said?.position);
    // Of the past it is not known who was cut off.
    const cut = this.pastState?.items ? [] : (this.links?.rows ?? []).filter((link) => link.state === LinkState.CUT_OFF);
    this.ground.follow({
      list: this.derived.list,
      language: this.words,
      nowMs: this.pastState?.items ? this.pastState.shownMs : this.clock.now(),
      dark: this.isDark(),
      incident: this.picture.incident,
      whole: this.picture.whole,
      where,
      picking: draft.picking,
      cut: cut.map((link) => link.party || link.displayName),
    });
    const reads = this.name && (this.picture.whole || this.pastState?.items) && !this.gate.closed;
    this.team.follow(reads ? { incident: this.name, atMs: this.pastState?.items ? this.pastState.shownMs : undefined, change: this.derived } : undefined);
    document.documentElement.classList.toggle("wall", this.wallScreen && this.filters.view === "nation" && !this.gate.closed);
  }

  protected isDark(): boolean {
    return this.scheme === "dark" || (this.scheme === "system" && this.systemDark);
  }

  protected dress(): void {
    const root = document.documentElement;
    root.lang = this.words.lang;
    root.dataset["theme"] = this.isDark() ? "dark" : "light";
    this.ground.map?.paint(this.isDark());
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
    this.deciding = this.withdrawing = this.releases.now = this.issue = undefined;
    if (this.takeBacks.now?.name !== name) this.takeBacks.now = undefined;
    this.versions = name ? { name, rows: undefined, failed: false } : undefined;
    this.ground.select(name, from === "list");
    if (name) void this.fetchVersions(name);
    if (name && from === "map") {
      const place = this.derived.list.findIndex((one) => one.name === name);
      if (place >= this.shown) this.shown = place + 10;
      this.afterDrawn(() => {
        const line = document.querySelector(`[data-entry="${CSS.escape(name)}"]`);
        line?.scrollIntoView({ block: "nearest" });
      });
    }
    this.draw();
  }

  protected async fetchVersions(name: string): Promise<void> {
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
    const before = this.filters.view;
    this.filters = { ...this.filters, ...change };
    const { view } = this.filters;
    // The country beside the regions; and what it is about beside the list.
    if (view === "nation" && before !== view) this.ground.map?.show(NETHERLANDS);
    if (view !== "nation" && before === "nation") this.go("incident");
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

  signOut(): void {
    void this.gate.signOut();
  }

  /** To where somebody was before the page loaded itself anew. */
  protected goBack(): void {
    const before = placeBefore(this.name);
    this.sought = before?.selected;
    const tab = TABS.find((one) => one === before?.tab);
    if (tab) this.team.open(tab);
  }

  /** Something is open that a reload would lose. */
  private busy(): boolean {
    const open = [this.office.tab, this.pastState, this.desk.form, this.desk.first, this.takeBacks.now, this.issue, this.withdrawing, this.deciding, this.releases.now];
    return open.some((one) => one !== undefined) || this.team.writes;
  }

  loadAnew(): void {
    this.upgrade.load();
  }

  since(atMs: number): void {
    this.sinceState = { atMs, rows: undefined, failed: false };
    this.draw();
    const { name } = this;
    pictureAt(name, atMs).then(({ items }) => {
      if (this.sinceState?.atMs !== atMs || this.name !== name) return;
      this.sinceState = { atMs, rows: differences(items, this.picture.items), failed: false };
      this.draw();
    }, () => {
      if (this.sinceState?.atMs === atMs) this.sinceState = { atMs, rows: undefined, failed: true };
      this.draw();
    });
  }

  validToo(on: boolean): void {
    if (!this.pastState) return;
    this.pastState = { ...this.pastState, validToo: on };
    this.past(this.pastState.atMs);
  }

  nation(): void {
    const there = this.filters.view === "nation" && !this.office.tab && !this.team.tab;
    this.office.close();
    this.team.close();
    this.filter({ view: there ? "all" : "nation" });
  }

  wall(on: boolean): void {
    this.wallScreen = on;
    store("wall", on ? "on" : "off");
    this.draw();
  }

  panel(on: boolean): void {
    this.paned = on;
    this.draw();
  }

  protected playOn(): boolean {
    const begin = millis(this.picture.incident?.createTime) ?? this.clock.now() - 3_600_000;
    const from = this.pastState?.atMs ?? begin;
    // What is still being fetched is waited for, or the frames would never be seen.
    if (this.pastState && this.pastState.shownMs !== this.pastState.atMs && !this.pastState.failed) return true;
    const to = from + (this.pastState ? this.replay.step : 0);
    const more = to < this.clock.now();
    this.past(more ? to : undefined);
    return more;
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
    this.outbox.putRetraction(request, this.name, session.person).then(
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
    this.outbox.put(request, this.name, entry, session.person).then(
      () => this.outbox.flush(),
      () => this.draft({ problem: this.words.t.notKept }),
    );
  }

  look(name: string): void {
    this.office.close();
    this.toList();
    const incident = name.split("/").slice(0, 2).join("/");
    if (incident === this.name) return this.showOnMap(name);
    // In another incident: once its picture is here.
    this.open(incident);
    this.sought = name;
  }

  /** Chooses it; and again once the map is there: hidden, it has no size to show anything in. */
  protected showOnMap(name: string): void {
    this.choose(name, "list");
    this.afterDrawn(() => {
      this.ground.map?.resize();
      this.ground.select(name, true);
    });
  }

  /** Gives what is chosen to others, and shows what came of it. */
  release(): void {
    void this.releases.send(this.words.lang).then((name) => name && this.choose(name, "list"));
  }

  issueBegin(name: string): void {
    this.issue = { name, corrects: "", unchecked: "", busy: false, notKept: false };
    this.draw();
  }

  issueChange(change: Partial<Pick<Issue, "corrects" | "unchecked">>): void {
    if (this.issue && !this.issue.busy) this.issue = { ...this.issue, ...change };
    this.draw();
  }

  issueEnd(): void {
    this.issue = undefined;
    this.draw();
  }

  issueSend(): void {
    void this.sendIssue();
  }

  /** Keeps it first, as all that is said; what the node has against it is put right in the form. */
  private async sendIssue(): Promise<void> {
    const { issue } = this;
    const item = issue && this.picture.items.get(issue.name);
    const corrected = issue?.corrects ? this.picture.items.get(issue.corrects) : undefined;
    if (!issue || issue.busy || !item || (issue.corrects && !corrected)) return;
    const out = issued(item, corrected, issue.unchecked);
    if (!out) return;
    this.issue = { ...issue, busy: true, notKept: false };
    this.draw();
    const request = edition(out.entry, out.replaces, this.picture.incident?.mode ?? 0, out.audience);
    const { person } = session;
    const still = (): boolean => this.issue?.name === issue.name && session.person === person;
    try {
      await this.outbox.put(request, this.name, out.entry, person);
    } catch {
      if (still()) this.issue = { ...issue, notKept: true };
      return this.draw();
    }
    await this.outbox.flush();
    if (!still()) return;
    this.issueEnd();
    if (this.outbox.waiting.some((one) => one.id === request.requestId && one.refusal)) this.correct(request.requestId);
    else if (corrected) this.choose(corrected.name, "list");
  }

  /** In the list, where the form is. */
  override correct(id: string): void {
    this.toList();
    super.correct(id);
  }

  override write(base: Entry, audience: string, help: string, free = false): void {
    this.toList();
    super.write(base, audience, help, free);
  }

  private toList(): void {
    this.team.close();
    if (this.filters.view === "nation") this.filter({ view: "all" });
  }

  retry(id: string): void {
    void this.outbox.retry(id);
  }

  discard(id: string): void {
    void this.outbox.discard(id);
  }

  zoom(by: number): void {
    this.ground.map?.zoom(by);
  }

  center(): void {
    const [longitude, latitude] = this.ground.map?.center() ?? [0, 0];
    this.place({ longitude, latitude });
  }

  past(atMs: number | undefined): void {
    clearTimeout(this.pastTimer);
    if (atMs === undefined) {
      this.pastState = undefined;
      this.replay.stop();
      this.stale = true;
      this.draw();
      return;
    }
    this.pastState = { shownMs: atMs, items: undefined, incident: undefined, validToo: false, ...this.pastState, atMs, failed: false };
    this.draw();
    this.pastTimer = setTimeout(() => void this.fetchPast(atMs), 200);
  }

  private async fetchPast(atMs: number): Promise<void> {
    const validToo = this.pastState?.validToo ?? false;
    const found = await pictureAt(this.name, atMs, validToo).catch(() => undefined);
    if (this.pastState?.atMs !== atMs || this.pastState.validToo !== validToo) return;
    if (found) this.pastState = { atMs, shownMs: atMs, ...found, validToo, failed: false };
    else this.pastState = { ...this.pastState, failed: true };
    if (this.selected && !this.items().has(this.selected)) this.choose(undefined, "list");
    this.stale = true;
    this.draw();
  }

  go(where: string): void {
    const overseas = OVERSEAS.find(([name]) => name === where);
    if (overseas) this.ground.map?.show(overseas[1]);
    else if (where === "netherlands") this.ground.map?.show(NETHERLANDS);
    else this.ground.showAll(shapeOf(this.picture.incident?.area));
  }
}
