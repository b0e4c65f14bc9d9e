import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { EntrySchema } from "../../src/gen/polder/v1/entry_pb.ts";
import { ForecastOutcomeSchema, ForecastSchema, ForecastTrackSchema } from "../../src/gen/polder/v1/forecast_pb.ts";
import { BookContactSchema, TimedWarningSchema, WarningStageSchema } from "../../src/gen/polder/v1/warning_service_pb.ts";
import { plot } from "../../src/team/chart.ts";
import { checked, entryOfVersion, errorOf, figureOf, forWhen, movedBy, needsAttention, newDraft, newLine, saidBy, stageFacts, toldOf, took, trackName, untold, warningMark } from "../../src/team/public.ts";
import { language } from "../../src/words/index.ts";

const [dutch, english] = [language("nl"), language("en")];
const now = new Date(2026, 6, 15, 12, 0).getTime();
const at = (hours: number) => timestampFromMs(now + hours * 3_600_000);

describe("the book", () => {
  const line = create(EntrySchema, { name: "incidents/x/entries/a", version: "f-1", body: { case: "contact", value: { name: "Informatielijn", telephone: "0800-1351", web: "crisis.nl" } } });

  test("says a checked line in the same words, and leaves what it was", () => {
    const said = checked(line);
    expect(said.body.case === "contact" && [said.body.value.checked, said.body.value.telephone]).toEqual([true, "0800-1351"]);
    expect(line.body.case === "contact" && line.body.value.checked).toBe(false);
    expect([said.name, said.version]).toEqual([line.name, line.version]);
  });

  test("tells what people can call, read or go to, in one order", () => {
    expect(toldOf(line)).toEqual(["0800-1351", "crisis.nl"]);
    expect(toldOf(create(EntrySchema, {}))).toEqual([]);
  });

  test("asks for attention where a line is not to be told, or is told otherwise", () => {
    const asks = (more: MessageInitShape<typeof BookContactSchema>): boolean => needsAttention(create(BookContactSchema, more));
    expect([asks({}), asks({ warnings: ["w"] }), asks({ trouble: 5 }), asks({ warnings: ["w"], outdatedWarnings: ["w"] })]).toEqual([false, false, true, true]);
  });

  test("begins a line unchecked and a warning as a draft", () => {
    const [contact, draft] = [newLine("incidents/x"), newDraft("incidents/x", "nl")];
    expect(contact.body.case === "contact" && [contact.body.value.checked, contact.body.value.purpose]).toEqual([false, 1]);
    expect(draft.body.case === "warning" && draft.body.value.state).toBe(1);
    for (const one of [contact, draft]) expect(one.name).toMatch(/^incidents\/x\/entries\/[0-9a-f-]{36}$/);
  });
});

describe("a warning", () => {
  test("stands, is over, or is where its last stage left it", () => {
    const mark = (standing: boolean, ...states: number[]): string => warningMark(create(TimedWarningSchema, { standing, stages: states.map((state) => ({ state })) }), dutch).word;
    expect([mark(true, 1, 2), mark(false, 1, 2), mark(false, 1, 2, 3), mark(false, 1), mark(false, 2, 4), mark(false)]).toEqual(["geldt", "voorbij", "voorbij", "opgesteld", "ingetrokken", "?"]);
  });

  test("tells of a stage who spoke, how long after, who drafted it and why nobody checked it", () => {
    const stage = (more: object) => create(WarningStageSchema, { party: "parties/politie", author: "bert", ...more });
    expect(stageFacts(stage({ after: { seconds: 719n }, draftedBy: "anna" }), dutch)).toEqual(["politie", "bert", "12 min later", "opgesteld door anna"]);
    expect(stageFacts(stage({ author: "", uncheckedReason: "alone" }), english)).toEqual(["politie", "nobody checked it: alone"]);
    expect([took(stage({}), dutch), took(stage({ after: { seconds: 20n } }), dutch), took(stage({ after: { seconds: -90n } }), dutch), took(stage({ after: { seconds: 7_500n } }), english)])
      .toEqual(["", "0 min later", "0 min later", "2 h 5 min later"]);
  });
});

