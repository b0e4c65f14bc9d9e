// How forecasts moved towards what came true, at a glance. The table beside it says the same in words.
import { html, nothing, svg, type TemplateResult } from "lit";
import type { ForecastTrack } from "../../gen/polder/v1/forecast_pb.ts";
import type { Shown } from "../../state.ts";
import { plot, type Bar } from "../../team/chart.ts";
import { team } from "../../words/team.ts";

const [WIDE, HIGH, EDGE] = [180, 84, 8];
/** More do not fit beside each other. */
const MOST = 24;

const up = (value: number): number => HIGH - EDGE - value * (HIGH - 2 * EDGE);
const middle = (bar: Bar): number => up((bar.low + bar.high) / 2);

export function trackChart(track: ForecastTrack, shown: Shown): TemplateResult | typeof nothing {
  const found = plot(track);
  if (!found) return nothing;
  const { lang } = shown.language;
  const [said, came] = [found.forecasts.slice(-MOST), found.outcomes.slice(-MOST)];
  const step = (WIDE - 2 * EDGE) / Math.max(1, said.length + (came.length > 0 ? 1 : 0) - 0.999);
  const across = (at: number): number => EDGE + Math.min(at * step, WIDE - 2 * EDGE);
  const last = across(said.length);
  return html`<div class="chart" aria-hidden="true"><svg viewBox="0 0 ${WIDE} ${HIGH}" width=${WIDE} height=${HIGH}>
      ${came.map((one) => svg`<line class="came" x1=${EDGE} x2=${last} y1=${middle(one)} y2=${middle(one)} />`)}
      <polyline class="path" points=${said.map((one, at) => `${across(at).toFixed(1)},${middle(one).toFixed(1)}`).join(" ")} />
      ${said.map((one, at) => svg`<line class="range" x1=${across(at)} x2=${across(at)} y1=${up(one.low)} y2=${up(one.high)} /><circle class=${one.old ? "said old" : "said"} cx=${across(at)} cy=${middle(one)} r="4" />`)}
      ${came.map((one) => svg`<path class="true" d="M${last} ${middle(one) - 5}l5 5l-5 5l-5 -5z" />`)}</svg>
    <p class="quiet"><span class="dot"></span> ${team(lang, "forecastFigure").toLowerCase()}${came.length > 0 ? html` <span class="diamond">◆</span> ${team(lang, "forecastCame").replace(":", "")}` : nothing}</p></div>`;
}
