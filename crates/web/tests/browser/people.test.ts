// Signing in at a real node: who may see what, whose report goes out, and what a session leaves.
import type { BrowserContext, Page } from "playwright-core";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KINDS } from "../../src/fields.ts";
import { accessible, accessibleInThis, complaints, inEveryLook, live, person, quit, sendForm, shot, visit } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid");
const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>"'><svg/onload=alert(1)>`;
const PHRASE = (name: string): string => `wachtwoordzin van ${name}`;
const INCIDENT = "incidents/maas";

beforeAll(async () => {
  await node.start();
  mkdirSync(join(node.data, "layers"));
  writeFileSync(join(node.data, "layers", "gemalen.geojson"), '{"type":"FeatureCollection","features":[]}');
  await node.open("maas", "Hoogwater Maas");
  await node.publish({ name: INCIDENT, statement: 1, discipline: 6, texts: [{ language: "nl", title: "van voor de accounts" }], body: { case: "observation", value: {} } });
  node.account("baas", PHRASE("baas"), "administrator:party-zuid", "information-manager:party-zuid");
  await node.signIn("baas", PHRASE("baas"));
  node.account("anna", PHRASE("anna"), "liaison:party-zuid");
  node.account("bert", PHRASE("bert"), "column-head:party-zuid");
  node.account("lezer", PHRASE("lezer"), "reader:party-zuid");
  node.account("alleenbaas", PHRASE("alleenbaas"), "administrator:party-zuid");
  node.account("kwaad", PHRASE("kwaad"), "liaison:party-zuid", ["--name", HOSTILE.slice(0, 190)]);
});

afterAll(async () => {
  await quit();
  await node.remove();
});

const line = (page: Page, words: string) => page.locator("#list .line", { hasText: words });

async function enter(page: Page, name: string, phrase = PHRASE(name)): Promise<void> {
  await page.locator("#account").waitFor();
  await page.fill("#account", name);
  await page.fill("#passphrase", phrase);
  await page.press("#passphrase", "Enter");
}

async function open(name: string, look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  const context = await person(look);
  const page = await visit(context, `${node.url}#${INCIDENT}`);
  await enter(page, name);
  await page.locator(".me").waitFor();
  return [context, page];
}

async function post(page: Page, words: string): Promise<void> {
  await page.fill("#line", words);
  await page.locator(".send:not([disabled])").waitFor();
  await page.press("#line", "Control+Enter");
}

async function signOut(page: Page): Promise<void> {
  await page.locator(".me summary").click();
  await page.getByRole("button", { name: /^(Afmelden|Sign out)$/ }).click();
  await page.locator(".door").waitFor();
}

const author = async (title: string): Promise<string[]> =>
  (await node.entries(INCIDENT)).filter((entry) => entry.texts[0]?.title === title).map((entry) => entry.author);

inEveryLook(({ lang, dark }) => {
  const mark = `${lang}-${dark ? "dark" : "light"}`;

  test("everybody can read the door, a refusal, the menu, and a form with what is wrong in it", async () => {
    const context = await person({ lang, dark });
    const page = await visit(context, `${node.url}#${INCIDENT}`);
    await page.locator("#account").waitFor();
    expect(await page.locator(".page, #map, .words").count()).toBe(0);
    await shot(page, `door-${mark}`);
    await accessibleInThis(page, "the door");
    await enter(page, "anna", "dit is niet de goede zin");
    await page.locator(".door [role=alert]").waitFor();
    expect(await page.locator(".door [role=alert]").innerText()).toMatch(lang === "nl" ? /^De naam of de wachtwoordzin klopt niet/ : /passphrase/);
    expect([await page.inputValue("#account"), await page.inputValue("#passphrase")]).toEqual(["anna", ""]);
    await accessibleInThis(page, "a refusal");
    await enter(page, "anna");
    await line(page, "van voor de accounts").waitFor();
    await page.locator(".me summary").click();
    const menu = await page.locator(".me .menu").innerText();
    for (const word of lang === "nl" ? ["anna", "liaison", "party-zuid", "melden"] : ["anna", "liaison", "party-zuid", "publish"]) expect(menu).toContain(word);
    await shot(page, `me-${mark}`);
    await accessibleInThis(page, "the menu");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: lang === "nl" ? "Formulier" : "Form", exact: true }).click();
    await page.locator(".form").waitFor();
    await page.selectOption("#form-kind", "casualties");
    await page.fill("#f-texts-0-title", "Aantallen");
    // The first row lies ready; one more comes and goes.
    await page.locator(".form .group .rows > button", { hasText: lang === "nl" ? "Toevoegen" : "Add" }).click();
    await page.selectOption("#f-casualties-figures-0-category", "1");
    await page.selectOption("#f-casualties-figures-1-category", "2");
    await page.locator(".form .group .row button").first().click();
    await page.locator("#f-casualties-figures-1-category").waitFor({ state: "detached" });
    expect(await page.inputValue("#f-casualties-figures-0-category")).toBe("2");
    await page.selectOption("#f-casualties-figures-0-category", "0");
    await sendForm(page);
    await page.locator(".form [role=alert]").waitFor();
    expect(await page.locator(".form [aria-invalid=true]").count()).toBe(2);
    await page.locator(".form details").first().locator("summary").click();
    await shot(page, `form-wrong-${mark}`);
    await accessibleInThis(page, "a form");
    await context.close();
  });
});

