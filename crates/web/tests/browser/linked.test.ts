// Two linked nodes, a browser at each.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, complaints, live, person, quit, shot, visit } from "./browser.ts";
import { TestNode, Wire, until } from "./nodes.ts";

const south = new TestNode("zuid");
const north = new TestNode("noord");
let wire: Wire;
let incident = "";
let people: [BrowserContext, BrowserContext];
let here: Page;
let there: Page;

beforeAll(async () => {
  await south.start();
  incident = await south.open("maas", "Hoogwater Maas", {
    shape: { case: "circle", value: { center: { latitude: 51.2, longitude: 5.98 }, radiusM: 20_000 } },
  });
  wire = await new Wire(south.listen).start();
  await north.start("--link", wire.address);
  await until(() => north.entries(incident).then(() => true, () => false), Boolean);
  people = [await person(), await person({ dark: true })];
  here = await visit(people[0], south.url);
  there = await visit(people[1], north.url);
  await live(here);
  await live(there);
});

afterAll(async () => {
  for (const context of people ?? []) await context.close();
  await quit();
  wire?.end();
  await south.remove();
  await north.remove();
});

async function post(page: Page, line: string): Promise<void> {
  await page.fill("#line", line);
  await page.locator(".send:not([disabled])").waitFor();
  await page.press("#line", "Control+Enter");
}

const line = (page: Page, text: string) => page.locator("#list .line", { hasText: text });

test("what is posted in one browser stands in the other, at the other node", async () => {
  await post(here, "SPOED: ongeveer 400 huishoudens zonder stroom in Roermond");
  await line(here, "400 klanten").waitFor();
  await line(there, "400 klanten").waitFor();
  expect(await line(there, "400 klanten").locator(".meta").innerText()).toMatch(/SPOED[\s\S]*party-zuid[\s\S]*feit[\s\S]*onbevestigd/);
  await until(() => there.locator("#map").getAttribute("data-drawn"), (drawn) => drawn === "1");
  const [entry] = await north.entries(incident);
  expect(entry?.body.case === "outage" && entry.body.value.customers?.value).toBe(400n);
  expect(entry?.place).toBe("Roermond");
});

test("what follows comes by itself, without a reload", async () => {
  await there.evaluate(() => Object.assign(globalThis, { stayed: true }));
  for (const letter of ["A", "B", "C"]) {
    const text = `meting nummer ${letter}`;
    await post(here, text);
    await line(there, text).waitFor();
  }
  expect(await there.evaluate(() => "stayed" in globalThis)).toBe(true);
});

test("cut off, both go on and say so; linked again, both agree", async () => {
  wire.cut(true);
  await there.locator(".links .off", { hasText: "AFGESNEDEN" }).waitFor();
  await there.locator(".bar .cut").waitFor();
  expect(await there.locator(".links .off").innerText()).toMatch(/sinds \d\d:\d\d/);
  await live(here);
  await post(here, "alleen in het zuiden bekend");
  await post(there, "alleen in het noorden bekend");
  await line(here, "alleen in het zuiden").waitFor();
  await line(there, "alleen in het noorden").waitFor();
  expect(await line(there, "alleen in het zuiden").count()).toBe(0);
  expect(await line(here, "alleen in het noorden").count()).toBe(0);
  await shot(there, "cut-off-dark");
  await accessible(there, "a picture that is cut off");
  wire.cut(false);
  await line(here, "alleen in het noorden").waitFor({ timeout: 40_000 });
  await line(there, "alleen in het zuiden").waitFor({ timeout: 40_000 });
  await there.locator(".links .on").waitFor({ timeout: 20_000 });
  expect(await there.locator(".bar .cut").count()).toBe(0);
  const texts = (page: Page) => page.locator("#list .title").allInnerTexts();
  await until(async () => [(await texts(here)).sort(), (await texts(there)).sort()], ([a, b]) => String(a) === String(b));
});

