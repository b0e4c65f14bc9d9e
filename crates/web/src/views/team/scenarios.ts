// Scenarios of one subject side by side, by the criteria of the six interests of the national risk
// assessment. A score stands for itself: nothing is added up or averaged.
import { html, nothing, type TemplateResult } from "lit";
import { party } from "../../figures.ts";
import { AssumptionState, type ComparedCriterion, type ComparedScenario, type ScenarioComparison } from "../../gen/polder/v1/impact_service_pb.ts";
import type { Scenario } from "../../gen/polder/v1/scenario_pb.ts";
import { heading, isStale, text } from "../../show.ts";
import type { Actions, Shown } from "../../state.ts";
import type { Room } from "../../team/room.ts";
import { millis } from "../../wire.ts";
import { basisWords, named, team } from "../../words/team.ts";
import { assumptionWords, interestWords } from "../../words/watch.ts";
import { current, leftOut } from "./frame.ts";

export function scenariosPage(room: Room, shown: Shown, actions: Actions): TemplateResult {
  const told = room.watch.scenarios.value;
  const { lang } = shown.language;
  return html`${current(room.watch.scenarios, shown)}
    ${told?.comparisons.length === 0 ? html`<p>${team(lang, "noScenarios")}</p>` : nothing}
    ${(told?.comparisons ?? []).map((one, at) => comparison(one, at, shown, actions))}
    ${leftOut(told?.comparisonsLeftOut ?? 0, "comparisonsMore", shown)}`;
}

function bodyOf(one: ComparedScenario): Scenario | undefined {
  return one.entry?.body.case === "scenario" ? one.entry.body.value : undefined;
}

function comparison(one: ScenarioComparison, at: number, shown: Shown, actions: Actions): TemplateResult {
  const { lang } = shown.language;
  return html`<section class="gaps scenarios" aria-labelledby="scenario-${at}" data-subject=${one.subject}><h2 id="scenario-${at}">${one.subject}</h2>
    <ol class="columns-of">${one.scenarios.map((scenario) => html`<li>${column(scenario, shown, actions)}</li>`)}</ol>
    ${leftOut(one.scenariosLeftOut, "scenariosMore", shown)}
    ${one.likelihoodDiffers ? html`<p><b class="badge waits">${team(lang, "likelihoodDiffers")}</b></p>` : nothing}
    ${one.criteria.length > 0 ? table(one, shown) : nothing}
    ${one.scenarios.some((scenario) => scenario.assumptions.length > 0) ? assumed(one, shown, actions) : nothing}</section>`;
}

/** What a scenario is: sort, how likely, until when, by whom, what it expects. */
function column(one: ComparedScenario, shown: Shown, actions: Actions): TemplateResult {
  const { language, nowMs } = shown;
  const { lang, names, t, moment, number } = language;
  const { entry } = one;
  const body = bodyOf(one);
  if (!entry || !body) return html`<b class="badge">${team(lang, "scenarioGone")}</b>`;
  const end = millis(body.horizonEnd);
  const facts = [
    names.scenario[body.type], names.likelihood[body.likelihood], end === undefined ? "" : `${team(lang, "scenarioUntil")} ${moment(end, nowMs)}`,
    `${team(lang, "scenarioBy")} ${body.drawnUpBy || party(entry.party)}`,
  ].filter(Boolean);
  const { title } = text(entry, lang);
  return html`<button type="button" class="text" data-look=${entry.name} @click=${() => actions.look(entry.name)}>${facts.join(", ")}</button>
    ${one.disputed ? html`<b class="badge refused">${team(lang, "contradiction")}</b>` : nothing}
    ${isStale(entry, nowMs) ? html`<b class="badge stale">◷ ${t.stale}</b>` : nothing}
    ${title ? html`<span class="block">${title}</span>` : nothing}
    ${body.figures.map((figure) => html`<span class="block aside">${team(lang, "scenarioExpects")} ${number(Number(figure.count?.value ?? 0n))} ${figure.label}${figure.count?.basis ? ` (${named(lang, basisWords, figure.count.basis)})` : ""}</span>`)}`;
}

