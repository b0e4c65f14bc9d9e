// Forms of every kind, changing what was said, photos, the guide for a first report, and the views
// beside the map.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KINDS, KIND_FIELDS, type Field } from "../../src/fields.ts";
import { language } from "../../src/words/index.ts";
import { SHOTS, accessible, accessibleInThis, complaints, inEveryLook, live, person, quit, sendForm, shot, visit } from "./browser.ts";
import { pmtiles } from "./tiles.ts";
import { TestNode, until } from "./nodes.ts";

const node = new TestNode("zuid", "zuid-limburg");
const north = new TestNode("noord", "limburg-noord");
const HOSTILE = `<img src=x onerror="document.title='owned'"><script>alert(1)</script>`;
let incident = "";
let mixed = "";

beforeAll(async () => {
  await node.start();
  incident = await node.open("formulier", "Formulieren");
  mixed = await node.open("gemengd", "Gemengd");
  mkdirSync(join(node.data, "layers"));
  const at = (longitude: number, latitude: number): object => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [longitude, latitude] } });
  writeFileSync(join(node.data, "layers", "gemalen.geojson"), JSON.stringify({ type: "FeatureCollection", features: [at(5.9, 51.1)] }));
  writeFileSync(join(node.data, "layers", "stuk.geojson"), "dit is geen GeoJSON");
  writeFileSync(join(node.data, "layers", "grond.pmtiles"), pmtiles([
    { layer: "water", properties: { kind: "lake" }, points: [[5.2, 52.4], [5.8, 52.4], [5.8, 52.9], [5.2, 52.9]], area: true },
    { layer: "roads", properties: { kind: "motorway", name: "A1" }, points: [[4.9, 52.37], [5.9, 52.2], [6.9, 52.3]], area: false },
    { layer: "roads", properties: { kind: "rail" }, points: [[4.9, 52.37], [5.1, 52.09], [5.69, 50.85]], area: false },
  ], "Kaart van &lt;b&gt;ons&lt;/b&gt; <img src=x onerror=\"document.title='owned'\">&amp; anderen"));
  writeFileSync(join(node.data, "layers", "kapot.pmtiles"), "PMTiles maar dan anders");
  await north.start("--link", node.listen);
  const say = (title: string, statement: number, body: object): object => ({ name: mixed, statement, discipline: 2, texts: [{ language: "nl", title }], body });
  await node.publish(
    say("Besluit om te ontruimen", 5, { case: "decision", value: { decidedBy: "RBT", state: 2 } }),
    say("Zandzakken leggen", 6, { case: "action", value: { owner: "waterschap", state: 1 } }),
    say("Weg naar de dijk is vol", 4, { case: "observation", value: {} }),
    say("Wie sluit de stuw?", 7, { case: "observation", value: {} }),
    say("Pompen gevraagd", 1, { case: "assistanceRequest", value: { need: "pompen", state: 1, addressee: "parties/brandweer-elders" } }),
  );
});

afterAll(async () => {
  await quit();
  await north.remove();
  await node.remove();
});

async function open(name: string, look: Parameters<typeof person>[0] = {}): Promise<[BrowserContext, Page]> {
  const context = await person(look);
  const page = await visit(context, `${node.url}#${name}`);
  await live(page);
  return [context, page];
}

const line = (page: Page, words: string) => page.locator("#list .line", { hasText: words });

