// What is watched beside the picture: early signals, what fails next, scenarios, units and people, and
// reports of citizens, which a person promotes. Each as the command line tells it, and as far as the
// reader may see.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessible, complaints, person, printed, quit, readableEverywhere, sendForm, shot, signedIn } from "./browser.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "politie");
const PHRASE = "een lange wachtwoordzin";
const INCIDENT = "incidents/maas";
const HOSTILE = `<img src=x onerror="document.title='owned'">`;
const NOW = Math.floor(Date.now() / 1000);
const at = (hours: number): { seconds: bigint } => ({ seconds: BigInt(NOW + Math.round(hours * 3600)) });
const id = (number: number): string => `${INCIDENT}/entries/0b8f6a2e-93c1-4f0a-8a55-6d3f2e1c00${number}`;
const spot = (latitude: number, longitude: number): object => ({ shape: { case: "point", value: { latitude, longitude } } });
const count = (value: number): object => ({ value: BigInt(value), basis: 2 });

const say = (title: string, body: object, more: object = {}): object => ({
  name: INCIDENT, statement: 1, texts: title ? [{ language: "nl", title }, { language: "en", title: `${title} (en)` }] : [], body, ...more,
});
const report = (title: string, latitude: number): object =>
  say(title, { case: "citizenReport", value: { category: 2, channel: 3 } }, { geometry: spot(latitude, 5.99), place: "Horn", times: { observed: at(-1) } });
const scenario = (title: string, type: number, criteria: [number, number][]): object => say(title, { case: "scenario", value: {
  subject: "Maas bij Horn", type, likelihood: 3, drawnUpBy: "ROT", horizonEnd: at(48),
  assumptions: [{ text: "de kade houdt", basis: [id(11)] }, { text: "geen regen meer" }],
  figures: [{ label: "mensen weg", count: count(type * 1000) }],
  scores: criteria.map(([criterion, level]) => ({ criterion, level })),
} }, { statement: 3 });

async function fill(): Promise<void> {
  await node.open("maas", "Hoogwater Maas");
  await node.open("wacht", "Dagelijkse wacht");
  const threshold = (title: string, place: string, urgency: number): object =>
    ({ ...say(title, { case: "threshold", value: { aspect: "water_level.discharge_m3_s", place, above: 2500 } }, { assessment: { urgency } }), name: "incidents/wacht" });
  await node.publish(threshold("Roep het ROT bijeen", "Sint Pieter", 4), threshold("Let op de Roer", "Roer bij Vlodrop", 0));
  const home = (number: number, name: string, place: string, dependencies: object[]): object => say("", { case: "facility", value: {
    designation: name, type: 13, state: 1, people: count(80), lessSelfReliant: count(70), dependencies } }, { name: id(number), place, geometry: spot(51.21, 5.95) });
  await node.publish(
    say("", { case: "waterLevel", value: { gauge: "Sint Pieter", dischargeM3S: 3100 } }, { geometry: spot(50.83, 5.7), times: { observed: at(-0.5) } }),
    home(10, "Huize Horn", "Horn", [{ service: 1, holdsOut: { seconds: 14_400n } }]),
    home(11, "Huize Haelen", "Haelen", [{ service: 1, suppliers: [id(10)], holdsOut: { seconds: 3_600n } }]),
    say(`Stroom weg ${HOSTILE}`, { case: "outage", value: { service: 1, state: 3, startTime: at(-1), expectedRepairTime: at(6) } }, { name: id(12), place: "Horn", discipline: 9 }),
    scenario("De kade houdt", 1, [[5, 2], [8, 3]]),
    scenario("De kade breekt", 2, [[5, 5], [8, 4], [11, 6]]),
    say("", { case: "resource", value: { type: "tankautospuit", callSign: "24-1031", state: 4, personnel: count(6) } }),
    say("", { case: "resource", value: { type: "reddingsboot", state: 1, quantity: count(3), availableUntil: at(2) } }),
    say("", { case: "staffing", value: { unit: "Dijkwacht Horn", sort: 2, function: "dijkwacht", present: count(12), onDuty: count(8), resting: count(4), longestDuty: { seconds: 54_000n } } }),
    report("Water in de kelder aan de Maasstraat", 51.2001), report("Water in de kelder Maasstraat", 51.2002), report("Kelder Maasstraat vol water", 51.2003),
  );
  node.run("publish", "Geheim: water in de kelder van het bureau", "--incident", INCIDENT, "--kind", "citizen_report", "--set", "category=REPORT_CATEGORY_DISORDER",
    "--set", "channel=REPORT_CHANNEL_IN_PERSON", "--audience", "kern", "--text-lang", "nl");
}

