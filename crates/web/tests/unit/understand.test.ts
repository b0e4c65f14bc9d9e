import { describe, expect, test } from "vitest";
import { Statement } from "../../src/gen/polder/v1/entry_pb.ts";
import { entry, lacking, moment, number, placeIn, understand } from "../../src/understand.ts";
import type { PlaceRow } from "../../src/map/base.ts";

const NOW = new Date(2026, 10, 24, 15, 0, 0).getTime();
const PLACES: PlaceRow[] = [
  ["Rotterdam", 4.479, 51.922, 655000, "NL"],
  ["Den Haag", 4.3, 52.08, 550000, "NL"],
  ["Roermond", 5.987, 51.194, 58000, "NL"],
  ["Ede", 5.66, 52.03, 110000, "NL"],
  ["Haag", 4.1, 52.1, 1000, "NL"],
  ["Well", 6.09, 51.55, 2500, "NL"],
];
const read = (line: string) => understand(line, NOW, PLACES);

describe("a line", () => {
  test.each([
    ["waterstand Borgharen 45,67 m NAP 14:30", "water_level"],
    ["afvoer bij Eijsden 3.260 m3/s", "water_level"],
    ["3 gewonden bij het station", "casualties"],
    ["ongeveer 400 huishoudens zonder stroom in Roermond", "outage"],
    ["stroomuitval Rotterdam", "outage"],
    ["A2 afgesloten bij Meerssen", "closure"],
    ["Evacuatie van 250 mensen gestart", "evacuation"],
    ["hulp gevraagd: 12 boten", "assistance_request"],
    ["bericht: we komen eraan", "message"],
    ["rook boven het bedrijventerrein", "observation"],
    ["water level Lith 5.2 m NAP", "water_level"],
    ["power outage, about 30 homes", "outage"],
  ])("%s is of kind %s", (line, kind) => {
    expect(read(line).kind).toBe(kind);
  });

  test("gives a water level its gauge, figure, datum and time", () => {
    const said = read("waterstand Borgharen 45,67 m NAP 14:30");
    expect([said.name, said.levelM, said.datum]).toEqual(["Borgharen", 45.67, "NAP"]);
    expect(new Date(said.observed ?? 0).getHours()).toBe(14);
    expect(said.title).toBe("waterstand Borgharen 45,67 m NAP");
    const made = entry(said, "incidents/x/entries/y", 6, "nl", NOW);
    expect(made.body.case === "waterLevel" && made.body.value.levelM).toBe(45.67);
    expect(read("waterstand Lobith 1512 cm NAP").levelM).toBe(15.12);
    expect(read("waterstand Hoek van Holland -0,4 m NAP").levelM).toBe(-0.4);
    expect(read("afvoer bij Eijsden 3.260 m3/s").dischargeM3S).toBe(3260);
  });

  test("gives figures with how sure they are, and nothing that is not there", () => {
    const homes = read("ongeveer 1.400 huishoudens zonder stroom in Roermond");
    expect([homes.count, homes.about, homes.place]).toEqual([1400, true, "Roermond"]);
    expect(read("3 gewonden").about).toBe(false);
    expect(read("stroomuitval").count).toBeUndefined();
    expect(read("A2 afgesloten bij Meerssen").count).toBeUndefined();
    expect(read("uitval op de N280").count).toBeUndefined();
    const { body } = entry(read("stroomuitval"), "x", 0, "nl", NOW);
    expect(body.case === "outage" && body.value.customers).toBeUndefined();
  });

  test("finds the place that is meant, and not words that look like one", () => {
    expect(read("brand in Den Haag").place).toBe("Den Haag");
    expect(read("brand in den haag").place).toBe("");
    expect(read("het gaat wel").place).toBe("");
    expect(read("brand in Well").place).toBe("Well");
    expect(placeIn("Rotterdammers klagen", PLACES)).toBeUndefined();
    expect(read("brand 51.9225, 4.4792 kade").position).toEqual({ latitude: 51.9225, longitude: 4.4792 });
    const tower = read("brand RD 120700 487525 Westertoren");
    expect([tower.position?.latitude.toFixed(3), tower.title]).toEqual(["52.375", "brand Westertoren"]);
    expect(read("brand RD 500000 100000").position).toBeUndefined();
    expect(read("brand in Ede").position).toEqual({ latitude: 52.03, longitude: 5.66 });
  });

  test("tells a question, a forecast and a guess from a fact", () => {
    expect(read("is de brug open?").statement).toBe(Statement.QUESTION);
    expect(read("piek verwacht om 18:00").statement).toBe(Statement.FORECAST);
    expect(read("mogelijk een dijkdoorbraak").statement).toBe(Statement.ASSUMPTION);
    expect(read("de dijk houdt").statement).toBe(Statement.FACT);
  });

  test("is urgent only when it says so", () => {
    expect(read("SPOED: mensen op daken")).toMatchObject({ urgent: true, title: "mensen op daken" });
    expect(read("mensen op daken !!")).toMatchObject({ urgent: true, title: "mensen op daken" });
    expect(read("geen spoedeisende zaken").urgent).toBe(false);
  });

  test("cannot be posted without what its kind needs", () => {
    expect(lacking(read(""))).toBe("title");
    expect(lacking(read("waterstand Borgharen stijgt"))).toBe("needFigure");
    expect(lacking(read("gewonden bij het station"))).toBe("needFigure");
    expect(lacking(read("3 gewonden bij het station"))).toBeUndefined();
  });

  test("yields to what the reader chose", () => {
    const said = understand("rook", NOW, PLACES, { kind: "outage", statement: 2, urgent: true, position: { latitude: 1, longitude: 2 } });
    expect(said).toMatchObject({ kind: "outage", statement: 2, urgent: true, position: { latitude: 1 } });
  });
});

test("what was drawn is posted as it was drawn, and a ring is closed", () => {
  const points = [{ latitude: 51, longitude: 5 }, { latitude: 51, longitude: 6 }, { latitude: 52, longitude: 6 }];
  const made = (sort: "line" | "area") =>
    entry(understand("water op de weg in Roermond", NOW, PLACES, { drawn: { sort, points } }), "x", 0, "nl", NOW).geometry?.shape;
  expect(made("line")).toMatchObject({ case: "line", value: { points } });
  expect(made("area")).toMatchObject({ case: "polygon", value: { rings: [{ points: [...points, points[0]] }] } });
});

test("figures are read in both ways of writing", () => {
  expect(["1.234", "1,234", "3,18", "3.18", "1.234.567"].map(number)).toEqual([1234, 1234, 3.18, 3.18, 1234567]);
});

test("a time of day is the last one that there was", () => {
  expect(new Date(moment(14, 30, NOW)).getDate()).toBe(24);
  expect(new Date(moment(15, 5, NOW)).getDate()).toBe(24);
  expect(new Date(moment(23, 30, NOW)).getDate()).toBe(23);
});
