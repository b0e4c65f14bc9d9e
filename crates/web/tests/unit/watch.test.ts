// What is watched beside the picture: the parts that need no node.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { EntrySchema } from "../../src/gen/polder/v1/entry_pb.ts";
import { ReportGroupSchema } from "../../src/gen/polder/v1/report_service_pb.ts";
import { SignalSchema } from "../../src/gen/polder/v1/signal_service_pb.ts";
import { ThresholdSchema } from "../../src/gen/polder/v1/threshold_pb.ts";
import { CITED_MAX, citedOf, howFar, promotedFrom, repairIf, watchLine, watched, whatIf } from "../../src/team/watch.ts";
import { commonOf, entryOfForm, figuresOf } from "../../src/form.ts";
import { language } from "../../src/words/index.ts";

describe("a threshold", () => {
  test("is told with its bounds and units, as on the command line", () => {
    const two = create(ThresholdSchema, { aspect: "water_level.discharge_m3_s", above: 2500, below: 20 });
    expect(watched(two, language("nl"))).toBe("afvoer 2.500 m³/s of meer, dan wel 20 m³/s of minder");
    expect(watched(two, language("en"))).toBe("discharge 2,500 m³/s or more, or 20 m³/s or less");
    expect(watched(create(ThresholdSchema, { aspect: "care_capacity.beds.available", below: 3 }), language("en"))).toBe("free beds 3 or less");
    expect(watched(create(ThresholdSchema, { aspect: "of.a_newer_node", above: 1 }), language("nl"))).toBe("of.a_newer_node 1 of meer");
  });

  test("names the place of the figure, and whose it is", () => {
    const entry = create(EntrySchema, { body: { case: "threshold", value: { aspect: "outage.customers", detail: "power", place: "Horn", above: 500 } } });
    expect(watchLine(entry, "", language("en"))).toBe("Horn: customers without service 500 or more (power) · national");
    if (entry.body.case === "threshold") entry.body.value.region = "parties/limburg-noord";
    expect(watchLine(entry, "Haelen", language("nl"))).toBe("Haelen: getroffen aansluitingen 500 of meer (power) · limburg-noord");
    expect(watchLine(create(EntrySchema, {}), "", language("nl"))).toBe("");
  });

  test("that is passed says by how much and how long; one that is expected says by when", () => {
    const now = new Date(2026, 6, 15, 12, 0).getTime();
    const time = (hours: number) => timestampFromMs(now + hours * 3_600_000);
    const passed = create(SignalSchema, { state: 1, value: 3100.00001, beyond: 600, sinceTime: time(-2) });
    expect(howFar(passed, language("nl"), now)).toBe("gemeld 3.100 · voorbij met 600 · sinds 10:00 · 2 u 0 min");
    const expected = create(SignalSchema, { state: 2, value: 3100, beyond: 600, sinceTime: time(-2), expectedTime: time(3) });
    expect(howFar(expected, language("en"), now)).toBe("told 3,100 · beyond by 600 · expected by 15:00 · forecast since 10:00");
    const over = create(SignalSchema, { state: 3, value: 2000.5, beyond: -499.5, overTime: time(-1) });
    expect(howFar(over, language("en"), now)).toBe("told 2,000.5 · within by 499.5 · no longer since 11:00");
  });
});

describe("a supposition", () => {
  const none = { service: "", facility: "", back: "", place: "", area: "", from: "", until: "" };

  test("names a service with where, or a facility, and nothing of both", () => {
    expect(whatIf({ ...none, service: "1", place: " Horn " })).toMatchObject({ service: 1, place: "Horn", facility: "" });
    const area = whatIf({ ...none, service: "1", place: "Horn", area: "51,2; 5,9; 3" });
    expect([area?.place, area?.area?.shape.case === "circle" && area.area.shape.value.radiusM]).toEqual(["", 3000]);
    expect(whatIf({ ...none, facility: "incidents/x/entries/a", from: "2026-07-15T12:00" })?.startTime).toBeDefined();
    for (const wrong of [none, { ...none, service: "1" }, { ...none, place: "Horn" }, { ...none, service: "1", area: "ergens" }, { ...none, service: "1", place: "Horn", facility: "a" }]) {
      expect(whatIf(wrong), JSON.stringify(wrong)).toBeUndefined();
    }
  });

  test("names what works again, and nothing that fails beside it", () => {
    const back = { ...none, back: "incidents/x/entries/a", from: "2026-07-15T12:00" };
    expect([repairIf(back)?.entry, repairIf(back)?.time !== undefined, whatIf(back)]).toEqual(["incidents/x/entries/a", true, undefined]);
    for (const wrong of [none, { ...back, service: "1", place: "Horn" }, { ...back, facility: "b" }, { ...back, until: "2026-07-15T13:00" }]) {
      expect([repairIf(wrong), whatIf(wrong)], JSON.stringify(wrong)).toEqual([undefined, undefined]);
    }
  });
});

describe("reports that a person promotes", () => {
  const names = Array.from({ length: 70 }, (_, at) => `incidents/x/entries/${at}`);
  const group = create(ReportGroupSchema, {
    name: names[0]!, reports: names, waitingEntryCount: 66, firstTime: timestampFromMs(1_000),
    representative: { name: names[3]!, audience: "audiences/kern", place: "Horn", texts: [{ language: "nl", title: "Water" }],
      assessment: { urgency: 4, verification: { state: 1 } }, body: { case: "citizenReport", value: { category: 2 } } },
  });

  test("are cited, those that wait, as many as one entry can; the rest is said to be left", () => {
    expect([citedOf(group).cited.length, citedOf(group).left]).toEqual([CITED_MAX, 2]);
    const made = promotedFrom(group, "incidents/x")!;
    expect(made.name).toMatch(/^incidents\/x\/entries\/[0-9a-f-]{36}$/);
    expect(new Set(made.relations.map((one) => one.type))).toEqual(new Set([3]));
    expect([made.place, made.texts[0]?.title, made.assessment?.urgency, made.sources[0]?.originalId, made.body.case]).toEqual(["Horn", "Water", 4, names[0], "observation"]);
    expect(promotedFrom(create(ReportGroupSchema, {}), "incidents/x")).toBeUndefined();
  });

  test("stay unverified, until somebody names who checked it", () => {
    const made = promotedFrom(group, "incidents/x")!;
    expect(made.assessment?.verification).toBeUndefined();
    const common = commonOf(made);
    const sent = (change: object) => entryOfForm(made, "observation", { ...common, ...change }, figuresOf(made, "observation")).entry.assessment?.verification;
    expect(sent({})).toBeUndefined();
    expect(sent({ "assessment.verification.verified_by": "wijkagent" })).toMatchObject({ state: 2, verifiedBy: "wijkagent" });
    expect(sent({ "assessment.verification.verified_by": "wijkagent", "assessment.verification.state": "3" })).toMatchObject({ state: 3 });
  });
});
