// The page itself: who can read and use it, what it does with hostile words, with ten thousand.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, accessibleInThis, complaints, inEveryLook, live, person, quit, shot, visit } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid");
const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>"'><svg/onload=alert(1)>\${7*7}`;
const AREA = { shape: { case: "circle" as const, value: { center: { latitude: 51.2, longitude: 5.98 }, radiusM: 15_000 } } };
let flood = "";
let hostile = "";
let many = "";
let empty = "";

const at = (latitude: number, longitude: number) => ({ shape: { case: "point" as const, value: { latitude, longitude } } });
const text = (nl: string, en: string, body = "") => [{ language: "nl", title: nl, body }, { language: "en", title: en }];
const seconds = (ago: number) => ({ seconds: BigInt(Math.floor(Date.now() / 1000) - ago), nanos: 0 });

beforeAll(async () => {
  await node.start();
  empty = await node.open("leeg", "Nog niets");
  hostile = await node.open("kwaad", HOSTILE.slice(0, 190));
  many = await node.open("druk", "Tienduizend", AREA);
  flood = await node.open("maas", "Hoogwater Maas", AREA);
  const contradiction = `${flood}/entries/018f3c3e-0000-7000-8000-00000000bbbb`;
  await node.publish(
    {
      name: flood, statement: 1, discipline: 6, place: "Roermond", geometry: at(51.194, 5.987),
      texts: text("Waterstand Roermond hoog", "Water level at Roermond high", "Gemeten bij de brug.\nTwee keer gecontroleerd."),
      times: { observed: seconds(600) },
      assessment: { certainty: 4, reliability: 1, credibility: 1, verification: { state: 2, verifiedBy: "parties/waterschap", note: "tweede meting" } },
      sources: [{ system: "meetnet", method: "sensor", originalId: "R-12" }],
      body: { case: "waterLevel", value: { gauge: "Roermond", levelM: 20.31, datum: "NAP", trend: 1 } },
    },
    {
      name: flood, statement: 2, discipline: 8, texts: text("Mogelijk 40.000 huishoudens zonder stroom", "Possibly 40,000 homes without power"),
      geometry: at(51.25, 6.1), times: { observed: seconds(40_000), validUntil: seconds(3_600) },
      body: { case: "outage", value: { service: 1, state: 3, customers: { value: 40_000n, qualifier: 2 } } },
    },
    {
      name: flood, statement: 6, discipline: 3, texts: text("Evacuatie gestart", "Evacuation began"), assessment: { urgency: 4 },
      geometry: { shape: { case: "polygon", value: { rings: [{ points: [[51.2, 5.9], [51.25, 5.9], [51.25, 6.0], [51.2, 5.9]].map(([latitude, longitude]) => ({ latitude, longitude })) }] } } },
      body: { case: "evacuation", value: { state: 2, basis: 2, people: { value: 250n, basis: 2 } } },
    },
    {
      name: flood, statement: 1, discipline: 9, texts: text("A2 dicht", "A2 closed"),
      geometry: { shape: { case: "line", value: { points: [{ latitude: 51.15, longitude: 5.85 }, { latitude: 51.22, longitude: 5.9 }] } } },
      body: { case: "closure", value: { object: 1, state: 1, designation: "A2" } },
    },
    { name: contradiction, statement: 1, discipline: 2, texts: text("12 gewonden", "12 injured"), body: { case: "casualties", value: { figures: [{ category: 5, count: { value: 12n, basis: 2 } }] } } },
  );
  await node.contradict({ name: contradiction, statement: 1, discipline: 4, party: "parties/ghor", texts: text("8 gewonden", "8 injured"), body: { case: "casualties", value: { figures: [{ category: 5, count: { value: 8n, basis: 2 } }] } } });
});

afterAll(async () => {
  await quit();
  await node.remove();
});

async function open(incident: string, look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  const context = await person(look);
  const page = await visit(context, `${node.url}#${incident}`);
  await live(page);
  return [context, page];
}

const line = (page: Page, words: string) => page.locator("#list .line", { hasText: words });

