// The situation picture: what the command line tells, its sections and their owners, the clocks of the
// law, what is to be seen first, and how the crisis organisation grew.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessibleInThis, complaints, inEveryLook, live, person, printed, quit, shot, visit } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "zuid-limburg");
let incident = "";

const say = (title: string, statement: number, body: object, more: object = {}): object => ({
  name: incident, statement, discipline: 6, texts: [{ language: "nl", title }, { language: "en", title: `${title} (en)` }], body, ...more,
});

beforeAll(async () => {
  await node.start();
  incident = await node.open("maas", "Hoogwater Maas");
  node.run("incident", "update", "maas", "--region", "zuid-limburg", "--grip", "2", "--teams", "copi",
    "--owner", "response=zuid-limburg:operationeel leider", "--phase", "warm");
  await node.publish(
    say("Zandzakken leggen", 6, { case: "action", value: { owner: "zuid-limburg", state: 2 } }),
    say("Dijk breekt door bij Meers", 1, { case: "observation", value: { theme: 1 } }, { assessment: { urgency: 4, severity: 4 }, place: "Meers" }),
    say("Ontruimen van de Maasdijk", 5, { case: "decision", value: { decidedBy: "RBT", state: 2 } }),
    say("Weg bij Elsloo dicht", 1, { case: "closure", value: { object: 1, state: 1 } }, { discipline: 9 }),
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
  await page.locator(".crew .tabs .tab").first().click();
  await page.locator("#crew-clocks").waitFor();
  return [context, page];
}

const part = (page: Page, words: string) => page.locator(".crew .part", { has: page.locator("h3", { hasText: words }) });

test("the situation on the page is that of the command line, with owners and clocks", async () => {
  const [context, page] = await open();
  const told = node.run("situation", "--incident", incident, "--lang", "nl");
  const body = await page.locator(".crew-page").innerText();
  for (const words of ["warm", "zuid-limburg GRIP 2 (CoPI)", "Klokken (op tijd: 2)", "ROT zuid-limburg", "zuid-limburg, operationeel leider", "niemand houdt het bij"]) {
    expect(told, words).toContain(words);
    expect(body, words).toContain(words);
  }
  const heads = (await page.locator(".crew-page > .handover > .part > h3").allInnerTexts()).map((one) => one.trim().toLowerCase());
  const printedHeads = told.split("\n").filter((line) => /^(Incident|Bestrijding|Prognose)/.test(line)).map((line) => line.split(" · ")[0]!.toLowerCase());
  expect(heads).toEqual(printedHeads);
  // Another team goes to work: its clock stops, here too.
  node.run("incident", "update", "maas", "--region", "zuid-limburg", "--grip", "2", "--teams", "copi,rot");
  await until(() => page.locator("#crew-clocks").innerText(), (text) => text.includes("op tijd: 3"));
  await until(() => page.locator("[aria-labelledby=crew-scaling]").innerText(), (text) => text.includes("gestart ROT"));
  await context.close();
});

test("a reader chooses a column and sees what concerns it first", async () => {
  const [context, page] = await open();
  const digest = page.locator("[aria-labelledby=crew-digest]");
  await digest.locator("h3", { hasText: "Dringend of ernstig" }).waitFor();
  expect(await digest.locator("h3", { hasText: "Van uw kolom" }).count()).toBe(0);
  await page.locator("#digest-column").selectOption({ label: "vervoer" });
  await digest.locator(".part", { has: page.locator("h3", { hasText: "Van uw kolom" }) }).getByText("Weg bij Elsloo dicht").waitFor();
  await digest.getByText("Dijk breekt door bij Meers").first().click();
  await page.locator(".crew").waitFor({ state: "detached" });
  await context.close();
});

test("on paper the situation has its sections and no buttons", async () => {
  const [context, page] = await open();
  await part(page, "bestrijding").first().waitFor();
  const sheets = await printed(page, "situation");
  if (sheets) expect(sheets.join("\n")).toContain("Situatiebeeld");
  await page.emulateMedia({ media: "print" });
  expect(await page.locator(".crew .tabs").first().isVisible()).toBe(false);
  await context.close();
});

inEveryLook(({ lang, dark }) => {
  test("everybody can read the situation", async () => {
    const [context, page] = await open({ lang, dark });
    await page.locator("#crew-scaling").waitFor();
    await shot(page, `team-situation-${lang}-${dark ? "dark" : "light"}`);
    await accessibleInThis(page, "situation");
    await page.setViewportSize({ width: 820, height: 1100 });
    await shot(page, `team-situation-tablet-${lang}-${dark ? "dark" : "light"}`);
    await accessibleInThis(page, "situation on a tablet");
    await context.close();
  });
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