test("the keyboard alone suffices to sign in, to fill in a form, and to sign out", async () => {
  const context = await person();
  const page = await visit(context, `${node.url}#${INCIDENT}`);
  await page.locator("#account").waitFor();
  await page.locator("#account").focus();
  await page.keyboard.type("bert");
  await page.keyboard.press("Tab");
  await page.keyboard.type(PHRASE("bert"));
  await page.keyboard.press("Enter");
  await line(page, "van voor de accounts").waitFor();
  await page.locator("#line").focus();
  await page.keyboard.type("dijkbewaking");
  await page.getByRole("button", { name: "Formulier", exact: true }).focus();
  await page.keyboard.press("Enter");
  await until(() => page.evaluate(() => document.activeElement?.id), (id) => id === "form-head");
  await page.locator("#form-kind").focus();
  // A browser forgets what was typed in a list a second ago: on a busy machine that may be between two keys.
  await until(async () => {
    await page.waitForTimeout(1_100);
    await page.keyboard.type("waterker");
    return page.inputValue("#form-kind");
  }, (kind) => kind === "flood_defence");
  await page.locator("#f-flood_defence-structure").waitFor();
  await page.locator("#f-flood_defence-structure").focus();
  await page.keyboard.type("Dijk 12");
  await page.keyboard.press("Tab");
  await page.keyboard.type("bedreigd");
  await page.keyboard.press("Control+Enter");
  await page.locator(".form").waitFor({ state: "detached" });
  await line(page, "dijkbewaking").waitFor();
  expect(await line(page, "dijkbewaking").innerText()).toMatch(/Dijk 12, bedreigd[\s\S]*bert/);
  await page.locator(".me summary").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Afmelden" }).focus();
  await page.keyboard.press("Enter");
  await page.locator(".door").waitFor();
  await context.close();
});

test("a session counts in every tab, and its end too; nothing is left on the screen", async () => {
  const [context, page] = await open("anna");
  const second = await visit(context, `${node.url}#${INCIDENT}`);
  await line(second, "van voor de accounts").waitFor();
  await live(page);
  await live(second);
  expect(await until(() => node.subscribers(), (count) => count <= 1)).toBe(1);
  await signOut(second);
  await page.locator(".door").waitFor();
  for (const tab of [page, second]) expect(await tab.locator("body").innerText()).not.toContain("van voor de accounts");
  expect(await page.evaluate(() => localStorage.getItem("polder-session"))).toBeNull();
  await enter(page, "anna");
  await line(page, "van voor de accounts").waitFor();
  await line(second, "van voor de accounts").waitFor();
  await context.close();
});

