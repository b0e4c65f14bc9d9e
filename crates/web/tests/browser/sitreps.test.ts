// Sitreps: compiled, edited, issued by who may, read as the command line shows them, compared, printed.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, accessibleInThis, complaints, inEveryLook, live, person, printed, quit, sheetHead, shot, signedIn } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "zuid-limburg");
const PHRASE = "een lange wachtwoordzin";
const INCIDENT = "incidents/maas";
const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

const say = (title: string, statement = 1): object => ({
  name: INCIDENT, statement, discipline: 6, texts: [{ language: "nl", title }, { language: "en", title: `${title} (en)` }], body: { case: "observation", value: {} },
});

beforeAll(async () => {
  await node.start();
  await node.open("maas", "Hoogwater Maas");
  node.account("baas", PHRASE, "administrator:zuid-limburg", "information-manager:zuid-limburg");
  await node.signIn("baas", PHRASE);
  node.account("anna", PHRASE, "liaison:zuid-limburg");
  await node.publish(say("water in de straat"), say(HOSTILE), say("weg naar de dijk is vol", 4));
});

afterAll(async () => {
  await quit();
  await node.remove();
});

async function open(name = "baas", look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  const [context, page] = await signedIn(`${node.url}#${INCIDENT}`, name, PHRASE, look);
  await toSitreps(page, look.lang);
  return [context, page];
}

async function toSitreps(page: Page, _lang?: string): Promise<void> {
  await page.locator(".team-button").click();
  await page.locator(".crew .tab", { hasText: "Sitreps" }).click();
}

/** Fills in who issues it, and has it compiled. */
async function compiled(page: Page, team: string): Promise<void> {
  await page.locator("#new-sitrep").click();
  await page.fill("#sitrep-team", team);
  await page.fill("#sitrep-by", "informatiemanager");
  await page.locator("#compile").click();
  await page.locator(".drafting .theme").first().waitFor();
}

const shows = (named: string): string => node.run("sitrep", "show", named, "--incident", INCIDENT, "--lang", "nl");
const squeezed = (text: string): string => text.replace(/^[-•]\s+/gm, "").replace(/\s+/g, " ").trim();