inEveryLook(({ lang, dark }) => {
  const mark = `${lang}-${dark ? "dark" : "light"}`;

  test("everybody can read the picture, an entry, a draft, and the past", async () => {
    const [context, page] = await open(flood, { lang, dark });
    await line(page, "Roermond").waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe(lang);
    await until(() => page.locator("#map").getAttribute("data-drawn"), (drawn) => drawn === "4");
    await shot(page, `picture-${mark}`);
    await page.locator(".side details, .aloud").evaluateAll((all) => all.forEach((one) => one.setAttribute("open", "")));
    await accessibleInThis(page, "the picture");
    await line(page, "Roermond").click();
    await page.locator(".detail .history li").waitFor();
    const said = await page.locator(".detail").innerText();
    for (const word of ["20,31 m NAP", "party-zuid", "meetnet", "R-12", "waterschap", "tweede meting"]) {
      expect(said).toContain(lang === "en" ? word.replace("20,31", "20.31") : word);
    }
    await page.fill("#line", "SPOED: 3 gewonden in Venlo 12:00");
    await page.locator(".said").waitFor();
    await shot(page, `detail-and-draft-${mark}`);
    await accessibleInThis(page, "an entry and a draft");
    await page.fill("#line", "");
    await page.keyboard.press("Escape");
    await page.locator("#when").focus();
    await page.keyboard.press("Home");
    await page.locator(".frame").waitFor();
    await page.locator("#list .line").first().waitFor({ state: "detached" });
    expect(await page.locator(".box").count()).toBe(0);
    await shot(page, `past-${mark}`);
    await accessibleInThis(page, "the past");
    await page.locator(".frame button").click();
    await line(page, "Roermond").waitFor();
    expect(await page.locator(".frame").count()).toBe(0);
    await context.close();
  });
});

test.each([[1024, 768], [800, 1100], [390, 844]])("fits a screen of %i by %i", async (width, height) => {
  const [context, page] = await open(flood, { width, height });
  await line(page, "Roermond").waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  await shot(page, `screen-${width}`);
  await accessible(page, String(width));
  if (await page.locator(".panel-toggle").isVisible()) {
    await page.locator(".panel-toggle").click();
    await page.locator(".paned .side").waitFor();
    await accessible(page, `filters over the map, ${width}`);
  }
  await context.close();
});

test("the keyboard alone suffices to report, to find and to read", async () => {
  const [context, page] = await open(empty);
  await page.getByText("Over dit incident is nog niets gemeld.").waitFor();
  await page.locator("#line").focus();
  await page.keyboard.type("waterstand Lith 5,2 m NAP");
  await page.getByText("5,2 m NAP", { exact: false }).first().waitFor();
  await page.keyboard.press("Enter");
  await line(page, "Lith").waitFor();
  await line(page, "Lith").focus();
  await page.keyboard.press("Enter");
  await page.locator(".detail").waitFor();
  expect(await line(page, "Lith").getAttribute("aria-pressed")).toBe("true");
  await page.keyboard.press("Escape");
  await page.locator(".detail").waitFor({ state: "detached" });
  const [entry] = await node.entries(empty);
  expect(entry?.body.case === "waterLevel" && [entry.body.value.gauge, entry.body.value.levelM]).toEqual(["Lith", 5.2]);
  await context.close();
});

test("a place is pointed at on the map, and the map chooses what lies there", async () => {
  const [context, page] = await open(empty);
  await page.fill("#line", "rook boven de kade");
  await page.getByRole("button", { name: "Wijs aan op kaart" }).click();
  const map = page.locator("#map");
  const box = await map.boundingBox();
  await page.mouse.click((box?.x ?? 0) + 300, (box?.y ?? 0) + 200);
  await page.getByRole("button", { name: "Plaats weghalen" }).waitFor();
  await page.press("#line", "Control+Enter");
  await line(page, "rook boven de kade").waitFor();
  const posted = (await node.entries(empty)).find((entry) => entry.texts[0]?.title === "rook boven de kade");
  expect(posted?.geometry?.shape.case).toBe("point");
  // Chosen in the list, it comes to the middle; the middle clicked chooses it in the list.
  await line(page, "rook").click();
  await page.locator(".detail").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".detail").waitFor({ state: "detached" });
  await until(async () => {
    const now = await map.boundingBox();
    await page.mouse.click((now?.x ?? 0) + (now?.width ?? 0) / 2, (now?.y ?? 0) + (now?.height ?? 0) / 2);
    await page.waitForTimeout(400);
    return page.locator(".detail").count();
  }, (count) => count === 1);
  expect(await line(page, "rook").getAttribute("aria-pressed")).toBe("true");
  await context.close();
});