test("a session that ends in the middle loses no draft, and what waits goes out once it is there again", async () => {
  const [context, page] = await open("anna");
  await live(page);
  await page.route("**/PublishEntries", (route) => route.abort());
  await post(page, "wacht op mij");
  await page.locator(".queue .waiting", { hasText: "wacht op mij" }).waitFor();
  await page.fill("#line", "half af");
  node.account("anna", "", "liaison:party-zuid", ["--disable"]);
  await page.locator(".door").waitFor();
  expect(await page.locator(".door").innerText()).toMatch(/Wat u schreef blijft hier staan/);
  await accessible(page, "the door after a session that ended");
  await page.unroute("**/PublishEntries");
  node.account("anna", "", "liaison:party-zuid", ["--enable"]);
  await enter(page, "anna");
  await line(page, "wacht op mij").waitFor();
  expect(await page.inputValue("#line")).toBe("half af");
  expect(await author("wacht op mij")).toEqual(["anna"]);
  await page.locator(".queue .waiting").waitFor({ state: "detached" });
  await page.reload();
  await line(page, "wacht op mij").waitFor();
  expect(await page.inputValue("#line")).toBe("half af");
  await context.close();
});

test("two people on one browser, one after the other: neither sends or sees what the other wrote", async () => {
  const [context, page] = await open("anna");
  await page.route("**/PublishEntries", (route) => route.abort());
  await post(page, "alleen van anna");
  await page.locator(".queue .waiting", { hasText: "alleen van anna" }).waitFor();
  await page.fill("#line", "concept van anna");
  await signOut(page);
  await page.unroute("**/PublishEntries");
  await enter(page, "bert");
  await line(page, "van voor de accounts").waitFor();
  await page.locator(".others", { hasText: "1 van iemand anders" }).waitFor();
  expect(await page.inputValue("#line")).toBe("");
  expect(await page.locator("body").innerText()).not.toMatch(/alleen van anna|concept van anna/);
  await post(page, "alleen van bert");
  await line(page, "alleen van bert").waitFor();
  expect([await author("alleen van anna"), await author("alleen van bert")]).toEqual([[], ["bert"]]);
  await signOut(page);
  await enter(page, "anna");
  await line(page, "alleen van anna").waitFor();
  expect(await page.inputValue("#line")).toBe("concept van anna");
  expect(await author("alleen van anna")).toEqual(["anna"]);
  expect(await page.locator(".others").count()).toBe(0);
  await context.close();
});

test("layers of the operator are there as soon as somebody signed in, and gone when they left", async () => {
  const [context, page] = await open("anna");
  await page.getByRole("checkbox", { name: "gemalen" }).waitFor();
  await signOut(page);
  expect(await page.locator("body").innerText()).not.toContain("gemalen");
  await enter(page, "bert");
  await page.getByRole("checkbox", { name: "gemalen" }).waitFor();
  await context.close();
});

test("who may not report is told so, and who may not read too", async () => {
  const [context, page] = await open("lezer");
  await line(page, "van voor de accounts").waitFor();
  await page.getByText("Uw rol laat u in dit incident niet melden.").waitFor();
  expect(await page.locator("#line").count()).toBe(0);
  await line(page, "van voor de accounts").click();
  await page.locator(".detail .history li").waitFor();
  expect(await page.locator(".detail button", { hasText: /Wijzig|Intrekken/ }).count()).toBe(0);
  await accessible(page, "the page of who only reads");
  await context.close();
  const [other, there] = await open("alleenbaas");
  await there.getByText("Uw rol laat u het beeld niet lezen.").first().waitFor();
  await accessible(there, "the page of who may not read");
  await other.close();
});

test("a guest comes in by a link, which does not stay in the address", async () => {
  const invitation = node.invite("Gast uit Zuid", INCIDENT, "all", "--may-report");
  const context = await person();
  const page = await visit(context, `${node.url}#invitation=${invitation}`);
  await page.locator("#invitation").waitFor();
  expect(page.url()).toBe(node.url);
  expect(await page.inputValue("#invitation")).toBe(invitation);
  await accessible(page, "an invitation");
  await page.locator(".door .send").click();
  await line(page, "van voor de accounts").waitFor();
  expect(await page.locator(".me summary").innerText()).toContain("Gast uit Zuid");
  await post(page, "gezien door de gast");
  await line(page, "gezien door de gast").waitFor();
  await context.close();
  const again = await person();
  const wrong = await visit(again, `${node.url}#invitation=onzin`);
  await wrong.locator(".door .send").click();
  await wrong.locator(".door [role=alert]", { hasText: "De uitnodiging klopt niet, of is voorbij" }).waitFor();
  await again.close();
});

