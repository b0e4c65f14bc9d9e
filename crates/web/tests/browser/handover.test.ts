// Hand-over and gaps: what the next shift must know, as the command line tells it, at any moment.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, accessibleInThis, complaints, inEveryLook, live, person, printed, quit, sheetHead, shot, visit } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "zuid-limburg");
const HOUR = 3_600_000;
const NOW = Date.now();
const at = (hours: number): ReturnType<typeof timestampFromMs> => timestampFromMs(NOW + hours * HOUR);
let incident = "";

const say = (title: string, statement: number, body: object, more: object = {}): object => ({
  name: incident, statement, discipline: 6, texts: [{ language: "nl", title }, { language: "en", title: `${title} (en)` }], body, ...more,
});
const customers = (party: string, value: bigint): object => say(`${party} telt`, 1, { case: "outage", value: { service: 1, state: 3, customers: { value, basis: 2, qualifier: 1 } } },
  { party: `parties/${party}`, place: "Valkenburg", discipline: 8 });

beforeAll(async () => {
  await node.start();
  incident = await node.open("maas", "Hoogwater Maas");
  await node.publish(
    say("Zandzakken leggen", 6, { case: "action", value: { owner: "waterschap", state: 2, dueTime: at(-1) } }),
    say("Wie sluit de stuw?", 7, { case: "observation", value: {} }),
    say("Weg naar de dijk is vol", 4, { case: "observation", value: {} }, { party: "parties/politie" }),
    say("Ontruimen van de Maasdijk", 5, { case: "decision", value: { decidedBy: "RBT", state: 2, decidedTime: at(-0.5) } }),
    say("Piek bij Borgharen", 3, { case: "waterLevel", value: { gauge: "Borgharen", levelM: 45.9, datum: "NAP", peakTime: at(9) } }),
    say("Lezen: dijk lekt", 1, { case: "observation", value: {} }, { attention: { addressees: [{ party: "parties/ghor" }], within: { seconds: 7_200n } } }),
    customers("enexis", 370n),
    customers("gemeente", 500n),
  );
});

afterAll(async () => {
  await quit();
  await node.remove();
});

async function open(look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  const context = await person(look);
  const page = await visit(context, `${node.url}#${incident}`);
  await live(page);
  await page.locator(".team-button").click();
  await page.locator(".crew .part").first().waitFor();
  return [context, page];
}

const part = (page: Page, words: string) => page.locator(".crew .part", { has: page.locator("h3", { hasText: words }) });
const headings = async (page: Page): Promise<string[]> => (await page.locator(".crew-page > .handover > .part > h3").allInnerTexts()).map((one) => one.trim());
/** Headings that the command line prints. */
const told = (since: number): string[] => node.run("handover", "--since", new Date(since).toISOString(), "--incident", incident, "--lang", "nl")
  .split("\n").filter((line) => /^\S.*(: geen|\(\d+\))$/.test(line)).map((line) => line.trim());

test("the hand-over on the page is that of the command line, since a moment that is chosen", async () => {
  const [context, page] = await open();
  const since = Math.floor(NOW / HOUR) * HOUR - 8 * HOUR;
  await until(() => headings(page), (heads) => heads.length === 7);
  expect(await headings(page)).toEqual(told(since));
  expect(await part(page, "Te laat (1)").innerText()).toMatch(/Zandzakken leggen[\s\S]*actie · uiterlijk/);
  expect(await part(page, "Verwacht (1)").innerText()).toMatch(/Piek bij Borgharen[\s\S]*verwacht/);
  expect(await part(page, "Besloten (1)").innerText()).toMatch(/Ontruimen van de Maasdijk/);
  expect(await part(page, "Tegenspraken (1)").innerText()).toMatch(/370[\s\S]*500|500[\s\S]*370/);
  // Since now: all of it was there already.
  const later = Date.now() + 1000;
  const local = await page.evaluate((ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19), later);
  await page.locator("#since").evaluate((input: HTMLInputElement) => input.removeAttribute("max"));
  await until(() => Date.now(), (now) => now > later + 1000);
  await page.locator("#since").fill(local);
  await part(page, "Veranderd, het dringendste eerst: geen").waitFor();
  expect((await headings(page)).find((one) => one.startsWith("Te laat"))).toBe("Te laat (1)");
  await page.getByRole("button", { name: "laatste 12 uur" }).click();
  await part(page, "Veranderd, het dringendste eerst (").waitFor();
  // One click from the picture.
  await part(page, "Te laat").locator("button.line").click();
  await page.locator(".detail h3", { hasText: "Zandzakken leggen" }).waitFor();
  await context.close();
});

