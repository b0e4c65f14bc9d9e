// The node's pages: who may see which, people let in and out, and the same words as the command line.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, accessibleInThis, complaints, inEveryLook, live, person, quit, shot, visit } from "./browser.ts";
import { TestNode, Wire, until } from "./nodes.ts";

const node = new TestNode("zuid");
const other = new TestNode("noord");
const chartered = new TestNode("kern", "politie");
let wire: Wire;
const PHRASE = (name: string): string => `wachtwoordzin van ${name}`;
const INCIDENT = "incidents/maas";
const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

beforeAll(async () => {
  await node.start();
  wire = await new Wire(node.listen).start();
  await other.start("--link", wire.address);
  await node.open("maas", "Hoogwater Maas");
  node.account("baas", PHRASE("baas"), "administrator:party-zuid", "information-manager:party-zuid", "auditor:party-zuid");
  await node.signIn("baas", PHRASE("baas"));
  await node.publish({ name: INCIDENT, statement: 1, discipline: 6, texts: [{ language: "nl", title: "dijk houdt" }], body: { case: "observation", value: {} } });
  node.account("anna", PHRASE("anna"), "liaison:party-zuid");
  node.account("hoofd", PHRASE("hoofd"), "column-head:party-zuid");
  node.account("kwaad", PHRASE("kwaad"), "reader:party-zuid", ["--name", HOSTILE]);
  await chartered.start();
  chartered.charter(
    ["party", "politie", "--discipline", "police"],
    ["party", "ghor", "--discipline", "medical"],
    ["certify", "--party", "politie"],
    ["member", "maas", "politie"],
    ["audience", "kern", "--party", "politie", "--name", "Kernteam <b>", "--name", "en=Core team <b>"],
    ["audience", "kern", "--party", "politie,ghor", "--name", "Kernteam nieuw", "--name", "en=New core team"],
    ["role", "anna", "liaison", "--party", "politie"],
  );
});

afterAll(async () => {
  await quit();
  wire.end();
  for (const one of [node, other, chartered]) await one.remove();
});

async function open(name: string, look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  const context = await person(look);
  const page = await visit(context, `${node.url}#${INCIDENT}`);
  await page.locator("#account").waitFor();
  await page.fill("#account", name);
  await page.fill("#passphrase", PHRASE(name));
  await page.press("#passphrase", "Enter");
  await page.locator(".office-button").waitFor();
  return [context, page];
}

const tab = (page: Page, words: string) => page.locator(".office .tab", { hasText: words });
async function tabs(page: Page): Promise<string[]> {
  await page.locator(".office .tab").first().waitFor();
  return (await page.locator(".office .tab").allInnerTexts()).map((one) => one.trim());
}
const account = (page: Page, name: string) => page.locator(`.person[data-account="${name}"]`);

inEveryLook(({ lang, dark }) => {
  test("everybody who may can read the pages of the node", async () => {
    const mark = `${lang}-${dark ? "dark" : "light"}`;
    const [context, page] = await open("baas", { lang, dark });
    await page.locator(".office-button").click();
    const names = lang === "nl" ? ["Verbindingen", "Handvest", "Personen", "Verantwoording", "Opslag"] : ["Links", "Charter", "People", "Account", "Store"];
    expect(await tabs(page)).toEqual(names);
    await page.locator(".sheet th", { hasText: "noord" }).waitFor();
    await page.locator(".sheet details summary").first().click();
    await shot(page, `office-links-${mark}`);
    await accessibleInThis(page, "links");
    await tab(page, names[1]!).click();
    await page.locator(".office", { hasText: lang === "nl" ? "nog geen handvest" : "no charter yet" }).waitFor();
    await accessibleInThis(page, "no charter yet");
    await tab(page, names[2]!).click();
    await account(page, "anna").waitFor();
    await page.locator("#new-account").click();
    await page.locator("#person-name").waitFor();
    await shot(page, `office-people-${mark}`);
    await accessibleInThis(page, "people");
    await page.locator("#new-guest").click();
    await page.locator("#guest-name").waitFor();
    await accessibleInThis(page, "an invitation to give");
    await tab(page, names[3]!).click();
    await page.locator(".sheet tbody tr").first().waitFor();
    await shot(page, `office-acts-${mark}`);
    await accessibleInThis(page, "the account");
    await tab(page, names[4]!).click();
    await page.locator(".facts-list dd", { hasText: "fjall" }).waitFor();
    await shot(page, `office-store-${mark}`);
    await accessibleInThis(page, "the store");
    await page.keyboard.press("Escape");
    await page.locator(".office").waitFor({ state: "detached" });
    await context.close();
  });
});

