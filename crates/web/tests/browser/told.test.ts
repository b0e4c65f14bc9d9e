// What the public is told goes out in two pairs of hands and cites what it goes against; and what must
// be gone is erased by who may.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Entry } from "../../src/gen/polder/v1/entry_pb.ts";
import { accessible, complaints, person, quit, sendForm, shot, signedIn } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "zuid-limburg");
const PHRASE = "een lange wachtwoordzin";
const INCIDENT = "incidents/maas";

beforeAll(async () => {
  await node.start();
  await node.open("maas", "Hoogwater Maas");
  node.account("baas", PHRASE, "administrator:zuid-limburg", "information-manager:zuid-limburg");
  await node.signIn("baas", PHRASE);
  for (const name of ["anna", "bert"]) node.account(name, PHRASE, "liaison:zuid-limburg");
  node.account("carla", PHRASE, "reader:zuid-limburg");
});

afterAll(async () => {
  await quit();
  await node.remove();
});

/** A draft that somebody wrote, of what people in Horn should do. */
async function drafted(title: string, response: number, by = "anna"): Promise<void> {
  await node.signIn(by, PHRASE);
  await node.publish({ name: INCIDENT, statement: 1, discipline: 10, place: "Horn", texts: [{ language: "nl", title }], body: { case: "warning", value: { state: 1, responses: [response], channels: [1] } } });
  await node.signIn("baas", PHRASE);
}

async function open(name: string, look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  return signedIn(`${node.url}#${INCIDENT}`, name, PHRASE, look);
}

const line = (page: Page, words: string) => page.locator("#list .line", { hasText: words });
const warnings = async (title: string): Promise<[number, string, string][]> => (await node.entries(INCIDENT)).filter((entry) => entry.texts[0]?.title === title)
  .map((entry) => [entry.body.case === "warning" ? entry.body.value.state : 0, entry.author, entry.body.case === "warning" ? entry.body.value.uncheckedReason : ""]);

test("a second person issues what another drafted, word for word; who wrote it alone says why nobody checked it", async () => {
  await drafted("Verlaat Horn", 2);
  const [context, page] = await open("bert");
  await line(page, "Verlaat Horn").click();
  await page.locator(".detail .issue").click();
  await page.locator(".issuing", { hasText: "onder uw naam" }).waitFor();
  await accessible(page, "a warning that is about to go out");
  await shot(page, "issue");
  await page.locator(".issuing .send").click();
  await until(() => warnings("Verlaat Horn"), ([one]) => one?.[0] === 2);
  expect(await warnings("Verlaat Horn")).toEqual([[2, "bert", ""]]);
  await page.locator(".issuing").waitFor({ state: "detached" });
  await context.close();
  await drafted("Blijf weg bij de kade", 5);
  const [own, there] = await open("anna");
  await line(there, "Blijf weg bij de kade").click();
  await there.locator(".detail .issue").click();
  await there.locator(".issuing", { hasText: "U schreef dit zelf" }).waitFor();
  expect(await there.locator(".issuing .send").isDisabled()).toBe(true);
  await there.fill("#issue-unchecked", "alleen op post");
  await there.locator(".issuing .send").click();
  await until(() => warnings("Blijf weg bij de kade"), ([one]) => one?.[0] === 2);
  expect(await warnings("Blijf weg bij de kade")).toEqual([[2, "anna", "alleen op post"]]);
  await own.close();
});

test("a correction takes the place of the warning that stands, in the words of its draft", async () => {
  await drafted("Verlaat Horn, verzamel bij de school", 2);
  const [before] = (await node.entries(INCIDENT)).filter((entry) => entry.texts[0]?.title === "Verlaat Horn");
  const [context, page] = await open("bert");
  await line(page, "verzamel bij de school").click();
  await page.locator(".detail .issue").click();
  await page.selectOption("#issue-corrects", { label: "Verlaat Horn" });
  await page.locator(".issuing .send").click();
  const now = (): Promise<Entry | undefined> => node.entries(INCIDENT).then((all) => all.find((entry) => entry.name === before!.name));
  await until(now, (entry) => entry?.texts[0]?.title === "Verlaat Horn, verzamel bij de school");
  const entry = await now();
  expect(entry?.body.case === "warning" && entry.body.value.state).toBe(3);
  await page.locator(".detail .history li", { hasText: "Verlaat Horn" }).first().waitFor();
  await context.close();
});

