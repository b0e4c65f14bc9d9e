// Help: asked, offered, accepted and moved from the page by who may, and counted once.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, accessibleInThis, complaints, inEveryLook, person, quit, shot, signedIn } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "zuid-limburg");
const PHRASE = "een lange wachtwoordzin";
const INCIDENT = "incidents/maas";
const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

beforeAll(async () => {
  await node.start();
  await node.open("maas", "Hoogwater Maas");
  node.account("baas", PHRASE, "administrator:zuid-limburg", "information-manager:zuid-limburg");
  await node.signIn("baas", PHRASE);
  node.account("vraagt", PHRASE, "liaison:zuid-limburg");
  node.account("geeft", PHRASE, "liaison:defensie");
  node.account("leest", PHRASE, "reader:zuid-limburg");
});

afterAll(async () => {
  await quit();
  await node.remove();
});

async function open(name: string, look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  const [context, page] = await signedIn(`${node.url}#${INCIDENT}`, name, PHRASE, look);
  await page.locator(".team-button").click();
  await page.locator(".crew .tab", { hasText: /Bijstand|Help/ }).click();
  return [context, page];
}

const request = (page: Page, need: string) => page.locator("[data-request]", { hasText: need });
const sums = async (page: Page, need: string): Promise<string> => (await request(page, need).locator(".sums").first().innerText()).replace(/\s+/g, " ").trim();

async function ask(page: Page, need: string, quantity: string, of = ""): Promise<void> {
  await page.locator("#ask-help").click();
  await page.fill("#help-what", need);
  await page.fill("#help-quantity", quantity);
  if (of) await page.fill("#help-of", of);
  await page.locator(".helping .send:not([disabled])").press("Enter");
  await request(page, need).waitFor();
}

test("help is asked by one and given by another, accepted and moved, and every unit is counted once", async () => {
  const [hers, page] = await open("vraagt");
  const [his, there] = await open("geeft");
  await page.getByText("Niemand vroeg om bijstand of bood die aan.").waitFor();
  // What is no number is not sent.
  await page.locator("#ask-help").click();
  await page.fill("#help-what", "soldaten");
  await page.fill("#help-quantity", "veel");
  await page.locator(".helping .send").click();
  await page.locator(".problem", { hasText: "Geef een heel getal van minstens 1." }).waitFor();
  await accessible(page, "a request that is written");
  await page.fill("#help-quantity", "300");
  await page.fill("#help-of", "defensie");
  await page.locator(".helping .send:not([disabled])").press("Enter");
  await request(there, "soldaten").waitFor();
  expect(await sums(there, "soldaten")).toBe("gevraagd 300 aanvaard 0 tekort 300");
  // Who gives offers; who asks accepts; neither does the other's part.
  await request(there, "soldaten").locator(".offer-this").click();
  expect(await there.inputValue("#help-quantity")).toBe("300");
  await accessible(there, "an offer that is written");
  await there.fill("#help-what", "bataljon");
  await there.fill("#help-quantity", "200");
  await there.fill("#help-needs", "onderdak");
  await there.locator(".helping .send:not([disabled])").press("Enter");
  const offer = request(page, "soldaten").locator(".help-part", { hasText: "bataljon" });
  await offer.waitFor();
  expect(await offer.innerText()).toMatch(/defensie:[\s\S]*200 bataljon[\s\S]*onderdak/);
  expect([await offer.locator(".move").count(), await request(there, "soldaten").locator(".accept").count()]).toEqual([0, 0]);
  await offer.locator(".accept").click();
  expect(await page.inputValue("#help-quantity")).toBe("200");
  await shot(page, "team-help-accept");
  await accessible(page, "an offer that is about to be accepted");
  await page.locator(".helping .send:not([disabled])").press("Enter");
  await until(() => sums(page, "soldaten"), (told) => told === "gevraagd 300 aanvaard 200 tekort 100");
  const given = request(there, "soldaten").locator(".help-part", { hasText: "bataljon" });
  await until(() => sums(there, "soldaten"), (told) => told.includes("aanvaard 200"));
  await given.locator(".move").click();
  await there.fill("#help-en-route", "150");
  await there.fill("#help-arrived", "60");
  await there.locator(".helping .send").click();
  await there.locator(".problem", { hasText: "Samen meer dan er is aangeboden." }).waitFor();
  await accessible(there, "help that is moved");
  await there.fill("#help-arrived", "50");
  await there.locator(".helping .send:not([disabled])").click();
  await until(() => sums(page, "soldaten"), (told) => told === "gevraagd 300 aanvaard 200 tekort 100 onderweg 150 aangekomen 50");
  expect(node.run("assistance", "--incident", INCIDENT, "--lang", "nl")).toContain("gevraagd 300 · aanvaard 200 · tekort 100 · onderweg 150 · aangekomen 50");
  await his.close();
  await hers.close();
});

test("an offer for nobody in particular is accepted for a request of one's choice", async () => {
  const [hers, page] = await open("vraagt");
  const [his, there] = await open("geeft");
  await ask(page, "boten", "4");
  await there.locator("#offer-help").click();
  await there.fill("#help-what", "rubberboten");
  await there.fill("#help-quantity", "6");
  await there.locator(".helping .send:not([disabled])").click();
  const free = page.locator(".help-part.free", { hasText: "rubberboten" });
  await free.locator(".accept").click();
  await page.selectOption("#help-request", { label: "boten" });
  await until(() => page.inputValue("#help-quantity"), (value) => value === "4");
  await page.locator(".helping .send:not([disabled])").click();
  await until(() => sums(page, "boten"), (told) => told.startsWith("gevraagd 4 aanvaard 4"));
  await free.waitFor({ state: "detached" });
  await page.locator("#only-open").check();
  expect(await request(page, "boten").count()).toBe(1);
  await his.close();
  await hers.close();
});