test("an administrator makes an account, blocks it while it is used, lets it in again and removes it", async () => {
  const [context, page] = await open("baas");
  await page.locator(".office-button").click();
  await tab(page, "Personen").click();
  await page.locator("#new-account").click();
  await page.fill("#person-name", "dora");
  await page.fill("#person-phrase", "te kort");
  await page.selectOption(".asked .role", { label: "liaison" });
  await page.getByRole("button", { name: "Bewaar" }).click();
  await page.locator(".office [role=alert]", { hasText: "12 tot 1.000 bytes" }).waitFor();
  await accessible(page, "an account that is refused");
  await page.fill("#person-phrase", PHRASE("dora"));
  await page.getByRole("button", { name: "Bewaar" }).click();
  await account(page, "dora").getByText("liaison · party-zuid · alle incidenten").waitFor();
  const [hers, there] = await open("dora");
  await live(there);
  await account(page, "dora").getByRole("button", { name: "Blokkeer" }).click();
  await account(page, "dora").locator(".badge", { hasText: "mag zich niet aanmelden" }).waitFor();
  await there.locator(".door").waitFor();
  await account(page, "dora").getByRole("button", { name: "Laat weer toe" }).click();
  await account(page, "dora").locator(".badge.refused").waitFor({ state: "detached" });
  await account(page, "dora").getByRole("button", { name: "Wijzig" }).click();
  await page.selectOption(".asked .role", { label: "lezer" });
  await page.getByRole("button", { name: "Bewaar" }).click();
  await account(page, "dora").getByText("lezer · party-zuid · alle incidenten").waitFor();
  // The passphrase was left as it is.
  await there.fill("#account", "dora");
  await there.fill("#passphrase", PHRASE("dora"));
  await there.press("#passphrase", "Enter");
  await there.getByText("Uw rol laat u in dit incident niet melden.").waitFor();
  await account(page, "dora").getByRole("button", { name: "Verwijder" }).click();
  await accessible(page, "an account that is about to go");
  await page.getByRole("button", { name: "Ja, verwijder" }).click();
  await account(page, "dora").waitFor({ state: "detached" });
  await there.locator(".door").waitFor();
  await hers.close();
  // And all of it is in the account, in the words of `polder audit`.
  await tab(page, "Verantwoording").click();
  await page.fill("#acts-person", "baas");
  await page.getByRole("button", { name: "Zoeken" }).click();
  await until(() => page.locator(".sheet tbody").innerText(), (text) => /verwijderde een account\s+accounts\/dora/.test(text));
  const told = node.audit("--person", "baas", "--lang", "nl").filter((one) => one.includes("accounts/dora"));
  const about = async (): Promise<string[]> => (await page.locator(".sheet tbody tr").allInnerTexts()).filter((one) => one.includes("accounts/dora"));
  // Until the answer came, those of everybody stand there.
  const shown = await until(about, (rows) => rows.length === told.length);
  const plain = (text: string): string => text.replace(/account$/gm, "").replace(/[·\s]+/g, " ");
  told.forEach((one, at) => {
    const said = plain(one.slice(one.indexOf("baas")));
    expect(plain(shown[at]!.slice(shown[at]!.indexOf("baas")))).toContain(said.slice("baas ".length).trim());
  });
  await context.close();
});

test("a guest is invited on the page, comes in by the link, and is out when the invitation ends", async () => {
  const [context, page] = await open("hoofd");
  await page.locator(".office-button").click();
  // A head of a column invites, and neither makes accounts nor audits.
  expect(await tabs(page)).toEqual(["Verbindingen", "Handvest", "Personen", "Opslag"]);
  await tab(page, "Personen").click();
  await page.locator("#new-guest").click();
  expect(await page.locator("#new-account").count()).toBe(0);
  await page.fill("#guest-name", "Gast van de Maas");
  await page.getByRole("button", { name: "Nodig uit" }).click();
  const link = await page.locator(".invitation").innerText();
  await shot(page, "office-invited");
  await accessible(page, "an invitation that was given");
  const guest = await person();
  const there = await visit(guest, link.replace(new URL(link).origin + "/", node.url));
  await there.locator(".door .send").click();
  await there.locator(".me summary", { hasText: "Gast van de Maas" }).waitFor();
  await page.locator(".person", { hasText: "Gast van de Maas" }).getByRole("button", { name: "Beëindig" }).click();
  // Told once only.
  await page.getByRole("button", { name: "Ja, verwijder" }).click();
  await page.locator(".person", { hasText: "Gast van de Maas" }).waitFor({ state: "detached" });
  await there.locator(".door").waitFor();
  await tab(page, "Verbindingen").click();
  await tab(page, "Personen").click();
  await page.locator("#new-guest").waitFor();
  await page.locator(".invitation").waitFor({ state: "detached" });
  await guest.close();
  await context.close();
});