test("a sitrep is compiled from the picture, edited, issued once, and reads as the command line shows it", async () => {
  const [context, page] = await open();
  await page.getByText("Er is geen sitrep uitgegeven.").waitFor();
  await page.locator("#new-sitrep").click();
  await accessible(page, "a sitrep that is begun");
  await page.locator("#discard").click();
  await compiled(page, "ROT");
  await page.locator("[data-theme-remark='1']").fill("De dijk houdt.\nNog niemand gewond.");
  const line = page.locator(".draft-line", { hasText: "water in de straat" });
  await line.getByRole("button", { name: "Wijzig" }).click();
  await page.locator(".line-dutch").fill("water in de hoofdstraat");
  await accessible(page, "a line of a sitrep that is changed");
  await page.getByRole("button", { name: "Klaar" }).click();
  await page.locator(".draft-line", { hasText: "water in de hoofdstraat" }).waitFor();
  await page.locator(".draft-line", { hasText: "script" }).first().getByRole("button", { name: "Laat weg" }).click();
  // A reload loses nothing of it.
  await page.reload();
  await live(page);
  await toSitreps(page);
  await page.locator("#draft-head").waitFor();
  await page.locator(".draft-line", { hasText: "water in de hoofdstraat" }).waitFor();
  expect(await page.locator("[data-theme-remark='1']").inputValue()).toBe("De dijk houdt.\nNog niemand gewond.");
  await accessible(page, "a sitrep that is made");
  await shot(page, "team-sitrep-draft");
  // The answer is lost: the same request goes again, and there is one sitrep.
  let lost = 0;
  await page.route("**/IssueSitrep", async (route) => {
    if ((lost += 1) > 1) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await page.locator("#issue:not([disabled])").press("Enter");
  await page.locator(".crew [role=alert]", { hasText: "het telt maar één keer" }).waitFor();
  await page.locator("#issue:not([disabled])").click();
  await page.locator(".sitrep h3", { hasText: "Sitrep 1.1 ROT" }).waitFor();
  expect(node.run("sitrep", "show", "--incident", INCIDENT).match(/ROT/g)).toHaveLength(1);
  const read = await page.locator(".sitrep").innerText();
  for (const told of shows("1").split("\n").filter((one) => one.trim()).map(squeezed)) {
    // Up to the time, which the command line has in another zone.
    const short = told.split(/: \d| \(/)[0]!.replace(": ", " ").toLowerCase();
    expect(squeezed(read).toLowerCase(), told).toContain(short);
  }
  expect(read).toContain("water in de hoofdstraat");
  expect(read).toContain("1 verdere items weggelaten");
  expect(await page.title()).toBe("Polder");
  await context.close();
});

test("a later sitrep and a later version stand beside the first, and two are compared as the command line does", async () => {
  const [context, page] = await open();
  await page.locator("[data-sitrep]").first().waitFor();
  await node.publish(say("nieuw: de stuw is dicht"));
  await compiled(page, "ROT");
  await page.locator("#issue:not([disabled])").click();
  await page.locator(".sitrep h3", { hasText: "Sitrep 2.1 ROT" }).waitFor();
  await page.getByRole("button", { name: "Terug naar de lijst" }).click();
  await page.locator("[data-sitrep]", { hasText: "Sitrep 2.1" }).waitFor();
  await page.selectOption("#compare-first", { label: "Sitrep 1.1 ROT" });
  await page.selectOption("#compare-second", { label: "Sitrep 2.1 ROT" });
  const told = node.run("sitrep", "diff", "1", "2", "--incident", INCIDENT, "--lang", "nl").split("\n").filter((line) => line.trim());
  await until(() => page.locator(".change").count(), (count) => count === told.length);
  const rows = await page.locator(".change").allInnerTexts();
  told.forEach((line, at) => {
    expect(rows[at]!.trim()[0]).toBe(line[0]);
    expect(squeezed(rows[at]!)).toContain(squeezed(line.slice(2).replace(/ \([^)]*\)$/, "")));
  });
  await shot(page, "team-sitrep-compare");
  await accessible(page, "two sitreps compared");
  await page.locator("[data-sitrep]", { hasText: "Sitrep 1.1" }).click();
  await page.locator("#next-version").click();
  await page.locator("#compile").click();
  await page.locator("#issue:not([disabled])").click();
  await page.locator(".sitrep h3", { hasText: "Sitrep 1.2 ROT" }).waitFor();
  await page.locator(".versions button", { hasText: "1.1" }).click();
  await page.locator(".sitrep", { hasText: "water in de hoofdstraat" }).waitFor();
  await context.close();
});

test("who may not lead reads sitreps and issues none, and of the past there are those of then", async () => {
  const [context, page] = await open("anna");
  await page.locator("[data-sitrep]", { hasText: "Sitrep 2.1" }).waitFor();
  expect(await page.locator("#new-sitrep").count()).toBe(0);
  await page.locator("[data-sitrep]", { hasText: "Sitrep 2.1" }).click();
  await page.locator(".sitrep h3").waitFor();
  expect(await page.locator("#next-version").count()).toBe(0);
  await page.getByRole("button", { name: "Terug naar de lijst" }).click();
  await page.locator(".time #when").focus();
  await page.keyboard.press("Home");
  await page.getByText("Er is geen sitrep uitgegeven.").waitFor();
  await page.locator(".frame button").click();
  await page.locator("[data-sitrep]", { hasText: "Sitrep 2.1" }).waitFor();
  await context.close();
});

test("while the node is away nothing is issued and the page says so; the draft stays", async () => {
  const [context, page] = await open();
  await compiled(page, "CoPI");
  await node.kill();
  await page.locator("#issue:not([disabled])").click();
  await page.locator(".crew [role=alert]", { hasText: "Het knooppunt antwoordt niet. Uw concept staat er nog" }).waitFor();
  await node.start();
  await live(page);
  await page.locator("#issue:not([disabled])").click();
  await page.locator(".sitrep h3", { hasText: "Sitrep 1.1 CoPI" }).waitFor({ timeout: 60_000 });
  await context.close();
});

test("on paper a sitrep says on each sheet which it is, of when, of which node and how complete", async () => {
  const [context, page] = await open("anna");
  await node.publish(...Array.from({ length: 70 }, (_, at) => say(`melding ${at}, met zoveel woorden dat het over meer dan een vel gaat, want zo lang is een dag`)));
  const [his, there] = await open();
  await compiled(there, "GBT");
  await there.locator("#issue:not([disabled])").click();
  await there.locator(".sitrep h3", { hasText: "Sitrep 1.1 GBT" }).waitFor();
  await his.close();
  await page.locator("[data-sitrep]", { hasText: "GBT" }).click();
  await page.locator(".sitrep h3", { hasText: "GBT" }).waitFor();
  await until(() => sheetHead(page), (head) => /Hoogwater Maas · Sitrep 1\.1 GBT · stand van .* · knooppunt zuid · .* geen verbindingen/.test(head));
  const sheets = await printed(page, "sitrep");
  if (sheets) {
    expect(sheets.length).toBeGreaterThan(1);
    for (const [at, sheet] of sheets.entries()) {
      expect(sheet.trimStart().split("\n")[0]).toContain("Sitrep 1.1 GBT");
      expect(sheet.replaceAll(" ", "")).toContain(`${at + 1}/${sheets.length}`);
    }
  }
  await page.emulateMedia({ media: "print" });
  for (const gone of [".crew .head", ".time", ".crew .tabs"]) expect(await page.locator(gone).first().isVisible(), gone).toBe(false);
  await context.close();
});

inEveryLook(({ lang, dark }) => {
  test("everybody can read sitreps", async () => {
    const [context, page] = await open("anna", { lang, dark });
    await page.locator("[data-sitrep]", { hasText: "Sitrep 1.2" }).waitFor();
    await accessibleInThis(page, "the list of sitreps");
    await page.locator("[data-sitrep]", { hasText: "Sitrep 1.2" }).click();
    await page.locator(".sitrep h3").waitFor();
    await shot(page, `team-sitrep-${lang}-${dark ? "dark" : "light"}`);
    await accessibleInThis(page, "a sitrep that is read");
    await context.close();
  });
});

test("a sitrep is recalled from where it is read, and then says why instead of what it said", async () => {
  const [context, page] = await open();
  await compiled(page, "Team dat te veel zei");
  await page.locator("#issue:not([disabled])").click();
  await page.locator(".sitrep", { hasText: "Team dat te veel zei" }).waitFor();
  await page.locator(".crew .recall").click();
  await page.fill("#take-back-why", "Noemt namen");
  await page.check("#take-back-sure");
  await accessible(page, "a sitrep that is about to be recalled");
  await page.locator(".taking-back .send").click();
  await page.locator(".crew .warn", { hasText: "INGETROKKEN: Noemt namen" }).waitFor();
  expect(await page.locator(".sitrep").count()).toBe(0);
  await page.getByRole("button", { name: "Terug naar de lijst" }).click();
  await until(() => page.locator("[data-sitrep]", { hasText: "Team dat te veel zei" }).count(), (count) => count === 0);
  await context.close();
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
