// Signing in through an identity provider, and the page over https with the certificate of a node.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessibleInThis, believing, complaints, inEveryLook, live, person, quit, shot, visit } from "./browser.ts";
import { Issuer } from "./issuer.ts";
import { TestNode } from "./nodes.ts";

const issuer = new Issuer();
const node = new TestNode("zuid");
const secured = new TestNode("noord");
const INCIDENT = "incidents/maas";
const PHRASE = "wachtwoordzin van de baas";

beforeAll(async () => {
  await issuer.start();
  await node.start();
  await node.open("maas", "Hoogwater Maas");
  await node.publish({ name: INCIDENT, statement: 1, discipline: 6, texts: [{ language: "nl", title: "de dijk houdt" }], body: { case: "observation", value: {} } });
  node.account("baas", PHRASE, "administrator:party-zuid", "information-manager:party-zuid");
  await node.signIn("baas", PHRASE);
  node.account("anna@regio.example", "", "liaison:party-zuid", ["--no-passphrase"]);
  await node.kill();
  const config = join(node.data, "..", "polder.toml");
  writeFileSync(config, issuer.config());
  await node.start("--config", config);
  await node.signIn("baas", PHRASE);
});

afterAll(async () => {
  await quit();
  issuer.end();
  await node.remove();
  await secured.remove();
});

const line = (page: Page, words: string) => page.locator("#list .line", { hasText: words });

async function post(page: Page, words: string): Promise<void> {
  await page.fill("#line", words);
  await page.locator(".send:not([disabled])").waitFor();
  await page.press("#line", "Control+Enter");
}

/** To the provider, and back as somebody. */
async function through(page: Page, email: string): Promise<void> {
  await page.getByRole("button", { name: /Regio Zuid$/ }).click();
  await page.waitForURL(`${issuer.issuer}/**`);
  await page.fill("#email", email);
  await page.getByRole("button", { name: "Verder" }).click();
  await page.waitForURL(`${node.url}**`);
}

/** The provider is another page, which the person goes to and comes back from. */
async function toDoor(context: BrowserContext): Promise<Page> {
  const page = await visit(context, `${node.url}#${INCIDENT}`, issuer.issuer);
  await page.getByRole("button", { name: /Regio Zuid$/ }).waitFor();
  return page;
}

inEveryLook(({ lang, dark }) => {
  test("everybody can read the door with a provider, and why it does not open", async () => {
    const context = await person({ lang, dark });
    const page = await toDoor(context);
    await accessibleInThis(page, "the door with a provider");
    await through(page, "eve@regio.example");
    await page.locator(".door [role=alert]").waitFor();
    expect(await page.locator(".door [role=alert]").innerText()).toMatch(lang === "nl" ? /^De identiteitsprovider kent u, maar u hebt hier geen rol/ : /nobody gave you a role here/);
    await shot(page, `door-provider-${lang}-${dark ? "dark" : "light"}`);
    await accessibleInThis(page, "a refusal of somebody without a role");
    await context.close();
  });
});

test("who signs in through the provider is in, writes under that name, and out again at once", async () => {
  const context = await person();
  const page = await toDoor(context);
  await through(page, "Anna@Regio.example");
  await line(page, "de dijk houdt").waitFor();
  // Back where the person was, with nothing of the way in the address or in what is kept.
  expect(page.url()).toBe(`${node.url}#${INCIDENT}`);
  const kept = await page.evaluate(async () => {
    const cached = await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((one) => one.url)));
    return { drawer: sessionStorage.length, cached: cached.flat().filter((url) => url.includes("code=")) };
  });
  expect(kept).toEqual({ drawer: 0, cached: [] });
  expect(await context.cookies()).toEqual([]);
  await page.locator(".me summary").click();
  expect(await page.locator(".me .menu").innerText()).toMatch(/Anna@Regio.example van de regio[\s\S]*liaison/);
  await page.keyboard.press("Escape");
  await post(page, "melding van anna");
  await line(page, "melding van anna").waitFor();
  await page.reload();
  await line(page, "melding van anna").waitFor();
  expect(await line(page, "melding van anna").locator(".meta").innerText()).toContain("anna@regio.example");

  await page.locator(".me summary").click();
  await page.getByRole("button", { name: "Afmelden" }).click();
  await page.getByRole("button", { name: /Regio Zuid$/ }).click();
  await page.waitForURL(`${issuer.issuer}/**`);
  // Somebody else may sit here now: the provider is told to ask.
  expect(await page.locator("h1").innerText()).toBe("login");
  await page.fill("#email", "");
  await page.getByRole("button", { name: "Verder" }).click();
  await page.locator(".door [role=alert]").waitFor();
  expect(await page.locator(".door [role=alert]").innerText()).toContain("access_denied");
  await context.close();
});