beforeAll(async () => {
  await node.start();
  node.charter(
    ["party", "politie", "--discipline", "police"], ["party", "ghor", "--discipline", "medical"],
    ["certify", "--party", "politie"],
    ...["maas", "wacht"].flatMap((one) => [["member", one, "politie"], ["member", one, "ghor"]]),
    ["audience", "kern", "--party", "politie", "--name", "Kernteam"],
    ["role", "baas", "administrator", "--party", "politie"], ["role", "baas", "information-manager", "--party", "politie"],
    ["role", "anna", "liaison", "--party", "politie"], ["role", "carla", "reader", "--party", "ghor"],
  );
  node.account("baas", PHRASE, "administrator:politie");
  await node.signIn("baas", PHRASE);
  node.account("anna", PHRASE);
  node.account("carla", PHRASE);
  await fill();
});

afterAll(async () => {
  await quit();
  await node.remove();
});

const TABS = { signals: /^(Signalen|Signals)$/, impact: /^(Uitval|Impact)$/, scenarios: /^Scenario/, capacity: /^(Eenheden en mensen|Units and people)$/, reports: /^(Burgermeldingen|Citizen reports)$/ };
const READY = { signals: "[data-signal]", impact: "[data-effect]", scenarios: ".scores", capacity: ".counts", reports: "[data-group]" };
type Tab = keyof typeof TABS;

async function to(page: Page, tab: Tab): Promise<void> {
  if ((await page.locator(".crew").count()) === 0) await page.locator(".team-button").click();
  await page.locator(".crew .tab", { hasText: TABS[tab] }).click();
  await page.locator(READY[tab]).first().waitFor();
}

async function open(tab: Tab, name = "anna", look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  const [context, page] = await signedIn(`${node.url}#${INCIDENT}`, name, PHRASE, look);
  await to(page, tab);
  return [context, page];
}

/** What most tests look at, as one person does. */
let shared: [BrowserContext, Page] | undefined;

async function on(tab: Tab): Promise<Page> {
  if (!shared) shared = await open(tab);
  else await to(shared[1], tab);
  return shared[1];
}

const told = (command: string, ...more: string[]): string => node.run(command, "--incident", INCIDENT, "--lang", "nl", ...more);
const words = async (page: Page): Promise<string> => (await page.locator(".crew-page").innerText()).replace(/\s+/g, " ");

test("a figure that passes a threshold stands on top, and one step leads to it, also in another incident", async () => {
  const page = await on("signals");
  const said = node.run("signals", "--mode", "exercise", "--lang", "nl");
  const first = page.locator("[data-signal]").first();
  for (const part of ["OVERSCHREDEN", "Roep het ROT bijeen", "gemeld 3.100 · voorbij met 600"]) {
    expect(said, part).toContain(part);
    expect(await first.innerText(), part).toContain(part);
  }
  expect(await first.innerText()).toContain("Sint Pieter: afvoer 2.500 m³/s of meer · landelijk");
  expect(await words(page)).toMatch(/2 drempels waken.*Niemand meldt Roer bij Vlodrop: afvoer/);
  await page.selectOption("#signals-of", "here");
  await until(() => words(page), (text) => text.includes("Stand van") && text.includes("OVERSCHREDEN"));
  // Its threshold stands in another incident: there it is shown.
  await first.locator("h3 .text").click();
  await page.locator(".detail h3", { hasText: "Roep het ROT bijeen" }).waitFor();
  expect(page.url()).toContain("#incidents/wacht");
  await page.locator(".team-button").click();
  await page.locator(".crew .tab", { hasText: TABS.signals }).click();
  await page.selectOption("#signals-of", "all");
  await page.locator("[data-signal] .line .badge", { hasText: "Hoogwater Maas" }).waitFor();
  await page.locator("[data-signal] .line").first().click();
  await page.locator(".detail dd", { hasText: "3.100 m³/s" }).waitFor();
  expect(page.url()).toContain(`#${INCIDENT}`);
});

