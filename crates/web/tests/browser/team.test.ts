// What a crisis team works with: entries that contradict each other, and who decides.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, accessibleInThis, complaints, inEveryLook, live, person, quit, shot, visit } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "zuid-limburg");
const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
let incident = "";

const outage = (party: string, customers: bigint, basis: number, qualifier: number, place = "Valkenburg"): object => ({
  name: incident, party: `parties/${party}`, statement: 1, discipline: 8, place,
  texts: [{ language: "nl", title: `${party}: geen stroom` }, { language: "en", title: `${party}: no power` }],
  sources: [{ system: `meldkamer ${party}` }],
  body: { case: "outage", value: { service: 1, state: 3, customers: { value: customers, basis, qualifier } } },
});

beforeAll(async () => {
  await node.start();
  incident = await node.open("maas", "Hoogwater Maas");
});

afterAll(async () => {
  await quit();
  await node.remove();
});

async function open(look: Parameters<typeof person>[0] = {}, name = incident): Promise<[BrowserContext, Page]> {
  const context = await person(look);
  const page = await visit(context, `${node.url}#${name}`);
  await live(page);
  return [context, page];
}

const dispute = (page: Page, words: string) => page.locator(".against .dispute", { hasText: words });

test("different figures of different entries for one subject stand side by side, and a decision that cites both settles them", async () => {
  const [context, page] = await open();
  await node.publish(outage("enexis", 370n, 2, 1), outage("gemeente", 500n, 1, 1));
  const one = dispute(page, "Valkenburg: getroffen aansluitingen");
  await one.waitFor();
  const sides = await one.locator(".sides .side-claim").allInnerTexts();
  expect(sides).toHaveLength(2);
  const own = sides.find((side) => side.includes("enexis"))!;
  expect(own).toMatch(/370/);
  expect(own).toMatch(/bron: meldkamer enexis/);
  expect(own).toMatch(/grondslag: geteld/);
  expect(own).toMatch(/\d+ (s|min) oud/);
  expect(await page.locator("#against-head").innerText()).toMatch(/\(1\)/);
  // The keyboard alone suffices.
  await one.locator(".decide").focus();
  await page.keyboard.press("Enter");
  await one.locator(".starts button", { hasText: "370" }).focus();
  await page.keyboard.press("Enter");
  await until(() => one.locator(".ruling-title").inputValue(), (title) => /^Wij gaan uit van 370/.test(title));
  await one.locator(".ruling-by").fill("ROT");
  await one.locator(".ruling-why").fill("geteld door de netbeheerder");
  await accessible(page, "a decision that is written");
  await shot(page, "team-deciding");
  await one.locator(".send:not([disabled])").press("Enter");
  await page.locator(".against details summary", { hasText: "Waarover besloten is (1)" }).click();
  await accessible(page, "what was decided");
  const entries = await node.entries(incident);
  const ruling = entries.find((entry) => entry.kind === "decision")!;
  const cited = entries.filter((entry) => entry.kind === "outage").map((entry) => `${entry.name}/versions/${entry.version}`).sort();
  expect(ruling.body.case === "decision" && [ruling.body.value.decidedBy, ruling.body.value.rationale, [...ruling.body.value.basis].sort()])
    .toEqual(["ROT", "geteld door de netbeheerder", cited]);
  // A new version opens it again.
  const enexis = entries.find((entry) => entry.party === "parties/enexis")!;
  await node.publish({ ...(outage("enexis", 380n, 2, 1) as object), name: enexis.name });
  await dispute(page, "Valkenburg: getroffen aansluitingen").locator(".decide").waitFor();
  await context.close();
});

test("a contradiction of then is shown of then, and nobody decides in the past", async () => {
  const [context, page] = await open({}, await node.open("toen", "Toen"));
  const was = incident;
  incident = "incidents/toen";
  await node.publish(outage("enexis", 10n, 2, 1), outage("gemeente", 90n, 2, 1));
  incident = was;
  await dispute(page, "Valkenburg").locator(".decide").waitFor();
  await page.locator(".time #when").focus();
  await page.keyboard.press("Home");
  await page.locator(".frame", { hasText: "DIT IS NIET NU" }).waitFor();
  await page.locator(".dispute").waitFor({ state: "detached" });
  await page.locator(".frame button").click();
  await dispute(page, "Valkenburg").locator(".decide").waitFor();
  await context.close();
});

test("a decision that is made while the node is away waits and says so, and is recorded once", async () => {
  const name = await node.open("weg", "Weg");
  const was = incident;
  incident = name;
  await node.publish(outage("enexis", 11n, 2, 1), outage("gemeente", 91n, 2, 1));
  incident = was;
  const [context, page] = await open({}, name);
  const one = dispute(page, "Valkenburg");
  await one.locator(".decide").click();
  await node.kill();
  await page.locator(".stream.lost").waitFor();
  await one.locator(".ruling-title").fill("wij volgen de netbeheerder");
  await one.locator(".ruling-by").fill("ROT");
  await one.locator(".send:not([disabled])").click();
  await one.getByText("Besluit verstuurd.").waitFor();
  await page.locator(".queue .waiting", { hasText: "wij volgen de netbeheerder" }).waitFor();
  await node.start();
  await page.locator(".against summary", { hasText: "Waarover besloten is (1)" }).waitFor({ timeout: 60_000 });
  expect((await node.entries(name)).filter((entry) => entry.kind === "decision")).toHaveLength(1);
  await context.close();
});

inEveryLook(({ lang, dark }) => {
  test("contradictions between entries can be read by everybody", async () => {
    const [context, page] = await open({ lang, dark });
    await node.publish(outage("hostile", 1n, 1, 2, HOSTILE), outage("kwaad", 99n, 3, 1, HOSTILE));
    await dispute(page, lang === "nl" ? "Valkenburg: getroffen aansluitingen" : "Valkenburg: customers without service").waitFor();
    await page.locator(".against .dispute", { hasText: "<script>" }).first().waitFor();
    await shot(page, `team-contradictions-${lang}-${dark ? "dark" : "light"}`);
    await accessibleInThis(page, "contradictions between entries");
    expect(await page.title()).toBe("Polder");
    await context.close();
  });
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