test("a line and an area are drawn on the map", async () => {
  const [context, page] = await open(empty);
  const map = page.locator("#map");
  const draw = async (words: string, button: string, points: [number, number][]): Promise<void> => {
    await page.fill("#line", words);
    await page.getByRole("button", { name: button, exact: true }).click();
    await page.getByText("Klik de punten").waitFor();
    if (button === "Gebied") await accessible(page, "an area that is about to be drawn");
    const box = await map.boundingBox();
    for (const [x, y] of points) {
      await page.mouse.move((box?.x ?? 0) + x, (box?.y ?? 0) + y);
      await page.waitForTimeout(300);
      await page.mouse.click((box?.x ?? 0) + x, (box?.y ?? 0) + y);
    }
    const [x, y] = points.at(-1)!;
    await page.mouse.dblclick((box?.x ?? 0) + x, (box?.y ?? 0) + y);
    await page.getByRole("button", { name: "Plaats weghalen" }).waitFor();
    if (button === "Gebied") await shot(page, "drawn-area");
    await page.press("#line", "Control+Enter");
    await line(page, words).waitFor();
  };
  await draw("dijk bewaakt", "Lijn", [[250, 150], [350, 220], [450, 160]]);
  await draw("gebied onder water", "Gebied", [[250, 300], [400, 300], [400, 400]]);
  const shapes = new Map((await node.entries(empty)).map((entry) => [entry.texts[0]?.title, entry.geometry?.shape]));
  expect(shapes.get("dijk bewaakt")?.case).toBe("line");
  const area = shapes.get("gebied onder water");
  const ring = area?.case === "polygon" ? (area.value.rings[0]?.points ?? []) : [];
  expect(ring).toHaveLength(4);
  expect(ring[0]).toEqual(ring.at(-1));
  await context.close();
});

test("what was wrong is withdrawn, with a reason, also when the node is away meanwhile", async () => {
  const [context, page] = await open(empty);
  await node.publish({ name: empty, statement: 1, texts: [{ language: "nl", title: "helemaal verkeerd" }], body: { case: "observation", value: {} } });
  await line(page, "helemaal verkeerd").click();
  await page.getByRole("button", { name: "Intrekken" }).click();
  await page.getByLabel("Waarom wordt dit ingetrokken?").fill("verkeerde plaats");
  await accessible(page, "a withdrawal");
  await page.route("**/RetractEntry", (route) => route.abort());
  await page.keyboard.press("Enter");
  const waiting = page.locator(".queue .waiting", { hasText: "Intrekken: helemaal verkeerd (verkeerde plaats)" });
  await waiting.waitFor();
  expect(await line(page, "helemaal verkeerd").count()).toBe(1);
  await page.unroute("**/RetractEntry");
  await line(page, "helemaal verkeerd").waitFor({ state: "detached" });
  await waiting.waitFor({ state: "detached" });
  await context.close();
});

test("of a closed incident all can be read and nothing reported", async () => {
  const closed = await node.open("voorbij", "Voorbij");
  await node.publish({ name: closed, statement: 1, texts: [{ language: "nl", title: "het was zo" }], body: { case: "observation", value: {} } });
  const [context, page] = await open(closed);
  await line(page, "het was zo").click();
  await page.getByRole("button", { name: "Intrekken" }).waitFor();
  await node.close(closed);
  await page.getByText("Dit incident is gesloten: melden kan niet meer.").waitFor();
  await page.getByRole("button", { name: "Intrekken" }).waitFor({ state: "detached" });
  expect(await line(page, "het was zo").count()).toBe(1);
  await accessible(page, "a closed incident");
  await context.close();
});

test("everybody can read the switches of a demo, and what the operator may do", async () => {
  const context = await person();
  const page = await visit(context, `${node.url}#${empty}`);
  const place = (name: string, cut: boolean) => ({ name, cut, records: 12, url: node.url });
  await page.route("**/demo", (route) => route.fulfill({ json: { one: false, places: [place("zuid", false), place("noord", true)] } }));
  await page.reload();
  await page.locator(".switches .off").waitFor();
  await page.locator(".me summary").click();
  await shot(page, "demo-switches");
  await accessible(page, "the switches of a demo");
  await context.close();
});

test("who listens rather than looks is told that something came", async () => {
  const [context, page] = await open(empty);
  await node.publish({ name: empty, statement: 1, texts: [{ language: "nl", title: "hoorbaar" }], body: { case: "observation", value: {} } });
  await page.locator(".heard", { hasText: "1 item nieuw of gewijzigd" }).waitFor({ state: "attached" });
  await context.close();
});

