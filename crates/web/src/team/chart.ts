// Where forecasts and what came true of them lie beside each other, between the lowest and the highest.
import type { ForecastFigure, ForecastTrack } from "../gen/polder/v1/forecast_pb.ts";
import { millis } from "../wire.ts";

/** One figure: from 0, the lowest of all, to 1. */
export interface Bar {
  low: number;
  high: number;
  /** It was replaced since. */
  old: boolean;
}

export interface Plot {
  /** In the order in which they were said. */
  forecasts: Bar[];
  /** What came true, each once. */
  outcomes: Bar[];
}

function ends(figure: ForecastFigure | undefined, ofTime: boolean): [number, number] | undefined {
  if (!figure) return undefined;
  const [low, high] = ofTime ? [millis(figure.lowTime), millis(figure.highTime)] : [figure.low, figure.high];
  return low === undefined || high === undefined || !Number.isFinite(low) || !Number.isFinite(high) ? undefined : [low, Math.max(low, high)];
}

/** `undefined`: there is nothing to compare. */
export function plot(track: ForecastTrack): Plot | undefined {
  const said = track.forecasts.flatMap((one) => {
    const found = ends(one.figure, track.ofTime);
    return found ? [{ ends: found, old: one.replaced }] : [];
  });
  const came = new Map(track.forecasts.flatMap((one) => one.outcomes).flatMap((one) => {
    const found = ends(one.figure, track.ofTime);
    return found ? [[one.source?.version ?? "", found] as const] : [];
  }));
  if (said.length === 0 || said.length + came.size < 2) return undefined;
  const all = [...said.map((one) => one.ends), ...came.values()].flat();
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const place = (value: number): number => (most > least ? (value - least) / (most - least) : 0.5);
  const bar = ([low, high]: [number, number], old: boolean): Bar => ({ low: place(low), high: place(high), old });
  return { forecasts: said.map((one) => bar(one.ends, one.old)), outcomes: [...came.values()].map((one) => bar(one, false)) };
}
