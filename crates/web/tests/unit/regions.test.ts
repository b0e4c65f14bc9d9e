import { readFileSync } from "node:fs";
import GeoJSON from "ol/format/GeoJSON.js";
import { expect, test } from "vitest";
import { spot } from "../../src/map/geometry.ts";

const features = new GeoJSON().readFeatures(JSON.parse(readFileSync("public/map/regions.json", "utf8")));
const of = (longitude: number, latitude: number): string[] =>
  features.filter((one) => one.getGeometry()?.intersectsCoordinate([longitude, latitude])).map((one) => String(one.get("name")));

test("each safety region has a shape, and towns near its border lie in the right one and in no other", () => {
  expect(features).toHaveLength(25);
  const towns: [string, number, number, string][] = [
    ["Maastricht", 5.69, 50.85, "Zuid-Limburg"], ["Susteren", 5.86, 51.065, "Limburg-Noord"], ["Sittard", 5.87, 51.0, "Zuid-Limburg"],
    ["Gennep", 5.97, 51.70, "Limburg-Noord"], ["Vianen", 5.09, 51.99, "Utrecht"], ["Leerdam", 5.09, 51.895, "Utrecht"],
    ["Gorinchem", 4.97, 51.835, "Zuid-Holland-Zuid"], ["Werkendam", 4.89, 51.81, "Midden- en West-Brabant"], ["Cuijk", 5.87, 51.73, "Brabant-Noord"],
    ["Deurne", 5.795, 51.46, "Brabant-Zuidoost"], ["Nijverdal", 6.46, 52.365, "Twente"], ["Deventer", 6.16, 52.255, "IJsselland"],
    ["Zutphen", 6.20, 52.14, "Noord- en Oost-Gelderland"], ["Nijmegen", 5.86, 51.84, "Gelderland-Zuid"], ["Arnhem", 5.91, 51.985, "Gelderland-Midden"],
    ["Eemnes", 5.26, 52.25, "Utrecht"], ["Bussum", 5.165, 52.275, "Gooi en Vechtstreek"], ["Baarn", 5.285, 52.21, "Utrecht"], ["Oostzaan", 4.875, 52.44, "Zaanstreek-Waterland"], ["Uithoorn", 4.83, 52.235, "Amsterdam-Amstelland"],
    ["Hoofddorp", 4.69, 52.30, "Kennemerland"], ["Noordwijkerhout", 4.49, 52.26, "Hollands-Midden"], ["Zoetermeer", 4.49, 52.06, "Haaglanden"],
    ["Bleiswijk", 4.53, 52.01, "Rotterdam-Rijnmond"], ["Goes", 3.89, 51.505, "Zeeland"], ["Alkmaar", 4.75, 52.63, "Noord-Holland-Noord"],
    ["Lemmer", 5.71, 52.845, "Fryslân"], ["Emmeloord", 5.75, 52.71, "Flevoland"], ["Meppel", 6.19, 52.695, "Drenthe"], ["Ter Apel", 7.06, 52.875, "Groningen"],
  ];
  for (const [town, longitude, latitude, region] of towns) expect([town, of(longitude, latitude)]).toEqual([town, [region]]);
});

test("the name of a region stands in what is seen of it, and nowhere else", () => {
  const limburg = features.find((one) => one.get("name") === "Limburg-Noord")!.getGeometry()!;
  const inside = (view: [number, number, number, number]): void => {
    const at = spot(limburg, view)!;
    expect(limburg.intersectsCoordinate(at)).toBe(true);
    expect(at[0]! >= view[0] && at[0]! <= view[2] && at[1]! >= view[1] && at[1]! <= view[3]).toBe(true);
  };
  inside([3, 50, 8, 54]);
  inside([5.9, 51.6, 6.2, 51.8]);
  expect(spot(limburg, [4, 52, 4.5, 52.5])).toBeUndefined();
});
