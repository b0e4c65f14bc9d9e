// A page that is open while its node is upgraded: two bundles from disk, of which the parts of the one do
// not fit those of the other.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { accessible, complaints, live, person, quit, shot, visit } from "./browser.ts";
import { front } from "./front.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "zuid-limburg");
const INCIDENT = "incidents/maas";
const OLD = resolve(process.env["POLDER_WEB_BUNDLE"] ?? "dist");
const NEW = mkdtempSync(join(tmpdir(), "polder-bundle-"));
let before: Awaited<ReturnType<typeof front>>;
let served = OLD;

beforeAll(async () => {
  cpSync(OLD, NEW, { recursive: true });
  const [build, other] = [readFileSync(join(OLD, "build.txt"), "utf8").trim(), "feedfacefeedface"];
  // What the bundles of two builds call the same differs: here the page gives the room nothing it knows.
  for (const file of ["page.js", "room.js", "sw.js", "build.txt"]) {
    const path = join(NEW, file);
    const text = readFileSync(path, "utf8");
    expect(text, file).toContain(build);
    writeFileSync(path, text.replaceAll(build, other));
  }
  const room = readFileSync(join(NEW, "room.js"), "utf8");
  const broken = room.replace(/import\s*\{/, "import{nothingThatTheOldPageHas as nothingThatFits,");
  expect(broken).not.toBe(room);
  writeFileSync(join(NEW, "room.js"), broken);
  const page = readFileSync(join(NEW, "page.js"), "utf8");
  writeFileSync(join(NEW, "page.js"), `${page}\nconst nothing = 1; export { nothing as nothingThatTheOldPageHas };\n`);
  await node.start();
  await node.open("maas", "Hoogwater Maas");
  await node.publish({ name: INCIDENT, statement: 1, texts: [{ language: "nl", title: "Water in de straat" }], body: { case: "observation", value: {} } });
  before = await front(() => served, () => node.listen);
});

beforeEach(() => {
  served = OLD;
});

afterAll(async () => {
  await quit();
  before.end();
  await node.remove();
  rmSync(NEW, { recursive: true, force: true });
});

async function open(prepare: (context: BrowserContext) => Promise<void> = async () => undefined): Promise<[BrowserContext, Page]> {
  const context = await person();
  await prepare(context);
  const page = await visit(context, `http://${before.address}/#${INCIDENT}`);
  await live(page);
  return [context, page];
}

/** As an upgrade does: the program ends, and another starts at the same address. */
async function upgraded(): Promise<void> {
  await node.kill();
  served = NEW;
  await node.start();
}

/** What marks a page that was not loaded anew. */
const mark = (page: Page): Promise<void> => page.evaluate(() => void Object.assign(globalThis, { still: true }));
const still = (page: Page): Promise<boolean> => page.evaluate(() => "still" in globalThis).catch(() => false);
const notice = (page: Page) => page.locator(".upgraded", { hasText: "Dit knooppunt is bijgewerkt" });

test("a page says that its node was upgraded, keeps what is being written, and loads itself anew by a button", async () => {
  const [context, page] = await open();
  await mark(page);
  await page.fill("#line", "brug bij Horn is dicht");
  await upgraded();
  await notice(page).waitFor({ timeout: 30_000 });
  await accessible(page, "a page of before the upgrade");
  await shot(page, "upgraded");
  // Words stand in the box: nothing happens by itself.
  await page.waitForTimeout(12_000);
  expect(await still(page)).toBe(true);
  // It works on meanwhile: what is posted arrives.
  await page.press("#line", "Enter");
  await page.locator("#list .line", { hasText: "brug bij Horn is dicht" }).waitFor();
  await page.fill("#line", "pompen nodig in Heel");
  await page.locator(".load-anew").click();
  await until(() => still(page), (was) => !was);
  await live(page);
  expect(await page.inputValue("#line")).toBe("pompen nodig in Heel");
  expect(await notice(page).count()).toBe(0);
  const entries = await node.entries(INCIDENT);
  expect(entries.filter((entry) => entry.texts[0]?.title.includes("brug bij Horn"))).toHaveLength(1);
  await context.close();
});

test("a page on which nobody types loads itself anew, once, on the page of the team where it was", async () => {
  const [context, page] = await open();
  await page.locator(".team-button").click();
  await page.locator(".crew .tab", { hasText: "Sitreps" }).click();
  await page.getByText("Er is geen sitrep uitgegeven.").waitFor();
  await mark(page);
  await upgraded();
  await until(() => still(page), (was) => !was, 60_000);
  await live(page);
  await page.locator(".crew .tab[aria-pressed=true]", { hasText: "Sitreps" }).waitFor();
  await page.getByText("Er is geen sitrep uitgegeven.").waitFor();
  expect(await notice(page).count()).toBe(0);
  await context.close();
});

test("when what the page fetches later does not fit, it says that the node was upgraded and not that it does not answer", async () => {
  let hold = true;
  const [context, page] = await open(async (one) => {
    await one.route("**/room.js", (route) => (hold ? route.abort() : route.continue()));
  });
  await page.locator("#list .line", { hasText: "Water in de straat" }).waitFor();
  await mark(page);
  // The connection never breaks: only what is fetched is of another build.
  served = NEW;
  hold = false;
  await page.locator(".team-button").click();
  await notice(page).waitFor({ timeout: 30_000 });
  await page.locator(".crew", { hasText: "na het opnieuw laden" }).waitFor();
  expect(await page.locator(".crew .warn").count()).toBe(0);
  await page.locator(".load-anew").click();
  await until(() => still(page), (was) => !was);
  await page.locator(".crew .tabs").waitFor();
  expect(await notice(page).count()).toBe(0);
  await context.close();
});

test("a page that opens while the node is away has the files of one build", async () => {
  const [context, page] = await open();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await upgraded();
  await page.reload();
  await live(page);
  const names = (): Promise<string[]> => page.evaluate(async () => [...(await caches.keys())].filter((name) => name.startsWith("polder-page")));
  await until(names, (all) => all.join() === "polder-page-feedfacefeedface");
  await page.evaluate(() => navigator.serviceWorker.ready);
  await node.kill();
  await page.reload();
  await page.locator(".team-button").waitFor();
  const build = await page.evaluate(async () => (await (await caches.match("/room.js"))?.text())?.includes("feedfacefeedface"));
  expect(build).toBe(true);
  await node.start();
  await live(page);
  await context.close();
});

test("nothing was complained about", () => {
  expect(complaints.filter((one) => !one.includes("nothingThatTheOldPageHas"))).toEqual([]);
});
