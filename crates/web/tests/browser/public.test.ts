// What the public was told, stage by stage; the book of numbers and addresses, in which a second person
// checks a line; and how forecasts moved. Each as the command line tells it.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, complaints, person, printed, quit, readableEverywhere, sendForm, shot, signedIn } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "politie");
const PHRASE = "een lange wachtwoordzin";
const INCIDENT = "incidents/maas";
const HOSTILE = `<img src=x onerror="document.title='owned'">`;
const NOW = Math.floor(Date.now() / 1000);
const at = (hours: number): { seconds: bigint } => ({ seconds: BigInt(NOW + Math.round(hours * 3600)) });
const id = (number: number): string => `${INCIDENT}/entries/0b8f6a2e-93c1-4f0a-8a55-6d3f2e1c0${number}`;
const [LINE, HOSTILE_LINE, WARNING, CORRECTION, ALONE, GONE, DISCHARGE, POWER] = [100, 101, 200, 201, 202, 203, 300, 301].map(id) as [string, string, string, string, string, string, string, string];

const say = (name: string, body: object, more: object = {}): object => ({ name, statement: 1, body, ...more });
const contact = (name: string, title: string, more: object): object => say(name, { case: "contact", value: { name: title, purpose: 1, ...more } });
const warning = (name: string, title: string, state: number, more: object = {}, place = "Horn"): object =>
  say(name, { case: "warning", value: { state, responses: [2], channels: [1], ...more } }, { place, texts: [{ language: "nl", title }, { language: "en", title: `${title} (en)` }] });
const forecast = (name: string, discharge: number): object =>
  say(name, { case: "waterLevel", value: { gauge: "Maas bij Sint Pieter", dischargeM3S: discharge, peakTime: at(-5) } }, { statement: 3 });

/** Says it in the name of one of them. */
async function by(name: string, ...entries: object[]): Promise<void> {
  await node.signIn(name, PHRASE);
  for (const entry of entries) await node.publish(entry);
  await node.signIn("baas", PHRASE);
}

const entryOf = async (name: string) => (await node.entries(INCIDENT)).find((entry) => entry.name === name)!;

beforeAll(async () => {
  await node.start();
  node.charter(
    ["party", "politie", "--discipline", "police"], ["party", "ghor", "--discipline", "medical"], ["certify", "--party", "politie"],
    ["member", "maas", "politie"], ["member", "maas", "ghor"], ["audience", "kern", "--party", "politie", "--name", "Kernteam"],
    ["role", "baas", "administrator", "--party", "politie"], ["role", "baas", "information-manager", "--party", "politie"],
    ["role", "anna", "liaison", "--party", "politie"], ["role", "bert", "liaison", "--party", "politie"], ["role", "carla", "reader", "--party", "ghor"],
  );
  node.account("baas", PHRASE, "administrator:politie");
  await node.signIn("baas", PHRASE);
  for (const name of ["anna", "bert", "carla"]) node.account(name, PHRASE);
  await node.open("maas", "Hoogwater Maas");
});

afterAll(async () => {
  await quit();
  await node.remove();
});

const TABS = { forecasts: /^(Verwachtingen|Forecasts)$/, warnings: /^(Waarschuwingen|Warnings)$/, book: /^(Nummers en adressen|Numbers and addresses)$/ };
const READY = { forecasts: "[data-track]", warnings: "[data-warning]", book: "[data-contact]" };
type Tab = keyof typeof TABS;

async function to(page: Page, tab: Tab, ready = READY[tab]): Promise<void> {
  if ((await page.locator(".crew").count()) === 0) await page.locator(".team-button").click();
  await page.locator(".crew .tab", { hasText: TABS[tab] }).click();
  await page.locator(ready).first().waitFor();
}

async function open(name: string, look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  return signedIn(`${node.url}#${INCIDENT}`, name, PHRASE, look);
}

/** One page for each of those who do something here. */
const pages = new Map<string, Promise<[BrowserContext, Page]>>();