test("an outage shows what it takes down next, when and why, and whom that hits; and follows what is said", async () => {
  const page = await on("impact");
  const said = told("impact");
  const page1 = await words(page);
  for (const part of ["valt uit", "Huize Haelen", "zonder stroom, overbrugt 4", "genoemd als leverancier", "160 mensen in wat uitviel of uitvalt", "Kwetsbare objecten waar gevaar is: 1", "80 mensen, onder wie minder zelfredzaam 70"]) {
    expect(said, part).toContain(part);
    expect(page1, part).toContain(part);
  }
  expect(await page.locator("[data-effect]").count()).toBe(2);
  expect(await page.locator(".crew img, .crew script").count()).toBe(0);
  await page.selectOption("#impact-of", { index: 1 });
  await until(() => page.locator("[data-effect]").count(), (found) => found === 2);
  // Each link leads to its entry, and the map to where it is.
  await page.locator("[data-effect] h3 .text", { hasText: "Huize Haelen" }).click();
  await page.locator(".detail h3", { hasText: "Huize Haelen" }).waitFor();
  await page.getByRole("button", { name: "Formulier", exact: true }).click();
  await page.getByRole("button", { name: "Midden van de kaart" }).click();
  await page.locator(".form", { hasText: /51\.21\d\d, 5\.95\d\d|51\.20\d\d, 5\.94\d\d/ }).waitFor();
  await page.locator(".form .close").click();
  await to(page, "impact");
  await page.locator("[data-effect] .chain .text", { hasText: "Stroom weg" }).first().click();
  await page.locator(".detail h3", { hasText: "Stroom weg" }).waitFor();
  await to(page, "impact");
  await node.publish({ ...say("Stroom terug", { case: "outage", value: { service: 1, state: 4, startTime: at(-1) } }, { name: id(12), place: "Horn", discipline: 9 }) });
  await page.getByText("Er viel niets uit en er valt niets uit").waitFor();
  await node.publish({ ...say(`Stroom weg ${HOSTILE}`, { case: "outage", value: { service: 1, state: 3, startTime: at(-1), expectedRepairTime: at(6) } }, { name: id(12), place: "Horn", discipline: 9 }) });
  await page.locator("[data-effect]").nth(1).waitFor();
});

test("what comes back after a repair is told as on the command line, also of one that is only supposed", async () => {
  const page = await on("impact");
  const said = told("impact").replace(/ +/g, " ");
  await until(() => page.locator("[data-return]").count(), (found) => found === 2);
  for (const back of await page.locator("[data-return] h3").allInnerTexts()) {
    expect(back).toMatch(/^komt terug/i);
    const name = /Huize \w+/.exec(back)![0];
    expect(said).toMatch(new RegExp(`\\[komt terug\\] .* ${name} · valt uit`));
  }
  expect(await page.locator("[data-return]", { hasText: "Huize Haelen" }).locator(".chain li").count()).toBe(3);
  await accessible(page, "what comes back");
  await page.locator("#suppose").click();
  await page.selectOption("#suppose-back", id(12));
  await page.locator(".supposing .send").click();
  await page.getByText("Dit is een veronderstelling").waitFor();
  await until(() => page.locator("[data-return]").allInnerTexts(), (all) => all.length === 2 && all.every((one) => /blijft gespaard[\s\S]*zou uitvallen/i.test(one)));
  expect(await page.locator("[data-effect]").count()).toBe(0);
  await shot(page, "team-comes-back");
  await page.locator("#suppose-end").click();
  await until(() => page.locator("[data-effect]").count(), (found) => found === 2);
});