test("who may not see a page has no way to it, and whose role ends there is told so", async () => {
  const [context, page] = await open("anna");
  await page.locator(".office-button").click();
  expect(await tabs(page)).toEqual(["Verbindingen", "Handvest", "Opslag"]);
  await tab(page, "Opslag").click();
  await page.locator(".facts-list dd", { hasText: "fjall" }).waitFor();
  expect(await page.getByRole("button", { name: "Controleer alles" }).count()).toBe(0);
  await page.keyboard.press("Escape");
  await page.locator("#list .line", { hasText: "dijk houdt" }).click();
  await page.locator(".detail .history li").waitFor();
  expect(await page.locator(".who-did").count()).toBe(0);
  await context.close();
  const [his, there] = await open("hoofd");
  await there.locator(".office-button").click();
  await tab(there, "Personen").click();
  await there.locator("#new-guest").waitFor();
  node.account("hoofd", "", "reader:party-zuid");
  await there.getByRole("button", { name: "Ververs" }).click();
  await there.locator(".office [role=alert]", { hasText: /[Uu]w rol staat dit niet toe|Uw rol laat u dit niet zien/ }).waitFor();
  await accessible(there, "a page of the node that one may not see any more");
  await his.close();
  node.account("hoofd", "", "column-head:party-zuid");
});

test("who did something with an entry stands one click from it", async () => {
  const [context, page] = await open("baas");
  await page.locator("#list .line", { hasText: "dijk houdt" }).click();
  await page.locator(".who-did").click();
  await page.locator(".sheet tbody tr", { hasText: "plaatste het item" }).waitFor();
  expect(await page.locator(".sheet tbody tr", { hasText: "plaatste het item" }).innerText()).toMatch(/baas[\s\S]*dijk houdt/);
  await page.locator(".sheet .text", { hasText: "dijk houdt" }).first().click();
  await page.locator(".detail h3", { hasText: "dijk houdt" }).waitFor();
  await context.close();
});

test("a link that is cut off says so, why, and what is behind in bytes", async () => {
  const [context, page] = await open("baas");
  await page.locator(".office-button").click();
  await page.locator(".sheet b.good", { hasText: "verbonden" }).waitFor();
  wire.cut(true);
  await page.locator(".sheet .off b.bad", { hasText: "AFGESNEDEN" }).waitFor({ timeout: 60_000 });
  await node.publish({ name: INCIDENT, statement: 1, texts: [{ language: "nl", title: "nog niet in noord" }], body: { case: "observation", value: {} } });
  await until(() => page.locator(".sheet .off tr").first().innerText(), (text) => /\d+ \([\d.,]+ (B|KiB)\)/.test(text), 60_000);
  await shot(page, "office-links-cut");
  await accessible(page, "a link that is cut off");
  wire.cut(false);
  await page.locator(".sheet b.good", { hasText: "verbonden" }).waitFor({ timeout: 60_000 });
  await context.close();
});

test("the charter on the page is what the command line shows of it, without what was replaced", async () => {
  const context = await person();
  const page = await visit(context, chartered.url);
  await page.locator(".office-button").click();
  await tab(page, "Handvest").click();
  await page.locator("#charter-audiences").waitFor();
  const shown = await page.locator(".office").innerText();
  const told = chartered.charterShown();
  for (const id of told.match(/\b[0-9a-f]{32}\b/g) ?? []) expect(shown).toContain(id);
  expect(told.match(/\b[0-9a-f]{32}\b/g)!.length).toBeGreaterThanOrEqual(3);
  expect(shown).toContain("Kernteam nieuw");
  expect(shown).not.toContain("Kernteam <b>");
  expect(shown).toMatch(/anna liaison · politie/);
  await shot(page, "office-charter");
  await accessible(page, "the charter");
  await context.close();
});

test("the whole log is verified from the page, and the keyboard alone suffices for the pages", async () => {
  const [context, page] = await open("baas");
  await page.locator(".office-button").focus();
  await page.keyboard.press("Enter");
  await tab(page, "Opslag").focus();
  await page.keyboard.press("Enter");
  const button = page.getByRole("button", { name: "Controleer alles" });
  await button.waitFor();
  await button.focus();
  await page.keyboard.press("Enter");
  await page.locator(".good[role=status]", { hasText: "Elke keten, hash en handtekening klopt." }).waitFor();
  await accessible(page, "a log that was verified");
  await page.keyboard.press("Escape");
  await page.locator(".office").waitFor({ state: "detached" });
  await context.close();
});

test("hostile names are shown as words, and nothing was complained about", async () => {
  const [context, page] = await open("baas");
  await page.locator(".office-button").click();
  await tab(page, "Personen").click();
  await page.locator(".person", { hasText: "<script>" }).waitFor();
  expect(await page.title()).toBe("Polder");
  expect(await page.locator("#app img:not([src='/icon.svg']), #app script").count()).toBe(0);
  await context.close();
  expect(complaints).toEqual([]);
});