test("what was said is changed in place of exactly what stood, and a refusal stands at its field", async () => {
  const [context, page] = await open("bert");
  await live(page);
  await post(page, "waterstand Lith 5,2 m NAP");
  await line(page, "5,2 m NAP").click();
  await page.locator(".detail .edit").click();
  await page.locator("#f-water_level-level_m").waitFor();
  expect([await page.inputValue("#f-water_level-level_m"), await page.inputValue("#f-water_level-gauge")]).toEqual(["5.2", "Lith"]);
  // The page lets it through: only the node knows that a level needs a datum.
  await page.fill("#f-water_level-datum", "");
  await page.fill("#f-water_level-level_m", "5,75");
  await sendForm(page);
  await page.locator("#f-water_level-datum[aria-invalid=true]").waitFor();
  expect(await page.locator("#f-water_level-datum-why").innerText()).toMatch(/verplicht veld is leeg/);
  await shot(page, "change-refused");
  await page.fill("#f-water_level-datum", "NAP");
  await page.fill("#f-place", "Lith-Dorp");
  await sendForm(page);
  await page.locator(".form").waitFor({ state: "detached" });
  await line(page, "5,75 m NAP").waitFor();
  expect(await page.locator(".queue .waiting").count()).toBe(0);
  const [entry] = (await node.entries(INCIDENT)).filter((one) => one.kind === "water_level");
  expect([entry?.place, entry?.author, entry?.rivals, (await node.versions(entry!.name)).length]).toEqual(["Lith-Dorp", "bert", [], 2]);
  // Somebody else changes it while the form is open: it says so, and what stands is not overwritten unseen.
  await page.locator(".detail .edit").click();
  await node.publish({ ...entry!, place: "Lith-Haven" });
  await page.getByText("Intussen is dit item gewijzigd").waitFor();
  await page.fill("#f-place", "overschreven");
  await sendForm(page);
  await page.locator(".form [role=alert]", { hasText: "lees het opnieuw" }).waitFor();
  expect((await node.entries(INCIDENT)).find((one) => one.name === entry!.name)?.place).toBe("Lith-Haven");
  await page.getByRole("button", { name: "Toch wijzigen" }).click();
  await sendForm(page);
  await page.locator(".form").waitFor({ state: "detached" });
  await until(async () => (await node.entries(INCIDENT)).find((one) => one.name === entry!.name)?.place, (place) => place === "overschreven");
  expect(await page.locator(".queue .waiting").count()).toBe(0);
  await context.close();
});

test("a form begins with what the line was understood to say, and has every kind", async () => {
  const [context, page] = await open("bert");
  await live(page);
  await page.fill("#line", "SPOED: ongeveer 400 huishoudens zonder stroom in Roermond");
  await page.getByRole("button", { name: "Formulier", exact: true }).click();
  await page.locator("#f-outage-customers").waitFor();
  expect([await page.inputValue("#form-kind"), await page.inputValue("#f-outage-customers"), await page.inputValue("#f-outage-service"), await page.inputValue("#f-place")])
    .toEqual(["outage", "400", "1", "Roermond"]);
  const kinds = await page.locator("#form-kind option").evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value));
  expect(kinds).toHaveLength(KINDS.length);
  for (const kind of kinds) {
    await page.selectOption("#form-kind", kind);
    await page.locator(".form .group legend").first().waitFor();
    expect(await page.locator(".form .group").locator("input, select, textarea, button").count(), kind).toBeGreaterThan(0);
  }
  await page.selectOption("#form-kind", "decision");
  await page.fill("#f-decision-decided_by", "ROT");
  await page.fill("#f-texts-0-title", "Kade ontruimen");
  await page.fill("#f-decision-alternatives", "wachten\nalleen waarschuwen");
  await sendForm(page);
  await line(page, "Kade ontruimen").waitFor();
  const [decision] = (await node.entries(INCIDENT)).filter((one) => one.kind === "decision");
  expect(decision?.body.case === "decision" && [decision.body.value.decidedBy, decision.body.value.alternatives]).toEqual(["ROT", ["wachten", "alleen waarschuwen"]]);
  // The line may show what was sent before the form has heard of it.
  await until(() => page.inputValue("#line"), (line) => line === "");
  await context.close();
});

