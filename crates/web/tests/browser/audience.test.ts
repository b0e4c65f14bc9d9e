// To whom something is said, at a node with a charter: chosen, shown, checked by the node, and kept.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, complaints, person, quit, sendForm, shot, visit } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("kern", "politie");
const PHRASE = "een lange wachtwoordzin";
const INCIDENT = "incidents/maas";

beforeAll(async () => {
  await node.start();
  node.charter(
    ["party", "politie", "--discipline", "police"],
    ["party", "ghor", "--discipline", "medical"],
    ["certify", "--party", "politie"],
    ["member", "maas", "politie"],
    ["member", "maas", "ghor"],
    ["audience", "kern", "--party", "politie", "--name", "Kernteam <b>", "--name", "en=Core team <b>"],
    ["audience", "ander", "--party", "ghor"],
    ["role", "baas", "administrator", "--party", "politie"],
    ["role", "baas", "information-manager", "--party", "politie"],
    ["role", "anna", "liaison", "--party", "politie"],
    ["role", "carla", "reader", "--party", "ghor"],
  );
  node.account("baas", PHRASE, "administrator:politie");
  await node.signIn("baas", PHRASE);
  node.account("anna", PHRASE);
  node.account("carla", PHRASE);
  await node.open("maas", "Hoogwater Maas");
  await node.publish({ name: INCIDENT, statement: 1, texts: [{ language: "nl", title: "voor allen" }], body: { case: "observation", value: {} } });
});

afterAll(async () => {
  await quit();
  await node.remove();
});

const line = (page: Page, words: string) => page.locator("#list .line", { hasText: words });

async function open(name: string): Promise<[BrowserContext, Page]> {
  const context = await person();
  const page = await visit(context, `${node.url}#${INCIDENT}`);
  await page.locator("#account").waitFor();
  await page.fill("#account", name);
  await page.fill("#passphrase", PHRASE);
  await page.press("#passphrase", "Enter");
  await line(page, "voor allen").waitFor();
  return [context, page];
}

const audienceOf = async (title: string): Promise<string[]> =>
  (await node.entries(INCIDENT)).filter((entry) => entry.texts[0]?.title === title).map((entry) => entry.audience);

test("what is said to some is shown as theirs, stays theirs when it is changed, and is not there for others", async () => {
  const [context, page] = await open("anna");
  await page.fill("#line", "alleen voor de kern");
  await page.locator("#audience").waitFor();
  const choices = await page.locator("#audience option").allInnerTexts();
  expect(choices.map((text) => text.trim())).toEqual(["iedereen", "Kernteam <b>", "andere doelgroep …"]);
  await page.selectOption("#audience", "audiences/kern");
  await accessible(page, "a choice of audience");
  await page.press("#line", "Control+Enter");
  await line(page, "alleen voor de kern").waitFor();
  expect(await line(page, "alleen voor de kern").locator(".badge.audience").innerText()).toMatch(/Kernteam <b>/);
  expect(await line(page, "voor allen").locator(".badge.audience").count()).toBe(0);
  expect(await audienceOf("alleen voor de kern")).toEqual(["audiences/kern"]);
  await line(page, "alleen voor de kern").click();
  await page.locator(".detail .history li").waitFor();
  expect(await page.locator(".detail").innerText()).toMatch(/Schrijver\s+anna\s+Voor wie\s+Kernteam <b>/);
  await shot(page, "audience");
  await page.locator(".detail .edit").click();
  await page.fill("#f-texts-0-title", "nog steeds voor de kern");
  await sendForm(page);
  await line(page, "nog steeds voor de kern").waitFor();
  expect([await audienceOf("alleen voor de kern"), await audienceOf("nog steeds voor de kern")]).toEqual([[], ["audiences/kern"]]);
  const [other, there] = await open("carla");
  await until(() => there.locator("#list .line").count(), (count) => count === 1);
  expect(await there.locator("body").innerText()).not.toContain("voor de kern");
  await other.close();
  await context.close();
});

test("an audience that is none is refused by the node, kept, and put right", async () => {
  const [context, page] = await open("anna");
  await page.fill("#line", "voor wie eigenlijk");
  await page.selectOption("#audience", "?");
  await page.getByLabel("Naam van de doelgroep").fill("bestaat-niet");
  await page.press("#line", "Control+Enter");
  const refused = page.locator(".queue .waiting", { hasText: "voor wie eigenlijk" });
  await refused.locator(".problem", { hasText: /deze doelgroep is hier niet, of u hoort er niet bij/i }).waitFor();
  expect(await audienceOf("voor wie eigenlijk")).toEqual([]);
  await refused.getByRole("button", { name: "Verbeteren" }).click();
  await page.locator(".form .problem", { hasText: /doelgroep/i }).first().waitFor();
  await sendForm(page);
  await page.locator(".form .problem", { hasText: /doelgroep/i }).first().waitFor();
  expect(await page.locator(".queue .waiting").count()).toBe(1);
  await page.selectOption("#form-audience", "audiences/kern");
  await sendForm(page);
  await line(page, "voor wie eigenlijk").waitFor();
  await refused.waitFor({ state: "detached" });
  expect(await audienceOf("voor wie eigenlijk")).toEqual(["audiences/kern"]);
  await context.close();
});

