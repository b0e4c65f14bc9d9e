// How the node does: engine, room on the disk, reserve, attachments, feeds; and a walk over all of it.
import { html, nothing, type TemplateResult } from "lit";
import { Lane } from "../../gen/polder/v1/entry_pb.ts";
import { Health, type FeedStatus } from "../../gen/polder/v1/node_service_pb.ts";
import { party } from "../../figures.ts";
import { hex } from "../../office/charter.ts";
import type { Office } from "../../office/office.ts";
import { may } from "../../rights.ts";
import type { Actions, Shown } from "../../state.ts";
import { millis } from "../../wire.ts";
import { laneWords, office } from "../../words/office.ts";
import { bytes } from "./frame.ts";

const FEEDS = 100;
const LANES = [Lane.URGENT, Lane.ROUTINE, Lane.BULK];

export function storePage(shown: Shown, actions: Actions): TemplateResult {
  const { language } = shown;
  const { t, lang, number, age } = language;
  const { status } = actions.office;
  if (!status) return html`<p class="quiet">${office(lang, "fetching")}</p>`;
  const store = status.store;
  const lane = (one: Lane): string => laneWords[one]?.[lang === "nl" ? 0 : 1] ?? "?";
  const refused = LANES.filter((one) => !store?.accepting.includes(one));
  const started = millis(status.startTime);
  const [free, size] = [Number(store?.diskFreeBytes ?? 0n), Number(store?.diskSizeBytes ?? 0n)];
  const health = { [Health.OK]: office(lang, "sound"), [Health.DEGRADED]: office(lang, "limited"), [Health.FAILED]: office(lang, "failed") }[status.health as number] ?? t.unknown;
  const facts: [string, unknown][] = [
    [office(lang, "node"), `${status.displayName} (${status.node})`],
    [office(lang, "party"), party(status.party)],
    [office(lang, "publicKey"), html`<code>${hex(status.publicKey)}</code>`],
    [office(lang, "program"), `polder ${status.programVersion}`],
    [office(lang, "health"), html`<b class=${status.health === Health.OK ? "good" : "bad"}>${health}</b>, ${office(lang, "up")} ${age(Number(status.uptime?.seconds ?? 0n) * 1000)}
      ${started === undefined ? nothing : html`<span class="aside">${t.since} ${language.moment(started, shown.liveMs)}</span>`}`],
    [office(lang, "position"), `${number(Number(status.lsn))} · ${number(Number(status.recordCount))} ${office(lang, "records")} · ${number(Number(status.entryCount))} ${t.entries} · ${number(Number(status.incidentCount))} ${t.incidents.toLowerCase()} · ${number(status.subscriberCount)} ${office(lang, "subscribers")}`],
    [office(lang, "leftOut"), status.coveredRecordCount > 0n ? number(Number(status.coveredRecordCount)) : ""],
    [office(lang, "engine"), store?.engine],
    [office(lang, "size"), bytes(store?.sizeBytes ?? 0n, shown)],
    [office(lang, "attachments"), bytes(store?.attachmentBytes ?? 0n, shown)],
    [office(lang, "diskFree"), size > 0 ? html`${bytes(free, shown)} ${t.of} ${bytes(size, shown)}
      <meter min="0" max=${size} low=${size * 0.1} value=${free} aria-label=${office(lang, "diskFree")}></meter>` : bytes(free, shown)],
    [office(lang, "reserve"), html`${office(lang, "accepts")} ${LANES.filter((one) => store?.accepting.includes(one)).map(lane).join(", ") || "–"}
      ${refused.length > 0 ? html`<b class="bad">${office(lang, "refuses")} ${refused.map(lane).join(", ")}</b>` : nothing}`],
  ];
  return html`${status.problems.map((problem) => html`<p class="warn" role="alert">${problem}</p>`)}
    <dl class="facts-list">${facts.filter(([, value]) => value).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
    ${may(shown.caller, "administer") ? verify(actions.office, shown) : nothing}
    <h3>${office(lang, "feeds")} (${number(status.feeds.length + Number(status.feedsLeftOut))})</h3>
    <ul class="plain">${status.feeds.slice(0, FEEDS).map((feed) => feedRow(feed, lane(feed.lane), shown))}</ul>
    ${status.feeds.length > FEEDS || status.feedsLeftOut > 0n ? html`<p class="quiet">${number(Math.max(0, status.feeds.length - FEEDS) + Number(status.feedsLeftOut))} ${office(lang, "moreFeeds")}</p>` : nothing}`;
}

function feedRow(feed: FeedStatus, lane: string, shown: Shown): TemplateResult {
  const { lang, number } = shown.language;
  return html`<li>${party(feed.incident)} <b>${lane}</b> ${number(Number(feed.sequence))} <code>${feed.feed}</code>
    ${feed.forked ? html`<b class="bad">${office(lang, "forked")}</b>` : nothing}
    ${feed.branchOf ? html`${office(lang, "branchOf")} <code>${feed.branchOf}</code>` : nothing}</li>`;
}

function verify(pages: Office, shown: Shown): TemplateResult {
  const { lang, number } = shown.language;
  const { checking } = pages;
  const bad = checking?.verdict?.badRecord;
  return html`<p class="pair wrap"><button type="button" ?disabled=${checking !== undefined && !checking.verdict} @click=${() => void pages.verify()}>${office(lang, "verify")}</button>
    ${checking && !checking.verdict ? html`<span role="status">${number(checking.done)} / ${number(checking.total)} ${office(lang, "verifying")}</span>` : nothing}
    ${checking?.verdict?.sound ? html`<b class="good" role="status">✓ ${office(lang, "soundLog")} (${number(checking.done)})</b>` : nothing}
    ${checking?.verdict && !checking.verdict.sound ? html`<b class="bad" role="alert">${office(lang, "badRecord")}: ${bad?.feed} ${String(bad?.sequence ?? "")}: ${bad?.problem}</b>` : nothing}</p>`;
}