/** Fills whatever must be filled, and every text besides. */
async function fill(page: Page, fields: readonly Field[], before: string, text: string): Promise<void> {
  for (const { name, sort, required, fields: inner, length = 0, options } of fields) {
    const at = page.locator(`#f-${(before + name).replace(/[^a-z0-9_]+/g, "-")}`);
    if (sort === "rows") {
      const called = language("nl").field(before.split(".")[0]!, name);
      if (!required) await page.locator(".form .group .rows").getByRole("button", { name: `Toevoegen: ${called}`, exact: true }).click();
      await fill(page, inner ?? [], `${before}${name}[0].`, text);
    } else if (name === "offer") await at.fill(`${incident}/entries/018f3c3e-0000-7000-8000-000000000001`);
    else if (options) await at.selectOption({ index: 1 });
    else if (name === "quantity" && sort !== "count") await at.fill("2");
    else if (sort === "choice" && required) await at.selectOption("1");
    else if (sort === "long" && name === "text") await at.fill(text.slice(0, 60));
    else if (sort === "count" && required) await at.fill("12");
    else if (sort === "number" && required) await at.fill("1,5");
    else if (sort === "text" && (required || length === 200) && name !== "in_reply_to") await at.fill(text.slice(0, Math.min(60, length)));
  }
}

test("each kind is posted by its form, hostile words and all", async () => {
  const [context, page] = await open(incident);
  for (const kind of KINDS) {
    await page.getByRole("button", { name: "Formulier", exact: true }).click();
    await page.locator("#form-kind").selectOption(kind);
    await page.locator("#f-texts-0-title").fill(`${kind} ${HOSTILE}`);
    await fill(page, KIND_FIELDS[kind], `${kind}.`, HOSTILE);
    if (kind === "water_level") {
      await page.locator("#f-water_level-level_m").fill("3,18");
      await page.locator("#f-water_level-datum").fill("NAP");
    }
    if (kind === "measurement") {
      await page.locator("#f-measurement-readings-0-unit").fill("ppm");
      await page.locator("#f-measurement-readings-0-cas_number").fill("7664-41-7");
    }
    if (kind === "facility") await page.locator("#f-facility-dependencies-0-service").selectOption("1");
    if (kind === "weather") await page.locator("#f-weather-temperature_c").fill("-4");
    if (kind === "staffing") await page.locator("#f-staffing-present").fill("12");
    if (kind === "contact") {
      // What is no number or address is refused there: it must not reach the public.
      await page.locator("#f-contact-telephone").fill("112");
      for (const name of ["web", "mail"]) await page.locator(`#f-contact-${name}`).fill("");
    }
    if (kind === "threshold") await page.locator("#f-threshold-above").fill("2500");
    if (kind === "drawing") await page.getByRole("button", { name: "Midden van de kaart" }).click();
    await sendForm(page);
    await page.locator(".form").waitFor({ state: "detached" }).catch(async () => {
      throw new Error(`${kind} is not posted: ${await page.locator(".form .problem, .form .warn").allInnerTexts()}`);
    });
  }
  await until(() => page.locator(".queue .waiting").allInnerTexts(), (waiting) => waiting.length === 0, 30_000);
  const posted = await until(() => node.entries(incident), (entries) => entries.length === KINDS.length, 30_000);
  expect(posted.map((entry) => entry.kind).sort()).toEqual([...KINDS].sort());
  expect(posted.every((entry) => entry.texts[0]?.title.includes("<script>"))).toBe(true);
  const level = posted.find((entry) => entry.kind === "water_level");
  expect(level?.body.case === "waterLevel" && level.body.value.levelM).toBe(3.18);
  await until(() => page.locator("#list .line").count(), (count) => count === KINDS.length);
  expect(await page.title()).toBe("Polder");
  expect(await page.locator("#app img:not([src='/icon.svg']), #app script").count()).toBe(0);
  await context.close();
});

test("a form names what lacks, and what the node refuses stands at its field", async () => {
  const [context, page] = await open(incident);
  await page.getByRole("button", { name: "Formulier", exact: true }).click();
  await page.locator("#form-kind").selectOption("closure");
  await sendForm(page);
  await until(() => page.locator("[aria-invalid=true]").count(), (count) => count === 2);
  await accessible(page, "a form with something lacking");
  // Only the node knows that a level needs what it is measured from.
  await page.locator("#form-kind").selectOption("water_level");
  await page.locator("#f-water_level-gauge").fill("Borgharen");
  await page.locator("#f-water_level-level_m").fill("45,2");
  await sendForm(page);
  await page.locator("#f-water_level-datum[aria-invalid=true]").waitFor();
  expect(await page.locator("#f-water_level-level_m").inputValue()).toBe("45,2");
  await shot(page, "form-refused");
  await page.locator("#f-water_level-datum").fill("NAP");
  await sendForm(page);
  await line(page, "45,2 m NAP").waitFor();
  await page.locator(".queue").waitFor({ state: "detached" });
  await context.close();
});