/** By interest, in the order in which the node tells them. */
function interests(rows: readonly ComparedCriterion[], shown: Shown): Map<number, ComparedCriterion[]> {
  const found = new Map<number, ComparedCriterion[]>();
  for (const row of rows) {
    const interest = Number((shown.language.names.criterion[row.criterion] ?? "0")[0]);
    found.set(interest, [...(found.get(interest) ?? []), row]);
  }
  return found;
}

function table(one: ScenarioComparison, shown: Shown): TemplateResult {
  const { lang, names } = shown.language;
  const wide = one.scenarios.length + 1;
  const cell = (level: number): TemplateResult => {
    const [sign = "", words = ""] = (names.level[level] ?? "").split(": ");
    return html`<td class="level level-${level}">${sign ? html`<span title=${words}>${sign}</span>` : html`<span aria-label=${team(lang, "notScored")}>·</span>`}</td>`;
  };
  return html`<p class="quiet">${team(lang, "levelHelp")}</p>
    <div class="wide" tabindex="0" role="region" aria-label="${team(lang, "criterionHead")}: ${one.subject}"><table class="sheet scores">
    <thead><tr><th scope="col">${team(lang, "criterionHead")}</th>${one.scenarios.map((scenario, at) => html`<th scope="col">${at + 1}<span class="block">${names.scenario[bodyOf(scenario)?.type ?? 0] ?? ""}</span></th>`)}</tr></thead>
    ${[...interests(one.criteria, shown)].map(([interest, rows]) => html`<tbody><tr><th class="interest" scope="rowgroup" colspan=${wide}>${interest} ${named(lang, interestWords, interest)}</th></tr>
      ${rows.map((row) => html`<tr><th scope="row">${names.criterion[row.criterion] ?? "?"} ${row.differs ? html`<b class="badge waits">${team(lang, "scoresDiffer")}</b>` : nothing}</th>${row.levels.map(cell)}</tr>`)}</tbody>`)}
    <tfoot><tr><th scope="row">${team(lang, "highestScore")}</th>${one.scenarios.map((scenario) => cell(scenario.highest))}</tr></tfoot></table></div>`;
}

function assumed(one: ScenarioComparison, shown: Shown, actions: Actions): TemplateResult {
  const { lang, names } = shown.language;
  const look = (state: AssumptionState): string => {
    if (state === AssumptionState.STANDS || state === AssumptionState.TEXT_ONLY) return "";
    return state === AssumptionState.REFUTED || state === AssumptionState.WITHDRAWN ? "refused" : "waits";
  };
  const row = (state: AssumptionState, words: string, basis: readonly string[]): TemplateResult => html`<li>${words || team(lang, "assumptionCites")}
    <b class="badge ${look(state)}">${named(lang, assumptionWords, state)}</b>
    ${basis.map((name) => cited(name.split("/").slice(0, 4).join("/"), shown, actions))}</li>`;
  return html`<section class="part"><h3>${team(lang, "assumptions")}</h3>
    ${one.scenarios.map((scenario, at) => {
      const given = bodyOf(scenario)?.assumptions ?? [];
      if (given.length === 0) return nothing;
      return html`<h4>${team(lang, "scenarioHead")} ${at + 1} ${names.scenario[bodyOf(scenario)?.type ?? 0] ?? ""}</h4>
        <ul class="plain">${given.map((assumption, number) => row(scenario.assumptions[number] ?? 0, assumption.text, assumption.basis))}</ul>`;
    })}</section>`;
}

/** What an assumption cites, when the reader has it. */
function cited(name: string, shown: Shown, actions: Actions): TemplateResult | typeof nothing {
  const entry = shown.items.get(name)?.versions[0];
  return entry ? html` <button type="button" class="text" data-look=${name} @click=${() => actions.look(name)}>${heading(entry, shown.language)}</button>` : nothing;
}
