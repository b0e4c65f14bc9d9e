// In a form: who must see an entry, within how long, and who is asked when they are late.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, accessibleInThis, complaints, inEveryLook, live, person, quit, shot, visit } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "zuid-limburg");
let incident = "";

beforeAll(async () => {
  await node.start();
  incident = await node.open("maas", "Hoogwater Maas");
});

afterAll(async () => {
  await quit();
  await node.remove();
});

async function open(look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  const context = await person(look);
  const page = await visit(context, `${node.url}#${incident}`);
  await live(page);
  return [context, page];
}

/** Opens the form on what is typed, and the part that says who must see it. */
async function begun(page: Page, line: string): Promise<void> {
  await page.fill("#line", line);
  await page.getByRole("button", { name: /Formulier|Form/ }).first().click();
  await page.locator(".must-see summary").click();
  await page.locator(".must-see button", { hasText: /Toevoegen|Erbij|Add/ }).click();
  await page.locator("#f-attention-addressees-0-party").waitFor();
}

const seen = async (title: string) => (await node.entries(incident)).find((entry) => entry.texts[0]?.title === title)?.attention;

test("who must see an entry is said in its form, stands on top until they have, and stays or goes when it is changed", async () => {
  const [context, page] = await open();
  await begun(page, "de dijk lekt");
  // Nobody is not somebody.
  await page.locator(".form .send:not([disabled])").press("Enter");
  await page.locator("#f-attention-addressees-0-party[aria-invalid=true]").waitFor();
  await page.fill("#f-attention-addressees-0-party", "ghor");
  await page.fill("#f-attention-addressees-0-role", "officier van dienst");
  await page.fill("#f-attention-addressees-0-second", "ghor");
  await page.fill("#f-attention-within", "45");
  // What the node has against it finds its field.
  await page.locator(".form .send:not([disabled])").press("Enter");
  await page.locator(".form .problem", { hasText: /\S/ }).first().waitFor();
  await until(() => page.locator("#f-attention-addressees-0-second").getAttribute("aria-invalid"), (bad) => bad === "true");
  await accessible(page, "who must see it");
  await page.fill("#f-attention-addressees-0-second", "politie");
  await page.locator(".form .send:not([disabled])").press("Enter");
  await page.locator(".attention", { hasText: "de dijk lekt" }).waitFor();
  expect(await page.locator(".attention .plain li").innerText()).toMatch(/ghor \(officier van dienst\)/);
  const said = await seen("de dijk lekt");
  expect([said?.addressees.map(({ party, role, second }) => [party, role, second]), said?.within?.seconds]).toEqual([[["parties/ghor", "officier van dienst", "parties/politie"]], 2700n]);
  await page.locator("#list .line", { hasText: "de dijk lekt" }).click();
  await page.locator(".detail .edit").click();
  await until(() => page.locator("#f-attention-within").inputValue(), (value) => value === "45");
  expect(await page.inputValue("#f-attention-addressees-0-party")).toBe("ghor");
  await page.fill("#f-texts-0-title", "de dijk lekt niet meer");
  await page.locator(".must-see button", { hasText: /Weg|Verwijder|Haal|Remove/ }).click();
  await page.locator("#f-attention-addressees-0-party").waitFor({ state: "detached" });
  await page.locator(".form .send:not([disabled])").press("Enter");
  await page.locator("#list .line", { hasText: "de dijk lekt niet meer" }).waitFor();
  expect(await seen("de dijk lekt niet meer")).toBeUndefined();
  await page.locator(".attention").waitFor({ state: "detached" });
  await context.close();
});

inEveryLook(({ lang, dark }) => {
  test("everybody can say who must see it", async () => {
    const [context, page] = await open({ lang, dark });
    await begun(page, "water stijgt");
    await page.locator("#f-attention-addressees-0-party").fill("ghor");
    await page.locator(".must-see").scrollIntoViewIfNeeded();
    await shot(page, `team-mustsee-${lang}-${dark ? "dark" : "light"}`);
    await accessibleInThis(page, "who must see it");
    await context.close();
  });
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