test("whoever types at once in a form that was just opened keeps the cursor", async () => {
  const [context, page] = await open(mixed);
  await line(page, "Zandzakken leggen").click();
  await page.getByRole("button", { name: "Wijzig", exact: true }).click();
  await page.locator("#form-head").waitFor();
  const where = (): Promise<string> => page.evaluate(() => document.activeElement?.id ?? "");
  expect(await where()).toBe("form-head");
  await page.locator("#f-action-owner").fill("");
  // All that the page wants to do of itself after opening is long done by then.
  await page.waitForTimeout(600);
  expect(await where()).toBe("f-action-owner");
  await sendForm(page);
  await page.locator("#f-action-owner[aria-invalid=true]").waitFor();
  expect(await where()).toBe("f-action-owner");
  await context.close();
});

test("what was said is changed by a new version, and the one before stays readable", async () => {
  const [context, page] = await open(mixed);
  await line(page, "Zandzakken leggen").click();
  await page.getByRole("button", { name: "Wijzig", exact: true }).click();
  await page.locator("#f-action-state").selectOption("3");
  await page.locator("#f-action-progress_percent").fill("100");
  await sendForm(page);
  await line(page, "gereed").waitFor();
  const [entry] = (await node.entries(mixed)).filter((one) => one.kind === "action");
  expect(entry?.body.case === "action" && [entry.body.value.owner, entry.body.value.state]).toEqual(["waterschap", 3]);
  const versions = await node.versions(entry!.name);
  expect(versions).toHaveLength(2);
  expect(versions.filter((version) => !version.superseded)).toHaveLength(1);
  await context.close();
});

test("a photo is made small, loses what the camera wrote, and stands in the entry", async () => {
  const [context, page] = await open(mixed);
  // A picture of 3,000 by 2,000 with a mark that stands for what a camera writes.
  const jpeg = await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [3_000, 2_000];
    canvas.getContext("2d")!.fillRect(100, 100, 900, 900);
    const blob = await new Promise<Blob>((done) => canvas.toBlob((made) => done(made!), "image/jpeg"));
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  const told = Buffer.from("Exif\0\0GPS 51.2 5.9 SECRET-PLACE");
  const marker = Buffer.from([0xff, 0xe1, 0, told.length + 2]);
  const bytes = Buffer.from(jpeg);
  const photo = Buffer.concat([bytes.subarray(0, 2), marker, told, bytes.subarray(2)]);
  await page.getByRole("button", { name: "Formulier", exact: true }).click();
  await page.locator("#f-texts-0-title").fill("Scheur in de dijk");
  await page.locator(".photos input[type=file]").setInputFiles({ name: "dijk.jpg", mimeType: "image/jpeg", buffer: photo });
  await page.locator(".photos").getByText("verstuurd").waitFor();
  await sendForm(page);
  await line(page, "Scheur in de dijk").click();
  const seen = page.locator(".detail .album img");
  await seen.waitFor();
  expect(await seen.evaluate((img: HTMLImageElement) => img.decode().then(() => [img.naturalWidth, img.naturalHeight]))).toEqual([1_600, 1_067]);
  const entry = (await node.entries(mixed)).find((one) => one.texts[0]?.title === "Scheur in de dijk");
  expect(entry?.attachments[0]?.attachment).toMatch(/^attachments\/[0-9a-f]{64}$/);
  const kept = await node.attachment(entry!.attachments[0]!.attachment);
  expect(kept.length).toBeGreaterThan(1_000);
  expect(kept.includes("SECRET-PLACE")).toBe(false);
  await shot(page, "photo");
  await accessible(page, "a photo");
  await context.close();
});

