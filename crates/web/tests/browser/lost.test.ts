// The node dies under the page, answers are lost on the way: nothing is lost, nothing comes twice.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, complaints, live, person, quit, shot, visit } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid");
let incident = "";
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  await node.start();
  incident = await node.open("storm", "Storm");
  await node.publish(...Array.from({ length: 30 }, (_, number) => ({
    name: incident, statement: 1, discipline: 2, texts: [{ language: "nl", title: `regel ${number}` }],
    body: { case: "observation" as const, value: {} },
  })));
  context = await person();
  page = await visit(context, node.url);
  await live(page);
});

afterAll(async () => {
  await context?.close();
  await quit();
  await node.remove();
});

async function post(where: Page, line: string): Promise<void> {
  await where.fill("#line", line);
  await where.locator(".send:not([disabled])").waitFor();
  await where.press("#line", "Control+Enter");
}

async function stored(title: string): Promise<number> {
  const found = (await node.entries(incident)).filter((entry) => entry.texts[0]?.title === title);
  let versions = 0;
  for (const entry of found) versions += (await node.versions(entry.name)).length;
  return versions;
}

test("killed and started again, the page says so and goes on where it was", async () => {
  await until(() => page.locator("#list .line").count(), (count) => count === 30);
  await node.kill();
  await page.locator(".stream.lost").waitFor();
  expect(await page.locator(".stream.lost").innerText()).toMatch(/Verbinding kwijt.*sinds[\s\S]*Wat u ziet is van daarvoor/);
  expect(await page.locator("#list .line").count()).toBe(30);
  await post(page, "geschreven terwijl het knooppunt weg was");
  const waiting = page.locator(".queue .waiting");
  await waiting.waitFor();
  expect(await waiting.innerText()).toContain("Wacht op verzending");
  await page.locator(".side .warn").waitFor();
  await page.getByText("Knooppunt onbereikbaar").waitFor({ timeout: 30_000 });
  await shot(page, "node-gone");
  await accessible(page, "a page whose node is gone");
  await node.start();
  await live(page);
  await page.locator("#list .line", { hasText: "geschreven terwijl" }).waitFor();
  await waiting.waitFor({ state: "detached" });
  expect(await stored("geschreven terwijl het knooppunt weg was")).toBe(1);
  expect(await page.locator("#list .line").count()).toBe(31);
});

test("what waits outlives the page, and goes out once", async () => {
  await node.kill();
  await page.locator(".stream.lost").waitFor();
  await post(page, "bewaard in de browser");
  await page.locator(".queue .waiting").waitFor();
  await page.close();
  await node.start();
  page = await visit(context, node.url);
  await page.locator("#list .line", { hasText: "bewaard in de browser" }).waitFor();
  expect(await stored("bewaard in de browser")).toBe(1);
  expect(await page.locator(".queue").count()).toBe(0);
});

test("the page opens while the node is away, and what is written then goes out once", async () => {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await until(() => page.evaluate(() => caches.match("/page.js").then(Boolean)), Boolean);
  await node.kill();
  await page.reload();
  await page.locator(".stream.lost").waitFor();
  expect(await page.locator(".stream").innerText()).not.toContain("Wat u ziet");
  await page.getByText("Nog niets bekend: geen contact").waitFor();
  await post(page, "geschreven na herladen zonder knooppunt");
  await page.locator(".queue .waiting").waitFor();
  await page.reload();
  await page.locator(".queue .waiting", { hasText: "na herladen" }).waitFor();
  await shot(page, "opened-without-node");
  await node.start();
  await live(page);
  await page.locator("#list .line", { hasText: "na herladen" }).waitFor();
  await page.locator(".queue").waitFor({ state: "detached" });
  expect(await stored("geschreven na herladen zonder knooppunt")).toBe(1);
});

test("an answer that is lost on the way does not make it two", async () => {
  let lost = 0;
  await page.route("**/PublishEntries", async (route) => {
    if (lost >= 2) return route.continue();
    lost += 1;
    // The node has it; the browser never hears.
    await route.fetch();
    return route.abort();
  });
  await post(page, "het antwoord ging verloren");
  await page.locator("#list .line", { hasText: "het antwoord ging verloren" }).waitFor();
  await until(() => page.evaluate(() => new Promise<number>((done) => {
    const opening = indexedDB.open("polder");
    opening.onsuccess = () => {
      const asked = opening.result.transaction("waiting").objectStore("waiting").count();
      asked.onsuccess = () => done(asked.result);
    };
  })), (count) => count === 0, 40_000);
  await page.unroute("**/PublishEntries");
  expect(lost).toBe(2);
  expect(await stored("het antwoord ging verloren")).toBe(1);
});

test("two tabs of one browser send one entry once, and both show it", async () => {
  const second = await visit(context, node.url);
  await live(second);
  await post(second, "uit het tweede tabblad");
  for (const tab of [page, second]) await tab.locator("#list .line", { hasText: "tweede tabblad" }).waitFor();
  expect(await stored("uit het tweede tabblad")).toBe(1);
  await second.close();
});

test("many tabs share one stream, and go on when the one that has it is closed", async () => {
  const own = await person();
  const tabs: Page[] = [];
  const before = await node.subscribers();
  for (let tab = 0; tab < 8; tab += 1) {
    const opened = await visit(own, node.url);
    await live(opened);
    tabs.push(opened);
  }
  expect(await node.subscribers()).toBe(before + 1);
  await node.publish({ name: incident, statement: 1, texts: [{ language: "nl", title: "voor alle tabbladen" }], body: { case: "observation", value: {} } });
  for (const tab of tabs) await tab.locator("#list .line", { hasText: "voor alle tabbladen" }).waitFor();
  const [first, ...others] = tabs as [Page, ...Page[]];
  await first.close();
  await node.publish({ name: incident, statement: 1, texts: [{ language: "nl", title: "na het sluiten" }], body: { case: "observation", value: {} } });
  for (const tab of others) {
    await tab.locator("#list .line", { hasText: "na het sluiten" }).waitFor();
    await live(tab);
  }
  await until(() => node.subscribers(), (count) => count === before + 1);
  const counts = await Promise.all(others.map((tab) => tab.locator("#list h2").innerText()));
  expect(new Set(counts).size).toBe(1);
  await own.close();
});

test("what the node refuses is told in its words, and can be thrown away", async () => {
  await page.route("**/PublishEntries", (route) => {
    const trailer = "grpc-status:9\r\ngrpc-message:het%20incident%20is%20gesloten\r\n";
    const body = Buffer.concat([Buffer.from([0x80, 0, 0, 0, trailer.length]), Buffer.from(trailer)]);
    return route.fulfill({ status: 200, contentType: "application/grpc-web+proto", body });
  });
  await post(page, "dit mag niet");
  const refused = page.locator(".queue .waiting", { hasText: "Niet aangenomen" });
  await refused.waitFor();
  expect(await refused.innerText()).toContain("het incident is gesloten");
  await accessible(page, "what the node refused");
  await page.unroute("**/PublishEntries");
  await refused.getByRole("button", { name: "Weggooien" }).click();
  await refused.waitFor({ state: "detached" });
  expect(await stored("dit mag niet")).toBe(0);
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
