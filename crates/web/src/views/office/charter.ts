// What the charter says: who is who, who may hold what, and who signs.
import { html, nothing, type TemplateResult } from "lit";
import type { CharterChange, DisplayName, PlanLevel, Power } from "../../gen/polder/v1/charter_pb.ts";
import { party } from "../../figures.ts";
import { hex, keyId, type CharterRead } from "../../office/charter.ts";
import type { Actions, Shown } from "../../state.ts";
import { millis } from "../../wire.ts";
import { office, type OfficeWord } from "../../words/office.ts";

type Change = CharterChange["change"];
type Of<Case extends Change["case"]> = Extract<Change, { case: Case }>["value"];

export function charterPage(shown: Shown, actions: Actions): TemplateResult {
  const { lang } = shown.language;
  const { charter, noCharter } = actions.office;
  if (noCharter) return html`<p>${office(lang, "noCharter")}</p>`;
  if (!charter) return html`<p class="quiet">${office(lang, "fetching")}</p>`;
  return html`<p><b>${charter.founding?.displayName}</b> <span class="aside">${charter.id}</span></p>
    <p class="quiet">${office(lang, "charterHelp")}</p>
    <div class="sections">${keys(charter, shown)}
    ${section("parties", all(charter, "party").map((one) => [party(one.name), [titled(one.displayNames, lang), shown.language.names.discipline[one.discipline], one.country, one.contact]]), shown)}
    ${section("audiences", all(charter, "audience").map((one) => [party(one.name), [titled(one.displayNames, lang), one.parties.map(party).join(", ")]]), shown)}
    ${section("members", all(charter, "membership").map((one) => [party(one.incident), [one.party === "parties/-" ? office(lang, "everyParty") : party(one.party)]]), shown)}
    ${section("people", all(charter, "role").map((one) => {
      const end = millis(one.expireTime);
      return [one.person, [shown.language.names.role[one.role], party(one.party), party(one.incident), end === undefined ? "" : `${shown.language.t.until} ${shown.language.moment(end, shown.liveMs)}`]];
    }), shown)}
    ${section("plans", all(charter, "plan").map((one) => [party(one.region), one.levels.map((level) => planned(level, shown))]), shown)}
    ${section("planCalls", all(charter, "call").map((one) => [party(one.incident), [`${party(one.region)} GRIP ${one.grip - 1}`]]), shown)}
    ${nodes(charter, shown)}</div>
    ${charter.notCounting > 0 ? html`<p class="quiet">${charter.notCounting} ${office(lang, "notCounting")}</p>` : nothing}
    ${charter.unreadable > 0 ? html`<p class="quiet">${charter.unreadable} ${office(lang, "unreadable")}</p>` : nothing}`;
}

function all<Case extends NonNullable<Change["case"]>>(charter: CharterRead, sort: Case): Of<Case>[] {
  return charter.items.flatMap(({ change: { change } }) => (change.case === sort ? [change.value as Of<Case>] : []));
}

function titled(names: readonly DisplayName[], lang: string): string {
  return (names.find((name) => name.language.startsWith(lang)) ?? names[0])?.text ?? "";
}

/** Whom a level of scaling up brings in, and which teams it calls up. */
function planned(level: PlanLevel, shown: Shown): string {
  const teams = level.teams.map((one) => shown.language.names.team[one.team] ?? "");
  return `GRIP ${level.grip - 1}: ${[level.parties.map(party).join(", "), teams.filter(Boolean).join(", ")].filter(Boolean).join(" · ")}`;
}

function section(head: OfficeWord, rows: [string, (string | undefined)[]][], shown: Shown): TemplateResult | typeof nothing {
  if (rows.length === 0) return nothing;
  const sorted = rows.sort(([a], [b]) => a.localeCompare(b));
  return html`<section aria-labelledby="charter-${head}"><h3 id="charter-${head}">${office(shown.language.lang, head)} (${rows.length})</h3>
    <ul class="plain">${sorted.map(([name, facts]) => html`<li><b>${name}</b> <span>${facts.filter(Boolean).join(" · ")}</span></li>`)}</ul></section>`;
}

function keys(charter: CharterRead, shown: Shown): TemplateResult {
  const { lang } = shown.language;
  const cuts = new Map(all(charter, "keyCut").map((one) => [hex(one.key), one]));
  const row = (publicKey: Uint8Array, name: string, may = ""): TemplateResult => {
    const id = keyId(publicKey);
    const cut = cuts.get(id);
    return html`<li><b>${name}</b> ${may} <code>${id}</code>
      ${cut ? html`<b class="bad">${office(lang, "cutAfter")} ${String(cut.lastSequence)}</b> ${cut.reason}` : nothing}</li>`;
  };
  const anchors = [...(charter.founding?.anchors ?? []), ...all(charter, "anchor")];
  const powers = all(charter, "power");
  return html`<section aria-labelledby="charter-anchors"><h3 id="charter-anchors">${office(lang, "anchors")} (${office(lang, "needed")} ${charter.founding?.anchorsNeeded ?? "?"})</h3>
    <ul class="plain">${anchors.map((one) => row(one.publicKey, one.displayName))}</ul>
    ${powers.length > 0 ? html`<h3>${office(lang, "powers")}</h3><ul class="plain">${powers.map((one) => row(one.publicKey, one.displayName, may(one, shown)))}</ul>` : nothing}</section>`;
}

function may(power: Power, shown: Shown): string {
  const { lang } = shown.language;
  const incidents = power.incidents.includes("incidents/-") ? office(lang, "all") : power.incidents.map(party).join(", ");
  return [
    power.charter ? office(lang, "everything") : "",
    power.parties.length > 0 ? `${office(lang, "nodesAndRolesOf")} ${power.parties.map(party).join(", ")}` : "",
    power.incidents.length > 0 ? `${office(lang, "membersOf")} ${incidents}` : "",
  ].filter(Boolean).join("; ");
}

function nodes(charter: CharterRead, shown: Shown): TemplateResult | typeof nothing {
  const { lang } = shown.language;
  const cuts = new Map(all(charter, "nodeCut").map((one) => [hex(one.node), one]));
  const rows = all(charter, "node");
  if (rows.length === 0 && cuts.size === 0) return nothing;
  const known = rows.map((one) => ({ id: keyId(one.publicKey), name: one.displayName, parties: one.parties.map(party).join(", ") }));
  for (const id of cuts.keys()) if (!known.some((one) => one.id === id)) known.push({ id, name: "", parties: "" });
  return html`<section aria-labelledby="charter-nodes"><h3 id="charter-nodes">${office(lang, "nodes")} (${known.length})</h3>
    <ul class="plain">${known.map(({ id, name, parties }) => html`<li><b>${name}</b> ${parties} <code>${id}</code>
      ${cuts.has(id) ? html`<b class="bad">${office(lang, "revoked")}</b> ${cuts.get(id)?.reason}` : nothing}</li>`)}</ul></section>`;
}