describe("a forecast", () => {
  const track = (aspect: string, more: object = {}) => create(ForecastTrackSchema, { aspect, ...more });
  const water = track("water_level.discharge_m3_s");
  const peak = track("water_level.peak_time", { ofTime: true });

  test("is named with its unit or service, and never with a name of the contract or a period", () => {
    const names = [["water_level.discharge_m3_s", "afvoer (m³/s)"], ["outage.customers", "getroffen aansluitingen (stroom)", "VITAL_SERVICE_POWER"], ["water_level.level_m", "waterstand (m NAP)", "NAP"],
      ["casualties.figures", "slachtoffers", "CASUALTY_CATEGORY_INJURED"], ["weather.precipitation_mm", "neerslag", "1626100000-1626200000"], ["measurement.readings", "meetwaarde (ammoniak)", "ammoniak"], ["of.a_newer_node", "of.a_newer_node"]] as const;
    for (const [aspect, name, detail = ""] of names) expect(trackName(track(aspect, { detail }), dutch)).toBe(name);
  });

  test("says its figure, for when it is and how far it moved, as the command line does", () => {
    const one = (more: MessageInitShape<typeof ForecastSchema>) => create(ForecastSchema, more);
    expect(figureOf(one({ figure: { low: 3350, high: 3350 } }).figure, water, dutch, now)).toBe("3.350");
    expect(figureOf(one({ figure: { low: 0.8, high: 5 } }).figure, water, english, now)).toBe("0.8–5");
    expect(figureOf(one({ figure: { lowTime: at(1), highTime: at(3) } }).figure, peak, dutch, now)).toBe("13:00 – 15:00");
    expect([forWhen(one({ from: at(6) }), dutch, now), forWhen(one({ from: at(1), until: at(2) }), english, now), forWhen(one({}), dutch, now)]).toEqual(["voor 18:00", "for 13:00 – 14:00", ""]);
    expect([movedBy(one({}), water, dutch), movedBy(one({ moved: 1850 }), water, dutch), movedBy(one({ moved: -0.10000001 }), water, english), movedBy(one({ moved: 0 }), water, dutch)])
      .toEqual(["", "1.850 hoger dan ervoor", "0.1 lower than before", "zoals ervoor"]);
    expect([movedBy(one({ moved: -64_800 }), peak, dutch), movedBy(one({ moved: 35_100 }), peak, english)]).toEqual(["18 u eerder dan ervoor", "9 h 45 min later than before"]);
  });

  test("says how far it was from what came true, or why nobody knows yet", () => {
    const error = (value: number, of = water, words = dutch): string => errorOf(create(ForecastOutcomeSchema, { error: value }), of, words);
    expect([error(90), error(-50), error(0), error(10_800, peak), error(-600, peak, english)]).toEqual(["90 te hoog", "50 te laag", "zoals verwacht", "3 u te laat", "10 min too early"]);
    expect([untold(water, dutch), untold(track("outage.customers"), english)]).toEqual(["er is geen hoogste punt gemeld", "nobody has said what came of it"]);
    const source = create(ForecastSchema, { source: { version: "incidents/x/entries/a/versions/f-1", party: "parties/knmi", recordedTime: at(-1) } }).source;
    expect([saidBy(source, dutch, now), saidBy(undefined, dutch, now), entryOfVersion(source!.version)]).toEqual(["11:00 knmi", "", "incidents/x/entries/a"]);
  });

  test("is drawn between the lowest and the highest, and what came true once", () => {
    const came = (version: string, low: number) => ({ source: { version }, figure: { low, high: low } });
    const drawn = plot(track("x", { forecasts: [
      { figure: { low: 1500, high: 1500 }, replaced: true, outcomes: [came("v", 2500)] }, { figure: { low: 3000, high: 3500 }, outcomes: [came("v", 2500), came("w", 3500)] },
    ] }))!;
    expect(drawn.forecasts).toEqual([{ low: 0, high: 0, old: true }, { low: 0.75, high: 1, old: false }]);
    expect(drawn.outcomes.map((one) => one.low)).toEqual([0.5, 1]);
    expect(plot(track("x", { forecasts: [{ figure: { low: 1, high: 2 } }] }))).toBeUndefined();
    expect(plot(track("x", { forecasts: [{ figure: { low: 7, high: 7 } }, { figure: { low: 7, high: 7 } }] }))!.forecasts[0]).toEqual({ low: 0.5, high: 0.5, old: false });
    expect(plot(track("x"))).toBeUndefined();
  });
});