test("an address that somebody else made signs nobody in", async () => {
  const [mallory, victim] = [await person(), await person()];
  const own = await toDoor(mallory);
  // Mallory stops on the way back, and gives that address to another.
  issuer.holds = true;
  await own.getByRole("button", { name: /Regio Zuid$/ }).click();
  await own.waitForURL(`${issuer.issuer}/**`);
  await own.fill("#email", "anna@regio.example");
  await own.getByRole("button", { name: "Verder" }).click();
  await own.waitForURL(/email=/);
  issuer.holds = false;
  const stolen = await own.locator("body").innerText();
  expect(stolen).toContain("code=");
  const page = await visit(victim, stolen);
  await page.locator(".door [role=alert]").waitFor();
  expect(await page.locator(".door [role=alert]").innerText()).toMatch(/^dit aanmelden begon niet in dit venster/);
  expect(await page.evaluate(() => localStorage.getItem("polder-session"))).toBeNull();
  expect(page.url()).not.toContain("code=");
  for (const context of [mallory, victim]) await context.close();
});

test("over https two people sign in, what one posts the other sees live, and nothing goes in plain text", async () => {
  await secured.start("--tls", "--local", "127.0.0.1:0");
  secured.charter(["party", "party-noord", "--discipline", "fire"], ["certify", "--party", "party-noord"], ["role", "baas", "administrator", "--party", "party-noord"],
    ["role", "baas", "information-manager", "--party", "party-noord"], ["role", "anna", "liaison", "--party", "party-noord"]);
  secured.account("baas", PHRASE);
  await secured.signIn("baas", PHRASE);
  secured.account("anna", PHRASE);
  await secured.open("waddenzee", "Olie op de Waddenzee");
  // No authority of the browser knows the node: in the field its key, or one above it, is installed.
  const browser = await believing(secured.encrypted);
  const contexts: BrowserContext[] = [];
  const asked: string[] = [];
  const enter = async (name: string): Promise<Page> => {
    const context = await browser.newContext({ locale: "nl-NL", viewport: { width: 1280, height: 800 } });
    contexts.push(context);
    context.on("request", (request) => asked.push(request.url()));
    const page = await visit(context, `${secured.encrypted}#incidents/waddenzee`);
    await page.locator("#account").waitFor();
    await page.fill("#account", name);
    await page.fill("#passphrase", PHRASE);
    await page.press("#passphrase", "Enter");
    await live(page);
    return page;
  };
  const [here, there] = [await enter("baas"), await enter("anna")];
  const posted = Date.now();
  await post(here, "olievlek bij Vlieland");
  await line(there, "olievlek bij Vlieland").waitFor({ timeout: 10_000 });
  expect(Date.now() - posted).toBeLessThan(10_000);
  // What says who they are is in no cookie, which a plain page of the same name would get.
  for (const context of contexts) expect(await context.cookies()).toEqual([]);
  expect(await there.evaluate(() => [isSecureContext, document.cookie, localStorage.getItem("polder-session")?.includes("polder-session.")])).toEqual([true, "", true]);
  // Also what keeps the page for when the node is away works here: it asks for a secure place.
  await expect.poll(() => there.evaluate(() => navigator.serviceWorker.controller?.state), { timeout: 20_000 }).toBe("activated");
  expect(asked.filter((url) => !url.startsWith(secured.encrypted) && !/^(data|blob):/.test(url))).toEqual([]);
  await browser.close();
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