test("filters hide in list and on map, and say so", async () => {
  const [context, page] = await open(flood);
  await line(page, "Roermond").waitFor();
  const rows = () => page.locator("#list .line").count();
  expect(await rows()).toBe(5);
  await page.getByRole("checkbox", { name: /^water/ }).uncheck();
  await until(rows, (count) => count === 4);
  await until(() => page.locator("#map").getAttribute("data-drawn"), (drawn) => drawn === "3");
  expect(await page.locator(".out").innerText()).toMatch(/^1 verborgen door filters/);
  await accessible(page, "filters that hide");
  await page.locator(".out button").click();
  await until(rows, (count) => count === 5);
  await page.getByLabel("Zoeken").fill("A2 weg");
  await until(rows, (count) => count === 1);
  await page.getByLabel("Zoeken").fill("");
  await page.locator(".side select").first().selectOption("outage");
  await until(rows, (count) => count === 1);
  await line(page, "40.000").locator(".badge.stale").waitFor();
  await context.close();
});

test("hostile words are shown as words, wherever they stand", async () => {
  const cut = (length: number): string => HOSTILE.slice(0, length);
  const common = {
    name: hostile, statement: 1, discipline: 2, place: cut(190), texts: [{ language: "nl", title: cut(190), body: HOSTILE.repeat(5) }],
    sources: [{ system: cut(190), originalId: cut(190), method: cut(190) }],
    assessment: { verification: { state: 2, verifiedBy: cut(190), note: HOSTILE } },
    geometry: at(51.2, 5.9),
  };
  await node.publish(
    { ...common, body: { case: "waterLevel", value: { gauge: cut(180), levelM: 1, datum: "<b>" } } },
    { ...common, body: { case: "resource", value: { type: cut(180), callSign: cut(60), destination: cut(180) } } },
    { ...common, body: { case: "assistanceRequest", value: { need: cut(180) } } },
    { ...common, body: { case: "decision", value: { decidedBy: cut(180), legalGround: cut(180), rationale: HOSTILE } } },
    { ...common, body: { case: "floodDefence", value: { structure: cut(180), state: 2, failureMode: cut(180) } } },
    { ...common, body: { case: "reception", value: { location: cut(180), state: 2, intendedFor: cut(180) } } },
    { ...common, body: { case: "drawing", value: { label: cut(180), symbol: cut(60) } } },
  );
  const [context, page] = await open(hostile);
  await until(() => page.locator("#list .line").count(), (count) => count === 7);
  for (let row = 0; row < 7; row += 1) {
    await page.locator("#list .line").nth(row).click();
    await page.locator(".detail .history li").waitFor();
    expect(await page.locator(".detail").innerText()).toContain("<script>");
    await page.keyboard.press("Escape");
    await page.locator(".detail").waitFor({ state: "detached" });
  }
  await page.fill("#line", HOSTILE);
  await page.locator(".said").waitFor();
  await page.fill('input[type="search"]', HOSTILE);
  await page.waitForTimeout(300);
  expect(await page.title()).toBe("Polder");
  expect(await page.locator("#app img:not([src='/icon.svg']), #app script").count()).toBe(0);
  await shot(page, "hostile");
  await context.close();
});

test("ten thousand entries are all drawn, and so is each that comes then", async () => {
  const rows = Array.from({ length: 10_000 }, (_, number) => ({
    name: many, statement: 1 + (number % 3), discipline: 1 + (number % 13),
    texts: [{ language: "nl", title: `Melding ${number} aan de Maas` }],
    geometry: at(50.8 + ((number * 7919) % 10_000) / 12_000, 5.6 + ((number * 104_729) % 10_000) / 16_000),
    body: { case: "observation" as const, value: {} },
  }));
  await node.publish(...rows);
  const context = await person();
  const page = await visit(context, `${node.url}#${many}`);
  await until(() => page.locator("#map").getAttribute("data-drawn"), (drawn) => drawn === "10000", 60_000);
  for (let burst = 0; burst < 10; burst += 1) {
    await node.publish(...rows.slice(0, 10).map((row, number) => ({ ...row, texts: [{ language: "nl", title: `Erbij ${burst}-${number}` }] })));
    await page.waitForTimeout(200);
  }
  await until(() => page.locator("#map").getAttribute("data-drawn"), (count) => count === "10100", 30_000);
  await line(page, "Erbij 9-9").waitFor();
  await shot(page, "ten-thousand");
  await context.close();
});