test("a first report by M/ETHANE becomes the entries that it consists of", async () => {
  const meth = await node.open("methane", "Eerste melding");
  const [context, page] = await open(meth);
  await page.getByRole("button", { name: "M/ETHANE" }).click();
  await page.getByLabel("M: groot incident").check();
  await page.getByLabel("E: precieze plaats").fill("A2 bij Born");
  await page.getByLabel("T: wat voor incident").fill("Tankwagen gekanteld");
  await page.getByLabel("H: gevaren").fill("ammoniak");
  await page.getByLabel("A: aan-").fill("alleen van noord");
  await page.locator("#m-t1").fill("2");
  await page.getByLabel("E: hulpdiensten").fill("gaspakken");
  await accessible(page, "M/ETHANE");
  await shot(page, "methane");
  await sendForm(page);
  const entries = await until(() => node.entries(meth), (found) => found.length === 5);
  const main = entries.find((entry) => entry.relations.length === 0);
  expect(main?.texts[0]?.title).toBe("Tankwagen gekanteld, A2 bij Born");
  expect(entries.filter((entry) => entry.relations[0]?.entry === main?.name)).toHaveLength(4);
  expect(entries.every((entry) => entry.assessment?.urgency === 4)).toBe(true);
  await context.close();
});

test("decisions, actions, questions, bottlenecks, what is asked and gaps are views of their own", async () => {
  const [context, page] = await open(mixed);
  const tab = (name: string) => page.locator(".tabs").getByRole("button", { name, exact: true }).click();
  for (const [name, words] of [["Besluiten", "ontruimen"], ["Acties", "Zandzakken"], ["Knelpunten", "dijk is vol"], ["Vragen", "Wie sluit"], ["Gevraagd", "Pompen"]]) {
    await tab(name!);
    await line(page, words!).waitFor();
    await until(() => page.locator("#list .line").count(), (count) => count === 1);
  }
  await tab("Gaten");
  await page.getByText("brandweer-elders").first().waitFor();
  await page.getByText("limburg-noord").first().waitFor();
  await accessible(page, "gaps");
  await tab("Totaal");
  await page.locator(".chip", { hasText: "organisatie" }).click();
  await until(() => page.locator("#list .line").count(), (count) => count === 1);
  await context.close();
});

test("what changed since a moment is listed", async () => {
  const [context, page] = await open(mixed);
  await page.locator(".tabs").getByRole("button", { name: "Verschillen" }).click();
  await page.getByRole("button", { name: "Laatste 8 uur" }).click();
  await page.locator(".line", { hasText: "Besluit om te ontruimen" }).getByText("nieuw").waitFor();
  await accessible(page, "changes");
  await context.close();
});

test("a layer of the operator is shown when wanted, and one that is broken says so", async () => {
  const [context, page] = await open(mixed);
  await page.getByRole("checkbox", { name: "gemalen" }).check();
  await page.getByRole("checkbox", { name: /stuk/ }).click();
  await page.getByText("niet te lezen").waitFor();
  expect(await page.getByRole("checkbox", { name: "gemalen" }).isChecked()).toBe(true);
  await accessible(page, "a layer that is broken");
  await context.close();
});