test("what is new is in the hand-over at once, and gaps say who is silent", async () => {
  const [context, page] = await open();
  await node.publish(say("Nieuw knelpunt bij de stuw", 4, { case: "observation", value: {} }, { party: "parties/waterschap" }));
  await part(page, "Open (").locator(".line", { hasText: "Nieuw knelpunt bij de stuw" }).waitFor();
  const shown = (await page.locator(".gaps").innerText()).replace(/\s+/g, " ");
  expect(shown).toMatch(/bestrijding/);
  for (const party of ["enexis", "politie", "waterschap"]) expect(shown).toContain(`${party}: laatste woord`);
  await context.close();
});

test("a hand-over of then knows nothing of later, and that of now comes back", async () => {
  const [context, page] = await open();
  await page.locator(".time #when").focus();
  await page.keyboard.press("Home");
  await page.locator(".frame", { hasText: "DIT IS NIET NU" }).waitFor();
  await until(() => headings(page), (heads) => heads.length === 7 && heads.slice(0, 6).every((one) => one.endsWith(": geen")));
  await page.locator(".gaps .badge", { hasText: "niemand heeft het gevuld" }).first().waitFor();
  await accessible(page, "a hand-over of then");
  await page.locator(".frame button").click();
  await part(page, "Te laat (1)").waitFor();
  await context.close();
});

test("while the node is away the page says of when it is, and goes on when the node is back", async () => {
  const [context, page] = await open();
  await part(page, "Te laat (1)").waitFor();
  await node.kill();
  await page.locator(".crew [role=alert]", { hasText: "Het knooppunt antwoordt niet. Dit is van" }).first().waitFor();
  expect(await part(page, "Te laat (1)").count()).toBe(1);
  await node.start();
  await live(page);
  await page.locator(".crew [role=alert]").first().waitFor({ state: "detached", timeout: 60_000 });
  await page.keyboard.press("Escape");
  await page.locator(".crew").waitFor({ state: "detached" });
  await context.close();
});

test("on paper each sheet says of when it is, of which node and how complete", async () => {
  const [context, page] = await open({ dark: true });
  await part(page, "Te laat (1)").waitFor();
  const head = await sheetHead(page);
  expect(head).toMatch(/Hoogwater Maas · Overdracht en gaten · stand van .* · knooppunt zuid · .* geen verbindingen/);
  const sheets = await printed(page, "handover");
  if (sheets) {
    expect(sheets.length).toBeGreaterThan(1);
    for (const [at, sheet] of sheets.entries()) {
      expect(sheet.trimStart().split("\n")[0]).toContain("Hoogwater Maas · Overdracht en gaten · stand van");
      expect(sheet.replaceAll(" ", "")).toContain(`${at + 1}/${sheets.length}`);
    }
  }
  await page.emulateMedia({ media: "print" });
  for (const gone of [".since", ".time", ".crew .tabs", ".dispute .decide", ".bar button"]) expect(await page.locator(gone).first().isVisible(), gone).toBe(false);
  await context.close();
});

inEveryLook(({ lang, dark }) => {
  test("everybody can read hand-over and gaps", async () => {
    const [context, page] = await open({ lang, dark });
    await part(page, lang === "nl" ? "Te laat (1)" : "Overdue (1)").waitFor();
    await page.locator(".gaps h3").first().waitFor();
    await shot(page, `team-handover-${lang}-${dark ? "dark" : "light"}`);
    await accessibleInThis(page, "hand-over and gaps");
    await page.setViewportSize({ width: 820, height: 1100 });
    await shot(page, `team-handover-tablet-${lang}-${dark ? "dark" : "light"}`);
    await accessibleInThis(page, "hand-over on a tablet");
    await context.close();
  });
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