// POLDER_WEB_SOAK_S makes it longer.
const SOAK_S = Number(process.env["POLDER_WEB_SOAK_S"] ?? 12);
test("fifty updates a second all arrive and leave nothing behind", async () => {
  const busy = await node.open("druk-bezig", "Druk bezig", AREA);
  const make = (number: number, round: number) => ({
    name: `${busy}/entries/018f3c3e-0000-7000-8000-${String(number).padStart(12, "0")}`,
    statement: 1, discipline: 1 + (number % 13), texts: [{ language: "nl", title: `Melding ${number}, ronde ${round}` }],
    geometry: at(50.9 + (number % 37) / 60, 5.7 + (number % 41) / 60), body: { case: "observation" as const, value: {} },
  });
  await node.publish(...Array.from({ length: 1_000 }, (_, number) => make(number, 0)));
  const [context, page] = await open(busy);
  await until(() => page.locator("#map").getAttribute("data-drawn"), (drawn) => drawn === "1000");
  const inside = await context.newCDPSession(page);
  await inside.send("Performance.enable");
  const heap = async (): Promise<number> => {
    await inside.send("HeapProfiler.collectGarbage");
    const { metrics } = await inside.send("Performance.getMetrics");
    return (metrics.find((metric) => metric.name === "JSHeapUsedSize")?.value ?? 0) / 1e6;
  };
  const before = await heap();
  for (let round = 1; round <= SOAK_S; round += 1) {
    const begin = Date.now();
    for (let part = 0; part < 5; part += 1) {
      await node.publish(...Array.from({ length: 10 }, (_, number) => make((round * 50 + part * 10 + number) % 1_000, round)));
    }
    await page.waitForTimeout(Math.max(0, 1_000 - (Date.now() - begin)));
  }
  await line(page, `ronde ${SOAK_S}`).first().waitFor();
  const after = await heap();
  expect(after).toBeLessThan(before + 15);
  await context.close();
}, 60_000 + SOAK_S * 2_000);

test("what changes without moving is drawn as it is now, where it was", async () => {
  const place = await node.open("plek", "Op een plek", AREA);
  const name = `${place}/entries/018f3c3e-0000-7000-8000-00000000cccc`;
  const said = (discipline: number, title: string) => ({ name, statement: 1, discipline, geometry: at(51.2, 5.98), texts: text(title, title), body: { case: "observation" as const, value: {} } });
  await node.publish(said(6, "eerst water"));
  const [context, page] = await open(place);
  await until(() => page.locator("#map").getAttribute("data-ways"), (found) => /rails [1-9]/.test(found ?? ""), 60_000);
  const seen = async (): Promise<string> => (await page.locator("#map canvas").first().screenshot()).toString("base64");
  let before = await seen();
  // Until nothing moves any more.
  await until(async () => {
    const now = await seen();
    const still = now === before;
    before = now;
    return still;
  }, Boolean);
  await node.publish(said(3, "nu brand"));
  await page.locator("#list .line", { hasText: "nu brand" }).waitFor();
  await until(seen, (now) => now !== before);
  expect(await page.locator("#map").getAttribute("data-drawn")).toBe("1");
  await context.close();
});

test("main roads and railways come after the picture, with whose data they are; each reader switches them off for good", async () => {
  const [context, page] = await open(flood, { lang: "en" });
  const ways = (): Promise<string> => page.locator("#map").getAttribute("data-ways").then((said) => said ?? "");
  await until(ways, (said) => /^roads [1-9]\d*, rails [1-9]\d*$/.test(said), 60_000);
  const credit = page.locator(".ol-attribution", { hasText: "OpenStreetMap contributors (ODbL)" });
  await credit.waitFor();
  await page.getByRole("checkbox", { name: "Main roads" }).uncheck();
  await page.getByRole("checkbox", { name: "Railways" }).uncheck();
  await credit.waitFor({ state: "detached" });
  await page.reload();
  await live(page);
  await page.waitForTimeout(4_000);
  expect(await ways()).toBe("roads 0, rails 0");
  await page.getByRole("checkbox", { name: "Railways" }).check();
  await until(ways, (said) => /^roads 0, rails [1-9]\d*$/.test(said), 60_000);
  expect(await page.getByRole("checkbox", { name: "Main roads" }).isChecked()).toBe(false);
  await context.close();
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