test("a guest of some speaks to those and nobody else", async () => {
  const invitation = node.invite("Gast van de kern", INCIDENT, "kern", "--may-report");
  const context = await person();
  const page = await visit(context, `${node.url}#invitation=${invitation}`);
  await page.locator(".door .send").click();
  await page.locator(".me summary", { hasText: "Gast van de kern" }).waitFor();
  await page.fill("#line", "door de gast gezien");
  await page.locator("#audience").waitFor();
  expect(await page.inputValue("#audience")).toBe("audiences/kern");
  await page.press("#line", "Control+Enter");
  await line(page, "door de gast gezien").waitFor();
  expect(await audienceOf("door de gast gezien")).toEqual(["audiences/kern"]);
  await context.close();
});

test("what is said to some is released to all by one action, and both sides say so; who may not has no button", async () => {
  const [context, page] = await open("anna");
  await page.fill("#line", "geheim van de kern");
  await page.selectOption("#audience", "audiences/kern");
  await page.press("#line", "Control+Enter");
  await line(page, "geheim van de kern").click();
  await page.locator(".detail .release").click();
  await page.locator("#release-to").waitFor();
  expect((await page.locator("#release-to option").allInnerTexts()).map((text) => text.trim())).toEqual(["iedereen", "andere doelgroep …"]);
  await accessible(page, "a release");
  await page.fill("#release-title", "wat iedereen mag weten");
  await shot(page, "release");
  // Lost on the way: the same request goes again, and there is one new entry.
  let lost = 0;
  await page.route("**/ReleaseEntry", async (route) => {
    if ((lost += 1) > 1) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await page.getByRole("button", { name: "Ja, geef vrij" }).click();
  await page.locator(".releasing [role=alert]").waitFor();
  await page.getByRole("button", { name: "Ja, geef vrij" }).click();
  await page.locator(".releasing").waitFor({ state: "detached" });
  const there = line(page, "wat iedereen mag weten");
  await there.waitFor();
  expect(await there.locator(".badge.released").innerText()).toMatch(/vrijgegeven/i);
  await page.locator(".detail .released-line", { hasText: "Vrijgegeven uit geheim van de kern" }).waitFor();
  await page.locator(".detail .released-line button").click();
  await page.locator(".detail .released-line", { hasText: "vrijgegeven aan iedereen" }).waitFor();
  expect(await line(page, "geheim van de kern").locator(".badge.released").innerText()).toMatch(/vrijgegeven aan iedereen/i);
  const released = (await node.entries(INCIDENT)).filter((entry) => entry.texts[0]?.title === "wat iedereen mag weten");
  expect(released.map((entry) => [entry.audience, entry.relations[0]?.type, entry.author])).toEqual([["", 7, "anna"]]);
  const [other, reader] = await open("carla");
  await line(reader, "wat iedereen mag weten").click();
  await reader.locator(".detail .released-line", { hasText: "een item dat u niet ziet" }).waitFor();
  expect(await reader.locator(".detail .release").count()).toBe(0);
  expect(await reader.locator("body").innerText()).not.toContain("geheim van de kern");
  await other.close();
  await context.close();
});

test("what was said to too many is recalled to fewer: they read it anew, others only that it left and why", async () => {
  const [context, page] = await open("anna");
  await page.fill("#line", "verdachte woont aan de kade");
  await page.press("#line", "Control+Enter");
  await line(page, "verdachte woont").waitFor();
  const [other, reader] = await open("carla");
  await line(reader, "verdachte woont").click();
  await line(page, "verdachte woont").click();
  await page.locator(".detail .recall").click();
  await page.locator(".taking-back", { hasText: "Elk knooppunt dat het heeft laat de inhoud los" }).waitFor();
  expect((await page.locator("#recall-for option").allInnerTexts()).map((text) => text.trim())).toEqual(["niemand", "Kernteam <b>"]);
  await page.selectOption("#recall-for", "audiences/kern");
  await page.fill("#take-back-why", "Noemt een verdachte");
  await page.check("#take-back-sure");
  await accessible(page, "a recall");
  await shot(page, "recall");
  await page.locator(".taking-back .send").click();
  await page.locator(".taken-back", { hasText: "Opnieuw gezegd als dit item." }).waitFor();
  await until(() => audienceOf("verdachte woont aan de kade"), (all) => all.join() === "audiences/kern");
  await until(() => reader.locator("body").innerText(), (text) => !text.includes("verdachte woont"));
  await reader.locator(".detail .warn", { hasText: "Noemt een verdachte" }).waitFor();
  await other.close();
  await context.close();
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