async function on(name: string, tab: Tab, ready?: string): Promise<Page> {
  if (!pages.has(name)) pages.set(name, open(name));
  const [, page] = await pages.get(name)!;
  await to(page, tab, ready);
  return page;
}

const told = (command: string, ...more: string[]): string => node.run(command, "--incident", INCIDENT, "--lang", "nl", ...more);
const squeezed = (text: string): string => text.replace(/\s+/g, " ").trim();
const line = (page: Page, name = LINE) => page.locator(`[data-contact="${name}"]`);

test("where nothing was said yet each page says what to do, and leads there", async () => {
  const page = await on("anna", "warnings", ".told-at");
  await page.getByText("De bevolking is niets verteld.").waitFor();
  await accessible(page, "no warnings");
  await to(page, "forecasts", ".told-at");
  await page.getByText("Niemand deed een verwachting met een cijfer.").waitFor();
  await accessible(page, "no forecasts");
  await to(page, "book", ".told-at");
  await page.getByText("Het boek is leeg.").waitFor();
  await shot(page, "team-book-empty");
  await accessible(page, "an empty book");
  await page.locator("#add-contact").click();
  await page.locator(".form .quiet", { hasText: "Een ander belt het nummer" }).waitFor();
  // Whom it is for is chosen, as in any form.
  expect(await page.locator("#form-audience option").allInnerTexts()).toContain("Kernteam");
  await page.fill("#f-contact-name", "Informatielijn");
  await page.fill("#f-contact-telephone", "043-0001234");
  await sendForm(page);
  await page.locator("#list .line", { hasText: "Informatielijn" }).waitFor();
  await to(page, "book");
  await page.locator("[data-contact] .badge", { hasText: "niet gecontroleerd" }).waitFor();
  // The rest of the tests have a line whose name they know.
  const [written] = await node.entries(INCIDENT);
  expect(written?.body.case === "contact" && [written.body.value.telephone, written.body.value.checked, written.author]).toEqual(["043-0001234", false, "anna"]);
  node.run("retract", written!.name, "--reason", "dubbel");
  await page.locator("[data-contact]").waitFor({ state: "detached" });
  await to(page, "warnings", "#draft-warning");
  await page.locator("#draft-warning").click();
  await page.locator(".form .quiet", { hasText: "Dit is een concept" }).waitFor();
  await page.locator(".form .close").click();
});

test("a second person checks a line of the book, and nobody else can", async () => {
  await by("anna", contact(LINE, "Informatielijn", { telephone: "043-0001234", web: "maas.example.org" }), contact(HOSTILE_LINE, HOSTILE, { address: "Markt 1, Maastricht" }));
  const own = await on("anna", "book");
  await line(own).getByText("U schreef dit: een ander moet het controleren.").waitFor();
  expect(await own.locator(".check-line").count()).toBe(0);
  const reads = await on("carla", "book");
  await line(reads).locator(".badge", { hasText: "niet gecontroleerd" }).waitFor();
  expect(await reads.locator(".check-line, #add-contact, #draft-warning").count()).toBe(0);
  const page = await on("bert", "book");
  expect(await page.locator(".crew img, .crew script").count()).toBe(0);
  // The keyboard alone suffices.
  await line(page).locator(".check-line").focus();
  await page.keyboard.press("Enter");
  await line(page).locator(".vouching", { hasText: "Bel het nummer of ga naar de bron" }).waitFor();
  await accessible(page, "a line that is about to be checked");
  await shot(page, "team-check");
  await line(page).locator(".vouching .send").press("Enter");
  await line(page).locator(".badge", { hasText: /^gecontroleerd$/ }).waitFor();
  expect(squeezed(await line(page).innerText())).toMatch(/Informatielijn vragen 043-0001234 maas\.example\.org gecontroleerd door politie · bert op \d\d:\d\d/);
  const entry = await entryOf(LINE);
  expect([entry.author, entry.body.case === "contact" && entry.body.value.checked, entry.party]).toEqual(["bert", true, "parties/politie"]);
  const said = told("contacts");
  for (const part of ["[gecontroleerd] Informatielijn · 043-0001234 · maas.example.org", "[niet gecontroleerd]"]) expect(said).toContain(part);
  // What was sent stands in the book of everybody who looks.
  await line(reads).locator(".badge", { hasText: /^gecontroleerd$/ }).waitFor();
});