test("two versions that did not know of each other stand on top, as two", async () => {
  const name = `${incident}/entries/018f3c3e-0000-7000-8000-00000000aaaa`;
  const say = (title: string, party: string) => ({
    name, statement: 1, discipline: 6, party, texts: [{ language: "nl", title }],
    body: { case: "observation" as const, value: {} },
  });
  await south.publish(say("de sluis is open", "parties/zuid"));
  await until(() => north.entries(incident), (all) => all.some((entry) => entry.name === name));
  await south.contradict(say("de sluis is dicht", "parties/noord"));
  const box = there.locator(".words .against .line", { hasText: "de sluis is open" });
  await box.waitFor();
  await until(() => box.textContent(), (text) => text?.includes("de sluis is dicht") === true);
  await box.click();
  await there.locator(".detail").waitFor();
  expect(await there.locator(".detail .version").count()).toBe(2);
  await until(() => there.locator(".detail .history li").count(), (count) => count === 2);
  await until(() => there.locator(".detail .history li").count(), (count) => count === 2);
  await shot(there, "contradiction-dark");
  // The north decides, and the south sees it.
  const version = there.locator(".detail .version", { hasText: "de sluis is dicht" });
  await version.locator("xpath=following-sibling::p[1]/button").click();
  await there.getByText("De andere versies vervallen voor iedereen").waitFor();
  await accessible(there, "two versions, of which one is chosen");
  await there.getByRole("button", { name: "Ja, deze geldt" }).click();
  for (const page of [here, there]) {
    await page.locator("section.against").waitFor({ state: "detached" });
    await line(page, "de sluis is dicht").waitFor();
    expect(await line(page, "de sluis is open").count()).toBe(0);
  }
  await until(() => there.locator(".detail .history li").count(), (count) => count === 3);
  const [decided] = (await south.entries(incident)).filter((entry) => entry.name === name);
  expect([decided?.party, decided?.sources.at(-1)?.system]).toEqual(["parties/party-noord", "parties/noord"]);
  await there.keyboard.press("Escape");
  await there.locator(".detail").waitFor({ state: "detached" });
});

test("who decides on what is no longer so is told, and decides nothing", async () => {
  const name = `${incident}/entries/018f3c3e-0000-7000-8000-00000000cccc`;
  const say = (title: string) => ({
    name, statement: 1, discipline: 6, texts: [{ language: "nl", title }], body: { case: "observation" as const, value: {} },
  });
  await south.publish(say("peil daalt"));
  await south.contradict(say("peil stijgt"));
  await here.locator(".words .against .line", { hasText: "peil daalt" }).click();
  await here.locator(".detail .version").nth(1).waitFor();
  await here.route("**/PublishEntries", async (route) => {
    await south.contradict(say("peil is gelijk"));
    return route.continue();
  }, { times: 1 });
  await here.getByRole("button", { name: "Deze geldt" }).first().click();
  await here.getByRole("button", { name: "Ja, deze geldt" }).click();
  const refused = here.locator(".queue .waiting", { hasText: "Niet aangenomen" });
  await refused.waitFor();
  expect((await south.entries(incident)).filter((entry) => entry.name === name)).toHaveLength(3);
  await refused.getByRole("button", { name: "Weggooien" }).click();
  await refused.waitFor({ state: "detached" });
});

test("what must be seen stands on top at both nodes, until somebody of those who were asked says so", async () => {
  const attention = { addressees: [{ party: "parties/party-noord", role: "OvD-P" }], within: { seconds: 600n, nanos: 0 } };
  await south.publish({ name: incident, statement: 1, discipline: 6, texts: [{ language: "nl", title: "de dijk houdt niet" }], attention, body: { case: "observation", value: {} } });
  for (const page of [here, there]) await page.locator(".attention", { hasText: "de dijk houdt niet" }).waitFor();
  expect(await here.locator(".attention .read").count()).toBe(0);
  await until(() => here.locator(".attention").innerText(), (text) => /party-noord \(OvD-P\): bezorgd .* · niet gelezen/.test(text));
  await accessible(there, "what must be seen");
  await shot(there, "must-be-seen");
  // The answer gets lost: it counts all the same, and is said once.
  await there.route("**/Acknowledge", async (route) => {
    await route.fetch();
    await route.abort();
  });
  await there.locator(".attention .read").click();
  for (const page of [here, there]) await page.locator(".attention").waitFor({ state: "detached" });
  const said = (await until(() => south.entries(incident), (entries) => entries.some((entry) => entry.relations[0]?.type === 9))).filter((entry) => entry.relations[0]?.type === 9);
  expect(said).toHaveLength(1);
  // It is no line of the list: each other entry is one, with its rivals.
  const names = new Set((await south.entries(incident)).map((entry) => entry.name));
  await until(() => here.locator("#list .line").count(), (count) => count === names.size - 1);
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