test("advice that excludes what still stands goes out only when it cites that, which the form offers", async () => {
  await drafted("Blijf binnen in Horn", 1);
  const [context, page] = await open("bert");
  await line(page, "Blijf binnen in Horn").click();
  await page.locator(".detail .issue").click();
  await page.locator(".issuing .send").click();
  // The node has something against it: the form is open on it, with what to do.
  await page.locator(".form .cites", { hasText: "verzamel bij de school" }).waitFor();
  expect(await warnings("Blijf binnen in Horn")).toEqual([[1, "anna", ""]]);
  await accessible(page, "a warning that must cite another");
  await shot(page, "cite");
  await page.locator(".cite-withdraws").click();
  await page.locator(".cited", { hasText: "verzamel bij de school" }).waitFor();
  await page.locator(".cited button").click();
  await page.locator(".cited").waitFor({ state: "detached" });
  // Without it the node says so again.
  await sendForm(page);
  await page.locator(".cite-withdraws").click();
  await sendForm(page);
  await until(() => warnings("Blijf binnen in Horn"), ([one]) => one?.[0] === 2);
  const [out] = (await node.entries(INCIDENT)).filter((entry) => entry.texts[0]?.title === "Blijf binnen in Horn");
  const [stood] = (await node.entries(INCIDENT)).filter((entry) => entry.texts[0]?.title.includes("verzamel"));
  expect(out?.relations.map((one) => [one.type, one.version !== ""])).toEqual([[5, true]]);
  expect(stood).toBeDefined();
  await page.locator(".queue .waiting").waitFor({ state: "detached" });
  await context.close();
});

test("what must be gone is erased by who may, who is told what happens; others have no button", async () => {
  await node.signIn("bert", PHRASE);
  await node.publish({ name: INCIDENT, statement: 1, texts: [{ language: "nl", title: "Jan de Vries op nummer 7 heeft zuurstof" }], body: { case: "observation", value: {} } });
  await node.signIn("baas", PHRASE);
  const [reads, there] = await open("carla");
  await line(there, "Jan de Vries").click();
  await there.locator(".detail .history li").first().waitFor();
  expect(await there.locator(".detail .erase, .detail .recall, .detail .issue").count()).toBe(0);
  const [context, page] = await open("bert");
  await line(page, "Jan de Vries").click();
  await page.locator(".detail .erase").click();
  await page.locator(".taking-back", { hasText: "op elk knooppunt dat ze heeft of krijgt" }).waitFor();
  expect(await page.locator(".taking-back .send").isDisabled()).toBe(true);
  await page.fill("#take-back-why", "Gevraagd door wie het gaat");
  expect(await page.locator(".taking-back .send").isDisabled()).toBe(true);
  await page.check("#take-back-sure");
  await accessible(page, "an entry that is about to be erased");
  await shot(page, "erase");
  // Lost on the way: the same request goes again.
  let lost = 0;
  await page.route("**/EraseEntry", async (route) => {
    if ((lost += 1) > 1) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await page.locator(".taking-back .send").click();
  await page.locator(".taking-back [role=alert]").waitFor();
  await page.locator(".taking-back .send").click();
  await page.locator(".taken-back", { hasText: "Gewist" }).waitFor();
  await until(() => page.locator("body").innerText(), (text) => !text.includes("Jan de Vries"));
  await page.locator(".detail .warn", { hasText: "Gevraagd door wie het gaat" }).waitFor();
  await until(() => there.locator("body").innerText(), (text) => !text.includes("Jan de Vries"));
  expect(JSON.stringify((await node.entries(INCIDENT)).map((entry) => entry.texts))).not.toContain("Jan de Vries");
  expect(lost).toBe(2);
  await context.close();
  await reads.close();
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