test("nobody must sign in where the node does not ask; what nobody wrote goes out when somebody takes it", async () => {
  const other = new TestNode("vrij");
  await other.start();
  await other.open("maas", "Hoogwater Maas");
  const context = await person();
  const page = await visit(context, `${other.url}#${INCIDENT}`);
  await live(page);
  await page.locator(".me summary", { hasText: "beheerder van deze machine" }).waitFor();
  await page.route("**/PublishEntries", (route) => route.abort());
  await post(page, "nog van niemand");
  await page.locator(".queue .waiting").waitFor();
  other.account("baas", PHRASE("baas"), "administrator:party-vrij", "liaison:party-vrij");
  await other.signIn("baas", PHRASE("baas"));
  await page.locator(".door").waitFor();
  await page.unroute("**/PublishEntries");
  await enter(page, "baas");
  await page.getByText("Geschreven toen niemand was aangemeld.").waitFor();
  expect(await other.entries(INCIDENT)).toEqual([]);
  await page.getByRole("button", { name: "Verstuur namens mij" }).click();
  await line(page, "nog van niemand").waitFor();
  expect((await other.entries(INCIDENT)).map((entry) => entry.author)).toEqual(["baas"]);
  await context.close();
  await other.remove();
});

test("door, menu and form fit a small screen", async () => {
  const context = await person({ width: 390, height: 844 });
  const page = await visit(context, `${node.url}#${INCIDENT}`);
  const fits = async (): Promise<void> =>
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.locator("#account").waitFor();
  await fits();
  await enter(page, "anna");
  await line(page, "van voor de accounts").waitFor();
  await page.locator(".me summary").click();
  await fits();
  await shot(page, "me-390");
  // The menu is the way to the node's pages here, and does not stay over them.
  await page.locator(".menu").getByRole("button", { name: "Knooppunt" }).click();
  await page.locator(".office .tab", { hasText: "Opslag" }).click();
  await page.locator(".facts-list dd", { hasText: "fjall" }).waitFor();
  await fits();
  await shot(page, "office-390");
  await accessible(page, "a page of the node on a small screen");
  await page.keyboard.press("Escape");
  await page.locator(".office").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Formulier", exact: true }).click();
  await page.selectOption("#form-kind", "casualties");
  await fits();
  await shot(page, "form-390");
  await accessible(page, "a form on a small screen");
  await context.close();
});

test("hostile words in names and forms are shown as words", async () => {
  const [context, page] = await open("kwaad");
  await live(page);
  await page.locator(".me summary").click();
  expect(await page.locator(".me .menu").innerText()).toContain("<script>");
  await page.keyboard.press("Escape");
  await page.fill("#line", "kwaad");
  await page.getByRole("button", { name: "Formulier", exact: true }).click();
  await page.selectOption("#form-kind", "drawing");
  await page.locator(".form details").evaluateAll((all) => all.forEach((one) => one.setAttribute("open", "")));
  const inputs = page.locator(".form input[type=text], .form textarea");
  for (let at = 0; at < (await inputs.count()); at += 1) await inputs.nth(at).fill(HOSTILE);
  await sendForm(page);
  await page.locator(".form [role=alert]").waitFor();
  await page.locator(".form .close").click();
  await page.evaluate(() => localStorage.setItem("polder-session", '{"token":"<script>","person":"<img src=x onerror=alert(1)>","expireMs":"x"}'));
  await page.reload();
  await page.locator(".door").waitFor();
  await page.fill("#account", HOSTILE);
  await page.fill("#passphrase", HOSTILE);
  await page.press("#passphrase", "Enter");
  await page.locator(".door [role=alert]").waitFor();
  expect(await page.title()).toBe("Polder");
  expect(await page.locator("#app img:not([src='/icon.svg']), #app script").count()).toBe(0);
  await context.close();
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
