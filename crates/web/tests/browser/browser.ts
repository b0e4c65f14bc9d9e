// Debian's Chromium, with everything that it complains about kept.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { connect } from "node:tls";
import axe, { type RunOptions } from "axe-core";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { describe, expect } from "vitest";

export const SHOTS = resolve(process.env["POLDER_WEB_SHOTS"] ?? "../../target/web");

let browser: Browser | undefined;

export async function launch(): Promise<Browser> {
  browser ??= await started();
  return browser;
}

async function started(...more: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...more],
  });
}

/** One that believes the keys of the certificates which are shown there, and no others. */
export async function believing(url: string): Promise<Browser> {
  const { hostname, port } = new URL(url);
  const keys = await new Promise<string[]>((done, failed) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      const found: string[] = [];
      for (let one = socket.getPeerX509Certificate(); one && found.length < 4; one = one.issuerCertificate) {
        found.push(createHash("sha256").update(one.publicKey.export({ type: "spki", format: "der" })).digest("base64"));
      }
      socket.destroy();
      done(found);
    });
    socket.on("error", failed);
  });
  return started(`--ignore-certificate-errors-spki-list=${keys.join()}`);
}

export async function quit(): Promise<void> {
  await browser?.close();
  browser = undefined;
}

export interface Look {
  lang?: "nl" | "en";
  dark?: boolean;
  width?: number;
  height?: number;
}

/** Tests in both languages and both themes. Colours do not depend on words, nor words on colours: each
 * is seen once. */
export function inEveryLook(tests: (look: { lang: "nl" | "en"; dark: boolean }) => void): void {
  describe.each([{ lang: "nl" as const, dark: false }, { lang: "en" as const, dark: true }])("in $lang, dark: $dark", tests);
}

/** A browser of its own, as of another person. */
export async function person(look: Look = {}): Promise<BrowserContext> {
  return (await launch()).newContext({
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    locale: look.lang === "en" ? "en-GB" : "nl-NL",
    timezoneId: "Europe/Amsterdam",
    colorScheme: look.dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
}

/** What a page said that it should not have. */
export const complaints: string[] = [];

/** `also`: another place to which the person may be sent. */
export async function visit(context: BrowserContext, url: string, also = url): Promise<Page> {
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(`${error.message}\n${error.stack}`));
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    const lost = /net::ERR_|Failed to load resource|occurred when fetching the script/.test(message.text());
    if (message.type() === "error" && !lost) complaints.push(message.text());
  });
  page.on("request", (request) => {
    const known = [url, also].some((one) => new URL(request.url()).host === new URL(one).host);
    if (!known && !/^(data|blob):/.test(request.url())) {
      complaints.push(`asked elsewhere: ${request.url()}`);
    }
  });
  await page.goto(url);
  return page;
}

export async function live(page: Page): Promise<void> {
  await page.locator(".stream.live").waitFor({ timeout: 20_000 });
}

/** A page of somebody who signed in with an account of the node. */
export async function signedIn(url: string, name: string, passphrase: string, look: Look = {}): Promise<[BrowserContext, Page]> {
  const context = await person(look);
  const page = await visit(context, url);
  await page.locator("#account").waitFor();
  await page.fill("#account", name);
  await page.fill("#passphrase", passphrase);
  await page.press("#passphrase", "Enter");
  await live(page);
  return [context, page];
}

/** Presses the button of the form by key, once what was sent before has its answer. */
export async function sendForm(page: Page): Promise<void> {
  await page.locator(".form .send:not([disabled])").press("Enter");
}

export async function shot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

/** WCAG 2.2 A and AA, as far as a program can tell. */
const RULES: RunOptions = { resultTypes: ["violations"], runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } };
/** Those that colours decide: by the others both themes are the same. */
const OF_COLOURS: RunOptions = { resultTypes: ["violations"], runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } };

/** What axe has against the page as it is now. It runs in the page, and only what is wrong comes back:
 * to describe all that is well takes much longer. */