test("who is about to check a line that is written anew meanwhile checks nothing", async () => {
  const page = await on("bert", "book");
  await line(page, HOSTILE_LINE).locator(".check-line").click();
  await line(page, HOSTILE_LINE).locator(".vouching").waitFor();
  await by("anna", contact(HOSTILE_LINE, HOSTILE, { address: "Markt 2, Maastricht" }));
  await line(page, HOSTILE_LINE).locator(".told", { hasText: "Markt 2" }).waitFor();
  await line(page, HOSTILE_LINE).locator(".vouching").waitFor({ state: "detached" });
  await line(page, HOSTILE_LINE).locator(".check-line").waitFor();
  const entry = await entryOf(HOSTILE_LINE);
  expect(entry.body.case === "contact" && entry.body.value.checked).toBe(false);
});

test("each warning is shown by its stages, with who did what, how long it took and what it rests on", async () => {
  const cites = [`${LINE}/versions/${(await entryOf(LINE)).version}`];
  await by("anna", warning(WARNING, "Verlaat Horn, bel 043-0001234", 1, { contacts: cites }), warning(CORRECTION, "Verlaat Horn over de brug", 1), warning(GONE, "Kook het water", 1, { responses: [4] }, "Heel"));
  await by("bert", warning(WARNING, "Verlaat Horn, bel 043-0001234", 2, { contacts: cites }), warning(GONE, "Kook het water", 2, { responses: [4] }, "Heel"), warning(GONE, "Kook het water", 4, { responses: [4] }, "Heel"));
  await by("anna", warning(ALONE, "Blijf weg bij de kade", 2, { responses: [5], uncheckedReason: "alleen op post" }, "Buggenum"));
  const page = await on("carla", "warnings");
  const one = (name: string) => page.locator(`[data-warning="${name}"]`);
  await until(() => page.locator("[data-warning]").count(), (count) => count === 4);
  const said = told("warnings");
  const stages = async (name: string): Promise<string[]> => (await one(name).locator(".stages li").allInnerTexts()).map((text) => squeezed(text).replace(/ \d\d:\d\d/, ""));
  expect(await stages(WARNING)).toEqual(["opgesteld politie · anna", "uitgegeven politie · bert · 0 min later · opgesteld door anna"]);
  expect(await stages(GONE)).toEqual(["opgesteld politie · anna", "uitgegeven politie · bert · 0 min later · opgesteld door anna", "ingetrokken politie · bert · 0 min later"]);
  expect(await stages(ALONE)).toEqual(["uitgegeven politie · anna · niemand keek het na: alleen op post"]);
  expect(await stages(CORRECTION)).toEqual(["opgesteld politie · anna"]);
  for (const part of ["politie · bert · 0 min later · opgesteld door anna", "politie · anna · niemand keek het na: alleen op post", "berust op Informatielijn · 043-0001234 · maas.example.org [gecontroleerd]"]) expect(said, part).toContain(part);
  expect(squeezed(await one(WARNING).locator(".cited").innerText())).toBe("berust op Informatielijn · 043-0001234 · maas.example.org gecontroleerd");
  const marks = await page.locator("[data-warning] h3 .badge:first-child").allInnerTexts();
  expect(marks.map((mark) => mark.toLowerCase()).sort()).toEqual(["geldt", "geldt", "ingetrokken", "opgesteld"]);
  // What stands is on top, as on the command line.
  expect(marks.slice(0, 2).map((mark) => mark.toLowerCase())).toEqual(["geldt", "geldt"]);
  await page.locator("#only-standing").click();
  await until(() => page.locator("[data-warning]").count(), (count) => count === 2);
  expect(told("warnings", "--standing")).not.toContain("Kook het water");
  await page.locator("#only-standing").click();
  // A correction is a stage of the warning over which it was issued.
  await by("bert", warning(WARNING, "Verlaat Horn over de brug", 3));
  await until(() => stages(WARNING), (all) => all.at(-1) === "gecorrigeerd politie · bert · 0 min later · opgesteld door anna");
  await one(WARNING).locator("h3 .text").click();
  await page.locator(".detail h3", { hasText: "Verlaat Horn over de brug" }).waitFor();
});