test("what is supposed is shown apart, is asked soundly, and is kept nowhere", async () => {
  const page = await on("impact");
  const before = (await node.entries(INCIDENT)).length;
  await page.locator("#suppose").click();
  await page.locator(".supposing .send").click();
  await page.locator(".supposing .problem").waitFor();
  await accessible(page, "a supposition that lacks something");
  await page.selectOption("#suppose-facility", { label: "Huize Haelen" });
  await page.locator(".supposing .send").click();
  await page.getByText("Dit is een veronderstelling").waitFor();
  await accessible(page, "what is supposed");
  await until(() => page.locator("[data-effect]").allInnerTexts(), (all) => all.length === 1 && /uitgevallen[\s\S]*Huize Haelen[\s\S]*anders/.test(all[0]!));
  await shot(page, "team-suppose");
  await page.locator("#suppose-end").click();
  await until(() => page.locator("[data-effect]").count(), (found) => found === 2);
  expect((await node.entries(INCIDENT)).length).toBe(before);
});

test("scenarios stand side by side by criterion, with the worst of each and no average", async () => {
  const page = await on("scenarios");
  const said = told("scenarios");
  const rows = await page.locator(".scores tbody tr, .scores tfoot tr").allInnerTexts();
  const squeezed = rows.map((row) => row.replace(/\s+/g, " ").trim());
  expect(squeezed).toEqual(["2 Fysieke veiligheid", "2.1 doden A D", "3 Economische veiligheid", "3.1 kosten B C", "5 Sociale en politieke stabiliteit", "5.1 dagelijks leven · E", "ergste B E"]);
  for (const row of squeezed.filter((one) => /^\d\.\d|^ergste/.test(one))) expect(said.replace(/ +/g, " ")).toContain(row);
  const all = await words(page);
  for (const part of ["meest waarschijnlijk", "door ROT", "verwacht 2.000 mensen weg (geteld)", "staat nog", "haalt niets aan"]) {
    expect(said, part).toContain(part);
    expect(all, part).toContain(part);
  }
  await page.locator(".columns-of .text").nth(1).click();
  await page.locator(".detail h3", { hasText: "De kade breekt" }).waitFor();
});

test("units and people count as on the command line, with what ends and who lacks rest", async () => {
  const page = await on("capacity");
  const said = told("capacity");
  const rows = (await page.locator(".counts tbody tr").allInnerTexts()).map((row) => row.replace(/\s+/g, " ").trim());
  expect(rows).toEqual(["politie reddingsboot 3 · ·", "politie tankautospuit · 1 6", "politie dijkwacht (vrijwilligers) 1 12 8 4"]);
  for (const part of ["3 beschikbaar", "1 ingezet · 6 mensen erbij", "12 aanwezig · 8 in dienst · 4 rusten"]) expect(said).toContain(part);
  expect(await page.locator("[data-part=capacityEnds] .line").innerText()).toContain("reddingsboot");
  expect(await page.locator("[data-part=capacityRest] .line").innerText()).toContain("15 u");
  await page.selectOption("#rest-after", "24");
  await page.locator("[data-part=capacityRest]").waitFor({ state: "detached" });
  await page.locator("[data-part=capacityEnds] .line").click();
  await page.locator(".detail dd", { hasText: "reddingsboot" }).first().waitFor();
});