test("tiles of the operator are the ground, from a file that is read in ranges, and can be put away", async () => {
  const [context, page] = await open(mixed);
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/layers/grond")) asked.push(request.headers()["range"] ?? "whole");
  });
  const tiles = (said: string) => until(() => page.locator("#map").getAttribute("data-tiles"), (found) => found === said);
  await page.reload();
  await tiles("3 shapes");
  expect(await page.getByRole("checkbox", { name: "grond" }).isChecked()).toBe(true);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((range) => !/^bytes=\d+-\d+$/.test(range))).toEqual([]);
  // What the file says of its source is shown as words, whatever it holds.
  await page.locator(".ol-attribution", { hasText: "tegels van de beheerder: Kaart van <b>ons</b> & anderen" }).waitFor();
  await accessible(page, "tiles of the operator");
  await page.getByRole("button", { name: "Nederland", exact: true }).click();
  await shot(page, "tiles");
  await page.getByRole("checkbox", { name: "grond" }).click();
  await tiles("");
  await page.locator(".ol-attribution", { hasText: "Kaart van" }).waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("checkbox", { name: "grond" }).waitFor();
  expect(await page.getByRole("checkbox", { name: "grond" }).isChecked()).toBe(false);
  await page.getByRole("checkbox", { name: "kapot" }).click();
  await page.getByText("niet te lezen").waitFor();
  await context.close();
});

test("the region of a node that is cut off is hatched", async () => {
  const [context, page] = await open(mixed);
  const hatched = (count: string) => until(() => page.locator("#map").getAttribute("data-hatched"), (found) => found === count, 60_000);
  await hatched("0");
  await north.kill();
  await hatched("1");
  await page.getByRole("button", { name: "Nederland", exact: true }).click();
  await shot(page, "region-cut-off");
  await page.getByRole("button", { name: "Landelijk" }).click();
  await page.locator(".card.off", { hasText: "Limburg-Noord" }).waitFor();
  await accessible(page, "a region that is cut off");
  await context.close();
});

inEveryLook(({ lang, dark }) => {
  test("forms, views and the national screen are for everybody", async () => {
    const mark = `${lang}-${dark ? "dark" : "light"}`;
    const [context, page] = await open(mixed, { lang, dark });
    await line(page, "Besluit").waitFor();
    await page.getByRole("button", { name: lang === "nl" ? "Formulier" : "Form", exact: true }).click();
    await page.locator("#form-kind").selectOption("casualties");
    await shot(page, `form-${mark}`);
    await accessibleInThis(page, "a form");
    await page.locator("#form-kind").selectOption("scenario");
    await page.locator(".form details").evaluateAll((all) => all.forEach((one) => one.setAttribute("open", "")));
    await accessibleInThis(page, "a form with all of it open");
    await page.locator(".form .close").click();
    await page.locator(".tabs").getByRole("button").nth(6).click();
    await shot(page, `gaps-${mark}`);
    await accessibleInThis(page, "gaps");
    await page.locator(".tabs").getByRole("button").nth(7).click();
    await accessibleInThis(page, "changes");
    await page.locator(".bar").getByRole("button").first().click();
    await page.locator(".nation").waitFor();
    await shot(page, `nation-${mark}`);
    await accessibleInThis(page, "the national screen");
    await page.locator(".nation-bar input").check();
    await shot(page, `wall-${mark}`);
    await accessibleInThis(page, "the wall screen");
    await context.close();
  });
});

test("on paper each page says when, where and how complete", async () => {
  const [context, page] = await open(mixed);
  await line(page, "Besluit").waitFor();
  await page.emulateMedia({ media: "print" });
  const head = await page.locator(".paper").innerText();
  for (const words of ["OEFENING", "stand van", "knooppunt zuid", "items"]) expect(head).toContain(words);
  await shot(page, "print");
  const pdf = await page.pdf({ path: join(SHOTS, "picture.pdf"), format: "A4", printBackground: true });
  expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
  expect(readFileSync(join(SHOTS, "picture.pdf")).length).toBeGreaterThan(10_000);
  await context.close();
});

test("the past plays by itself until now, in a frame", async () => {
  const [context, page] = await open(mixed);
  await page.locator(".time select").selectOption("60");
  await page.getByRole("button", { name: "Afspelen" }).click();
  await page.locator(".frame").waitFor();
  await page.locator(".frame").waitFor({ state: "detached", timeout: 60_000 });
  await page.getByRole("button", { name: "Afspelen" }).waitFor();
  await context.close();
});

test("nothing was complained about", () => {
  expect(complaints).toEqual([]);
});