test("when a number changes, the book says which warning that stands tells the old one", async () => {
  const cites = [`${LINE}/versions/${(await entryOf(LINE)).version}`];
  await by("anna", warning(id(204), "Kom naar de sporthal, vraag via 043-0001234", 1, { responses: [3], contacts: cites }, "Beegden"));
  await by("bert", warning(id(204), "Kom naar de sporthal, vraag via 043-0001234", 2, { responses: [3], contacts: cites }, "Beegden"));
  const page = await on("carla", "book");
  await line(page).locator("[data-told=contactRests]", { hasText: "Kom naar de sporthal" }).waitFor();
  expect(await page.locator("[data-told=contactOutdated]").count()).toBe(0);
  await by("bert", contact(LINE, "Informatielijn", { telephone: "043-0004321", web: "maas.example.org" }));
  await line(page).locator("[data-told=contactOutdated]", { hasText: "anders verteld door waarschuwingen die gelden: Kom naar de sporthal" }).waitFor();
  expect(told("contacts")).toMatch(/\[niet gecontroleerd\] Informatielijn · 043-0004321[\s\S]*anders verteld door waarschuwingen die gelden:/);
  await shot(page, "team-book-outdated");
  await page.locator("#only-trouble").click();
  await until(() => page.locator("[data-contact]").count(), (count) => count === 2);
  await page.locator("#only-trouble").click();
  // On the page of warnings the line that it rests on is marked.
  await to(page, "warnings");
  await page.locator(`[data-warning="${id(204)}"] .cited .badge`, { hasText: "sindsdien veranderd" }).waitFor();
  await to(page, "book");
  await line(page).locator("[data-told=contactOutdated] .text").click();
  await page.locator(".detail h3", { hasText: "Kom naar de sporthal" }).waitFor();
});

test("forecasts of a figure stand in the order in which they were said, with how they moved, what came true and the error", async () => {
  await node.publish(forecast(DISCHARGE, 1500));
  await node.publish(forecast(DISCHARGE, 3350));
  await node.publish(say(POWER, { case: "outage", value: { service: 1, state: 3, customers: { value: 4000n, basis: 1 } } }, { statement: 3, place: "Valkenburg", times: { validFrom: at(20), validUntil: at(30) } }));
  await node.publish({ ...say(INCIDENT, { case: "waterLevel", value: { gauge: "Maas bij Sint Pieter", dischargeM3S: 3260, peakTime: at(-4) } }), times: { observed: at(-4) } });
  const page = await on("carla", "forecasts");
  const track = page.locator("[data-track='water_level.discharge_m3_s']");
  await until(() => track.locator("tbody tr").count(), (count) => count === 2);
  await track.locator("tbody tr", { hasText: "uitgekomen" }).first().waitFor();
  const said = told("forecasts");
  expect((await track.locator("h2").innerText()).trim()).toBe("Maas bij Sint Pieter: afvoer (m³/s)");
  const rows = (await track.locator("tbody tr").allInnerTexts()).map(squeezed);
  for (const [row, parts] of [[0, ["1.500", "sindsdien vervangen", "1.760 te laag"]], [1, ["3.350", "1.850 hoger dan ervoor", "uitgekomen: 3.260", "90 te hoog"]]] as const) {
    for (const part of parts) {
      expect(rows[row], part).toContain(part);
      expect(said, part).toContain(part);
    }
  }
  const moment = page.locator("[data-track='water_level.peak_time']");
  expect(squeezed(await moment.innerText())).toContain("1 u te vroeg");
  expect(said).toContain("1 u te vroeg");
  const power = page.locator("[data-track='outage.customers']");
  expect(squeezed(await power.innerText())).toMatch(/Valkenburg: getroffen aansluitingen \(stroom\).*4\.000 voor .*niemand heeft gezegd wat ervan kwam/);
  expect(said).toMatch(/Valkenburg: getroffen aansluitingen \(stroom\)[\s\S]*4\.000, voor [\s\S]*niemand heeft gezegd wat ervan kwam/);
  // What is drawn says nothing to who listens: the table does.
  expect(await track.locator(".chart[aria-hidden=true] circle").count()).toBe(2);
  await track.locator(".outcomes .text").first().click();
  await page.locator(".detail dd", { hasText: "3.260 m³/s" }).waitFor();
});