async function violations(page: Page, options: RunOptions, look: string): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const found = await page.evaluate((given) => (globalThis as unknown as { axe: typeof axe }).axe.run(document, given).then((said) => said.violations), options);
  return found.map((one) => `${look}: ${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
}

/** Changes language and theme as the reader and their system do, and is back when the page is drawn so. */
async function dress(page: Page, lang: string, theme: string): Promise<void> {
  await page.emulateMedia({ colorScheme: theme === "dark" ? "dark" : "light" });
  await page.locator(".me .choices select, .door select").first().evaluate((select: HTMLSelectElement, wanted) => {
    if (select.value === wanted) return;
    select.value = wanted;
    select.dispatchEvent(new Event("change"));
  }, lang);
  await page.waitForFunction(([inLang, inTheme]) => {
    const chosen = document.querySelector(`.me .choices option[value=${inLang}], .door option[value=${inLang}]`);
    return chosen?.hasAttribute("selected") && document.documentElement.dataset["theme"] === inTheme;
  }, [lang, theme] as const);
}

const lookOf = (page: Page): Promise<readonly [lang: string, theme: string]> =>
  page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset["theme"] ?? ""] as const);

async function inBothThemes(page: Page): Promise<string[]> {
  const [lang, theme] = await lookOf(page);
  const other = theme === "dark" ? "light" : "dark";
  const told = await violations(page, RULES, `${lang} ${theme}`);
  await dress(page, lang, other);
  told.push(...await violations(page, OF_COLOURS, `${lang} ${other}`));
  await dress(page, lang, theme);
  return told;
}

/** Reads the page by axe in both themes and both languages, and leaves it as it was. */
export async function accessible(page: Page, where: string): Promise<void> {
  const [lang, theme] = await lookOf(page);
  const told = await inBothThemes(page);
  await dress(page, lang === "nl" ? "en" : "nl", theme);
  told.push(...await inBothThemes(page));
  await dress(page, lang, theme);
  expect(told, where).toEqual([]);
}

/** The same in the language that it has, for tests that see it in the other one as well. */
export async function accessibleInThis(page: Page, where: string): Promise<void> {
  expect(await inBothThemes(page), where).toEqual([]);
}

/** Pages of a team in one look, and in a vehicle, in a hand or on a wall: kept as pictures, read by axe, none wider than its screen. */
export async function readableEverywhere(page: Page, tabs: string[], to: (tab: string) => Promise<void>, { lang, dark }: { lang: string; dark: boolean }): Promise<void> {
  for (const tab of tabs) {
    await to(tab);
    await shot(page, `team-${tab}-${dark ? "dark" : "light"}`);
    await accessibleInThis(page, `${tab} in ${lang}`);
  }
  for (const [name, width, height] of dark ? [["wall", 2560, 1440] as const] : [["tablet", 820, 1100] as const, ["small", 390, 844] as const]) {
    await page.setViewportSize({ width, height });
    for (const tab of tabs) {
      await to(tab);
      await shot(page, `team-${tab}-${name}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${tab} ${name}`).toBeLessThanOrEqual(width);
    }
    await accessible(page, `on a ${name}`);
  }
}

/** Prints what is on the page; its sheets in words, where a program that reads them is installed. */
export async function printed(page: Page, name: string): Promise<string[] | undefined> {
  mkdirSync(SHOTS, { recursive: true });
  const path = join(SHOTS, `${name}.pdf`);
  const pdf = await page.pdf({ path, format: "A4", printBackground: true });
  expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
  const read = spawnSync("pdftotext", ["-layout", path, "-"]);
  if (read.error) return undefined;
  return String(read.stdout).split("\f").filter((sheet) => sheet.trim());
}

/** What the page says at the head of each sheet, when it is about to be printed. */
export async function sheetHead(page: Page): Promise<string> {
  return page.evaluate(() => {
    dispatchEvent(new Event("beforeprint"));
    const rules = document.adoptedStyleSheets.flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText);
    return /@top-left \{ content: "((?:[^"\\]|\\.)*)"/.exec(rules.join("\n"))?.[1] ?? "";
  });
}