test("help between countries is asked and offered with what CECIS asks, from the quick forms", async () => {
  const [hers, page] = await open("vraagt");
  const [his, there] = await open("geeft");
  await page.locator("#ask-help").click();
  await page.fill("#help-what", "pompen uit het buitenland");
  await page.fill("#help-quantity", "6");
  expect(await page.locator("#help-module").isVisible()).toBe(false);
  // The keyboard alone suffices.
  await page.locator(".abroad summary").focus();
  await page.keyboard.press("Enter");
  await page.selectOption("#help-module", { label: "pompen met grote capaciteit" });
  await page.fill("#help-entry_point", "grens bij Eijsden");
  await page.fill("#help-number", "CECIS-2021-07");
  for (const name of ["onderdak", "brandstof"]) await page.locator(".abroad").getByRole("checkbox", { name }).check();
  await shot(page, "team-help-abroad");
  await accessible(page, "a request to other countries");
  await page.locator(".helping .send:not([disabled])").press("Enter");
  await request(there, "buitenland").waitFor();
  for (const words of ["pompen met grote capaciteit · grens bij Eijsden · CECIS-2021-07", "Wat er voor gasten is: brandstof, onderdak"]) {
    expect(await request(there, "buitenland").innerText()).toContain(words);
  }
  // Who answers sees at once what was asked.
  await request(there, "buitenland").locator(".offer-this").click();
  await there.locator("#help-module").waitFor();
  expect([await there.inputValue("#help-module"), await there.inputValue("#help-entry_point")]).toEqual(["1", "grens bij Eijsden"]);
  await there.fill("#help-what", "pompen");
  await there.selectOption("#help-transport", { label: "over de weg" });
  await there.selectOption("#help-costs", { label: "de ontvanger betaalt" });
  for (const name of ["onderdak", "tolken"]) await there.locator(".abroad").getByRole("checkbox", { name }).check();
  await shot(there, "team-help-abroad-offer");
  await accessible(there, "an offer to another country");
  await there.locator(".helping .send:not([disabled])").click();
  const offer = request(page, "buitenland").locator(".help-part");
  await offer.locator(".accept").click();
  await page.locator(".helping .send:not([disabled])").click();
  // What nobody said to have is told.
  await offer.locator(".badge", { hasText: "niemand zei te hebben: tolken" }).waitFor();
  const bodies = (await node.entries(INCIDENT)).flatMap(({ body }) => (body.case === "assistanceRequest" && body.value.need.includes("buitenland")) || (body.case === "assistanceOffer" && body.value.number === "" && body.value.module === 1) ? [body.value] : []);
  expect(bodies).toHaveLength(2);
  expect(bodies.find((one) => "need" in one)).toMatchObject({ module: 1, entryPoint: "grens bij Eijsden", number: "CECIS-2021-07", providedSupport: [1, 2] });
  expect(bodies.find((one) => "means" in one)).toMatchObject({ module: 1, entryPoint: "grens bij Eijsden", transport: 1, costs: 2, neededSupport: [2, 5] });
  await his.close();
  await hers.close();
});

test("who only reads has nothing to press, and the past shows what was known then", async () => {
  const [context, page] = await open("leest");
  await request(page, "soldaten").waitFor();
  expect(await page.locator("#ask-help, #offer-help, .offer-this, .accept, .move").count()).toBe(0);
  await page.locator(".time #when").focus();
  await page.keyboard.press("Home");
  await page.getByText("Niemand vroeg om bijstand of bood die aan.").waitFor();
  await page.locator(".frame button").click();
  await request(page, "soldaten").waitFor();
  await context.close();
});

test("what is asked while the node is away waits, says so, and is asked once", async () => {
  const [context, page] = await open("vraagt");
  await request(page, "soldaten").waitFor();
  await node.kill();
  await page.locator(".crew [role=alert]", { hasText: "Het knooppunt antwoordt niet. Dit is van" }).waitFor();
  await page.locator("#ask-help").click();
  await page.fill("#help-what", "zandzakken");
  await page.fill("#help-quantity", "5.000");
  await page.locator(".helping .send:not([disabled])").click();
  await page.locator(".crew .queue .waiting", { hasText: "zandzakken" }).waitFor();
  await accessible(page, "a page of the team while the node is away");
  await node.start();
  await request(page, "zandzakken").waitFor({ timeout: 60_000 });
  await page.locator(".crew .queue").waitFor({ state: "detached" });
  expect(await sums(page, "zandzakken")).toBe("gevraagd 5.000 aanvaard 0 tekort 5.000");
  await node.signIn("baas", PHRASE);
  expect((await node.entries(INCIDENT)).filter((entry) => entry.body.case === "assistanceRequest" && entry.body.value.need === "zandzakken")).toHaveLength(1);
  await context.close();
});

inEveryLook(({ lang, dark }) => {
  test("everybody can read who asks, gives and lacks what", async () => {
    const [context, page] = await open("vraagt", { lang, dark });
    if (lang === "nl" && !dark) await ask(page, HOSTILE.slice(0, 150), "1");
    await request(page, "soldaten").waitFor();
    await shot(page, `team-help-${lang}-${dark ? "dark" : "light"}`);
    await accessibleInThis(page, "help");
    expect(await page.title()).toBe("Polder");
    await context.close();
  });
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