test("a check that is made while the node is away waits and says so, and counts once; the page says of when it is", async () => {
  await by("anna", contact(LINE, "Informatielijn", { telephone: "043-0004321" }));
  const page = await on("bert", "book");
  await line(page).locator(".check-line").click();
  await line(page).locator(".vouching").waitFor();
  await node.kill();
  await page.locator(".crew .warn", { hasText: "Het knooppunt antwoordt niet. Dit is van" }).waitFor();
  await line(page).locator(".vouching .send").click();
  await line(page).getByText("Uw controle is onderweg naar het knooppunt.").waitFor();
  await page.locator(".crew .queue .waiting", { hasText: "Informatielijn" }).waitFor();
  await node.start();
  await line(page).locator(".badge", { hasText: /^gecontroleerd$/ }).waitFor({ timeout: 60_000 });
  await page.locator(".crew .queue").waitFor({ state: "detached" });
  await node.signIn("baas", PHRASE);
  const checks = (await node.versions(LINE)).filter((version) => version.body.case === "contact" && version.body.value.checked && version.body.value.telephone === "043-0004321");
  expect(checks).toHaveLength(1);
});

test("on paper each page has what it says and no buttons", async () => {
  const page = await on("carla", "book");
  for (const [tab, words] of [["book", "043-0004321"], ["warnings", "opgesteld door anna"], ["forecasts", "90 te hoog"]] as const) {
    await to(page, tab);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".crew .tabs, .crew .head").first().isVisible()).toBe(false);
    await page.emulateMedia({ media: null });
    const sheets = await printed(page, tab);
    if (sheets) expect(squeezed(sheets.join("\n"))).toContain(words);
  }
});

// Both themes and both languages; more would take long.
test.each([{ lang: "nl" as const, dark: false }, { lang: "en" as const, dark: true }])("everybody can read what the public is told and what was forecast, in $lang, dark: $dark", async ({ lang, dark }) => {
  const [context, page] = await open("anna", { lang, dark });
  await readableEverywhere(page, Object.keys(TABS), (tab) => to(page, tab as Tab), { lang, dark });
  await context.close();
});

test("a moment back in time shows what was known then, and nobody checks or drafts there", async () => {
  const page = await on("bert", "book");
  await page.locator(".time #when").focus();
  await page.keyboard.press("Home");
  await page.locator(".frame").waitFor();
  await page.getByText("Het boek is leeg.").waitFor();
  expect(await page.locator("#add-contact, .check-line, .told-at").count()).toBe(0);
  await page.locator(".crew .tab", { hasText: TABS.warnings }).click();
  await page.getByText("De bevolking is niets verteld.").waitFor();
  expect(await page.locator("#draft-warning").count()).toBe(0);
  await page.locator(".crew .tab", { hasText: TABS.forecasts }).click();
  await page.getByText("Niemand deed een verwachting met een cijfer.").waitFor();
  await page.locator(".frame button").click();
  await page.locator("[data-track]").first().waitFor();
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
