// Every link: how it stands, what is behind in each lane and in bytes, what may travel, why it fails.
import { html, nothing, type TemplateResult } from "lit";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { LinkState, type LaneBehind, type Link } from "../../gen/polder/v1/node_service_pb.ts";
import { party } from "../../figures.ts";
import type { Actions, Shown } from "../../state.ts";
import { millis } from "../../wire.ts";
import { laneWords, office, problemsNl } from "../../words/office.ts";
import { bytes } from "./frame.ts";

const OFFSET_MS = 2_000;
const LANES_ALL = 3;

export function linksPage(shown: Shown, _actions: Actions): TemplateResult {
  const { links, language } = shown;
  const { t, lang } = language;
  if (!links) return html`<p class="quiet">${office(lang, "fetching")}</p>`;
  const rows = [...links.rows].sort((a, b) => rank(a) - rank(b) || named(a).localeCompare(named(b)));
  const cut = rows.filter((link) => link.state === LinkState.CUT_OFF).length;
  return html`${links.failed ? html`<p class="warn">${t.linksUnknown} (${t.lastWord} ${language.clock(links.at)})</p>` : nothing}
    ${rows.length === 0 ? html`<p class="quiet">${t.noLinks}</p>` : html`
    <p role="status">${cut === 0 ? office(lang, "noneCutOff") : html`<b class="bad">${cut} ${cut === 1 ? t.cutOffOne : t.cutOffCount}</b>`}</p>
    <div class="wide" tabindex="0" role="region" aria-label=${office(lang, "links")}><table class="sheet">
      <thead><tr>${[office(lang, "node"), office(lang, "state"), t.since, office(lang, "heard"), t.missingHere, t.missingThere, office(lang, "catchUp"), office(lang, "roundTrip")]
        .map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
      ${rows.map((link) => row(link, rows, shown))}</table></div>`}
    ${links.earlier > 0 ? html`<p class="quiet">${office(lang, "earlierToCome")}: ${language.number(links.earlier)}</p>` : nothing}`;
}

function rank(link: Link): number {
  return link.state === LinkState.CUT_OFF ? 0 : link.problem ? 1 : link.state === LinkState.INDIRECT ? 2 : 3;
}

function named(link: Link): string {
  return link.displayName || party(link.party) || link.address || party(link.node).slice(0, 8);
}

function row(link: Link, all: readonly Link[], shown: Shown): TemplateResult {
  const { language, links } = shown;
  const { t, lang, age, number } = language;
  const now = links?.nodeMs ?? 0;
  const [since, heard] = [millis(link.since), millis(link.lastHeard)];
  const connected = link.state === LinkState.CONNECTED;
  const cut = link.state === LinkState.CUT_OFF;
  const through = all.find((one) => one.node === link.through);
  const via = link.through ? (through ? named(through) : party(link.through).slice(0, 8)) : "";
  const state = connected ? `✓ ${t.connected}` : cut ? `✕ ${t.cutOff}` : `↷ ${t.indirect} ${via || t.unknown}`;
  const sum = (of: (lane: LaneBehind) => bigint): number => link.lanes.reduce((all, lane) => all + Number(of(lane)), 0);
  const counted = (count: number, size: number): string => (count === 0 ? "0" : `${number(count)} (${bytes(size, shown)})`);
  const [here, there] = [sum((lane) => lane.recordsToReceive), sum((lane) => lane.recordsToSend)];
  const hereSaid = connected ? counted(here, sum((lane) => lane.bytesToReceive)) : here > 0 ? `${office(lang, "atLeast")} ${counted(here, sum((lane) => lane.bytesToReceive))}` : t.unknown;
  const thereSaid = link.lanes.length > 0 ? counted(there, sum((lane) => lane.bytesToSend)) : t.unknown;
  const catchUp = !connected || !link.catchUp ? t.unknown : duration(link.catchUp) === 0 ? t.inStep : age(duration(link.catchUp));
  const trip = connected && link.roundTrip ? tripTime(link.roundTrip, number) : t.unknown;
  return html`<tbody class=${cut ? "off" : ""}><tr>
      <th scope="row">${named(link)}${link.party && party(link.party) !== named(link) ? html` <span class="aside">${party(link.party)}</span>` : nothing}
        ${link.address ? html`<span class="aside block">${link.address}</span>` : nothing}</th>
      <td><b class=${cut ? "bad" : connected ? "good" : ""}>${state}</b></td>
      <td>${since === undefined ? t.unknown : html`${language.moment(since, now)} <span class="aside">${age(now - since)}</span>`}</td>
      <td>${heard === undefined ? t.never : `${age(now - heard)} ${t.ago}`}</td>
      <td>${hereSaid}</td><td>${thereSaid}</td><td>${catchUp}</td><td>${trip}</td></tr>
    <tr class="notes"><td colspan="8">${notes(link, via, shown).map((note) => html`<p class="warn">${note}</p>`)}
      <details><summary>${office(lang, "perLane")}</summary>${lanes(link, shown)}</details></td></tr></tbody>`;
}

/** What people can act on. */
function notes(link: Link, via: string, shown: Shown): string[] {
  const { lang, age, number } = shown.language;
  const connected = link.state === LinkState.CONNECTED;
  const out: string[] = [];
  if (link.problem && !connected) out.push(problem(link.problem.split(" (os error")[0] ?? "", shown));
  if (link.heldBack) out.push(problem(link.heldBack, shown));
  if (link.state === LinkState.CUT_OFF && via) out.push(`${office(lang, "heardThrough")} ${via}`);
  const offset = link.clockOffset ? duration(link.clockOffset) : 0;
  if (Math.abs(offset) > OFFSET_MS) out.push(`${office(lang, "clockIs")} ${age(Math.abs(offset))} ${office(lang, offset > 0 ? "ahead" : "behind")}`);
  const urgent = Number(link.lanes[0]?.recordsToSend ?? 0n);
  if (!connected && urgent > 0) out.push(`${number(urgent)} ${office(lang, "urgentMissing")}`);
  return out;
}

function problem(said: string, shown: Shown): string {
  if (shown.language.lang !== "nl") return said;
  const [known, dutch] = problemsNl.find(([part]) => said.includes(part)) ?? ["", ""];
  return known ? said.replace(known, dutch) : said;
}

function lanes(link: Link, shown: Shown): TemplateResult {
  const { language } = shown;
  const { t, lang, number } = language;
  const name = (lane: number): string => laneWords[lane]?.[lang === "nl" ? 0 : 1] ?? "?";
  const rate = (perSecond: bigint): string => (perSecond > 0n ? `${bytes(perSecond, shown)}/s` : t.unknown);
  const now = link.lanesNow.length === 0 || link.lanesNow.length === LANES_ALL ? office(lang, "all") : link.lanesNow.map(name).join(", ");
  return html`<table class="sheet small"><thead><tr>${[office(lang, "lane"), t.missingHere, t.missingThere].map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
    <tbody>${link.lanes.map((one) => html`<tr><th scope="row">${name(one.lane)}</th>
      <td>${number(Number(one.recordsToReceive))} (${bytes(one.bytesToReceive, shown)})</td>
      <td>${number(Number(one.recordsToSend))} (${bytes(one.bytesToSend, shown)})</td></tr>`)}</tbody></table>
    <p>${office(lang, "sent")} ${bytes(link.bytesSent, shown)} · ${office(lang, "got")} ${bytes(link.bytesReceived, shown)}
      · ${office(lang, "rate")} ↑ ${rate(link.sendRate)} ↓ ${rate(link.receiveRate)}
      ${link.address ? html`· ${office(lang, "lanesNow")}: ${now}` : nothing}
      ${link.budgetBytesPerDay > 0n ? html`· ${office(lang, "today")} ${bytes(link.bytesToday, shown)} ${t.of} ${bytes(link.budgetBytesPerDay, shown)}` : nothing}</p>`;
}

function duration({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}

function tripTime(time: Duration, number: (value: number) => string): string {
  const ms = duration(time);
  return ms < 1 ? `${Math.round(ms * 1000)} µs` : ms < 1000 ? `${number(Math.round(ms * 10) / 10)} ms` : `${number(ms / 1000)} s`;
}