test("a person promotes a group of reports: the entry cites them, says who checked it, and they wait no more", async () => {
  const page = await on("reports");
  const group = page.locator("[data-group]", { hasText: "Maasstraat" });
  expect((await group.locator("h3").innerText()).replace(/\s+/g, " ")).toContain("3 wachten wateroverlast: 3 meldingen");
  await group.locator("summary").click();
  expect(await group.locator("details li").count()).toBe(3);
  await accessible(page, "reports of one group");
  await group.locator(".promote").click();
  await page.locator(".form .quiet", { hasText: "Maak van deze meldingen een item van uzelf" }).waitFor();
  await accessible(page, "an entry that is made of reports");
  await page.fill("#f-texts-0-title", "Kelders aan de Maasstraat staan blank");
  await page.fill("#f-assessment-verification-verified_by", "wijkagent");
  await shot(page, "team-promote");
  await sendForm(page);
  await page.locator("#list .line", { hasText: "Kelders aan de Maasstraat" }).waitFor();
  const made = (await node.entries(INCIDENT)).filter((entry) => entry.texts[0]?.title === "Kelders aan de Maasstraat staan blank");
  expect(made.map((entry) => [entry.author, entry.audience, entry.assessment?.verification?.state, entry.assessment?.verification?.verifiedBy, entry.place])).toEqual([["anna", "", 2, "wijkagent", "Horn"]]);
  expect(made[0]!.relations.map((relation) => relation.type)).toEqual([3, 3, 3]);
  await to(page, "reports");
  await until(() => group.locator("h3").innerText(), (text) => /afgehandeld/i.test(text));
  expect(await group.locator(".promote").count()).toBe(0);
  await group.locator(".ruled button", { hasText: "Kelders aan de Maasstraat" }).waitFor();
  expect(told("reports")).toContain("overgenomen:");
  await page.locator("#only-waiting").click();
  await group.waitFor({ state: "detached" });
  await page.locator("#only-waiting").click();
});

test("what was told to some is promoted for them only, and is not there for others, who have no button either", async () => {
  const page = await on("reports");
  await page.locator("[data-group]", { hasText: "Geheim" }).locator(".promote").click();
  await page.locator(".form .field b", { hasText: "Kernteam" }).waitFor();
  expect(await page.locator("#form-audience").count()).toBe(0);
  await sendForm(page);
  await until(() => node.entries(INCIDENT), (all) => all.some((entry) => entry.body.case === "observation" && entry.audience === "audiences/kern"));
  const [other, reader] = await open("reports", "carla");
  expect(await reader.locator(".promote").count()).toBe(0);
  expect(await reader.locator("[data-group]").count()).toBe(1);
  expect(await words(reader)).not.toContain("Geheim");
  await other.close();
});

test("when the node is gone the page says of when it is, and goes on when it is back; on paper there are no buttons", async () => {
  const page = await on("capacity");
  await page.locator(".told-at", { hasText: "Stand van" }).waitFor();
  await page.emulateMedia({ media: "print" });
  expect(await page.locator(".crew .tabs, #rest-after").first().isVisible()).toBe(false);
  await page.emulateMedia({ media: null });
  const sheets = await printed(page, "capacity");
  if (sheets) expect(sheets.join("\n")).toContain("Eenheden en mensen");
  // What was chosen is said where there is nothing to choose.
  await to(page, "impact");
  const impact = await printed(page, "impact");
  if (impact) expect(impact.join("\n")).toContain("Gevolg van: alles wat uitviel of uitvalt");
  await to(page, "capacity");
  await node.kill();
  await page.locator(".crew .warn", { hasText: "Het knooppunt antwoordt niet. Dit is van" }).waitFor();
  expect(await page.locator(".counts").count()).toBe(2);
  await node.start();
  await page.locator(".crew .warn").waitFor({ state: "detached" });
});

// Both themes and both languages; more would take long.
test.each([{ lang: "nl" as const, dark: false }, { lang: "en" as const, dark: true }])("everybody can read what is watched, in $lang, dark: $dark", async ({ lang, dark }) => {
  const [context, page] = await open("signals", "anna", { lang, dark });
  await readableEverywhere(page, Object.keys(TABS), (tab) => to(page, tab as Tab), { lang, dark });
  await context.close();
});

test("a moment back in time shows what was known then, and nobody promotes there", async () => {
  const page = await on("signals");
  await page.locator(".time #when").focus();
  await page.keyboard.press("Home");
  await page.locator(".frame").waitFor();
  await page.getByText("Er waakt geen drempel in open incidenten van deze soort.").waitFor();
  await page.locator(".crew .tab", { hasText: TABS.reports }).click();
  await page.getByText("Niemand meldde iets.").waitFor();
  expect(await page.locator(".promote, .told-at").count()).toBe(0);
  await page.locator(".frame button").click();
  await page.locator("[data-group]").first().waitFor();
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
