// How fast the page is, as a table: first picture, an update to the screen, panning, long tasks and
// memory. Real nodes, Debian's Chromium, software rendering. `just web-speed` runs it.
import { readFileSync, readdirSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, person, quit } from "../browser/browser.ts";
import { TestNode, until } from "../browser/nodes.ts";
import { busy, entries, meter, open } from "./busy.ts";

const LOADS = 5;
const POSTS = 60;
/** Seconds of fifty updates each. */
const SOAK_S = Number(process.env["POLDER_WEB_SOAK_S"] ?? 60);

const south = new TestNode("zuid");
const north = new TestNode("noord");
const rows: [what: string, wanted: string, found: string][] = [];

beforeAll(async () => {
  await south.start();
  await north.start("--link", south.listen);
});

afterAll(async () => {
  await quit();
  await north.remove();
  await south.remove();
  const table = [["what", "wanted", "found"], ["---", "---", "---"], ...rows].map((row) => `| ${row.join(" | ")} |`);
  console.log(`\n${table.join("\n")}\n\n${cpus().length} cores (${cpus()[0]?.model}), load ${loadavg()[0]?.toFixed(1)}, ${process.env["POLDER"] ?? "target/debug/polder"}`);
});

const sorted = (numbers: number[]): number[] => [...numbers].sort((a, b) => a - b);
const part = (numbers: number[], at: number): number => sorted(numbers)[Math.min(numbers.length - 1, Math.floor(numbers.length * at))] ?? NaN;
const ms = (value: number): string => `${Math.round(value)} ms`;

async function loads(incident: string, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let load = 0; load < LOADS; load += 1) {
    // Another person each time: nothing is kept in the browser.
    const context = await person();
    found.push((await open(context, `${south.url}#${incident}`, count))[1]);
    await context.close();
  }
  return found;
}

test("the bundle", () => {
  const folder = process.env["POLDER_WEB_BUNDLE"] ?? "dist";
  const size = (names: string[]): number => names.reduce((all, name) => all + gzipSync(readFileSync(`${folder}/${name}`), { level: 9 }).length, 0);
  const own = readdirSync(folder).filter((name) => /\.(js|css|html|svg)$/.test(name));
  const map = readdirSync(`${folder}/map`).map((name) => `map/${name}`);
  rows.push(["bundle without map data, gzip", "under 400 kB", `${Math.round(size(own) / 1000)} kB`]);
  rows.push(["map data, gzip", "", `${Math.round(size(map) / 1000)} kB`]);
  expect(own.length).toBeGreaterThan(3);
});

test("first picture", async () => {
  await launch();
  for (const [count, wanted] of [[1_000, "under 1.5 s"], [10_000, "under 4 s"]] as const) {
    const incident = await south.open(`veel-${count}`, `${count} meldingen`);
    await south.publish(...entries(incident, count));
    const found = await loads(incident, count);
    rows.push([`first picture after load, ${count.toLocaleString("en")} entries: median, longest of ${LOADS}`, wanted, `${ms(part(found, 0.5))}, ${ms(Math.max(...found))}`]);
  }
});

test("panning over ten thousand entries", async () => {
  const context = await person();
  const [page] = await open(context, `${south.url}#incidents/veel-10000`, 10_000);
  const box = (await page.locator("#map").boundingBox())!;
  const frames = await page.evaluate(() => {
    const seen: number[] = [];
    let last = performance.now();
    const note = (now: number): void => {
      seen.push(now - last);
      last = now;
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
    Object.assign(globalThis, { frames: seen });
    return seen.length;
  });
  const middle = [box.x + box.width / 2, box.y + box.height / 2] as const;
  await page.mouse.move(...middle);
  await page.mouse.down();
  for (let step = 0; step < 120; step += 1) {
    await page.mouse.move(middle[0] + 150 * Math.sin(step / 9), middle[1] + 120 * Math.cos(step / 11));
  }
  await page.mouse.up();
  const found = (await page.evaluate(() => (globalThis as unknown as { frames: number[] }).frames)).slice(frames);
  rows.push(["a frame while panning over 10,000 entries: median, p95, longest", "smooth", `${ms(part(found, 0.5))}, ${ms(part(found, 0.95))}, ${ms(Math.max(...found))}`]);
  await context.close();
});

test("an entry of the next node to the screen", async () => {
  const incident = await south.open("naast", "Naast elkaar");
  await until(() => north.entries(incident).then(() => true, () => false), Boolean);
  await south.publish(...entries(incident, 200));
  await until(async () => (await north.entries(incident)).length, (count) => count === 200, 60_000);
  const context = await person();
  const [page] = await open(context, `${north.url}#${incident}`, 200);
  const times: number[] = [];
  for (let post = 0; post < POSTS; post += 1) {
    const title = `meting ${post} bij de buren`;
    const seen = page.evaluate((wanted) => new Promise<number>((done) => {
      const look = (): void => {
        if (document.querySelector("#list")?.textContent?.includes(wanted)) done(Date.now());
        else requestAnimationFrame(look);
      };
      look();
    }), title);
    await page.waitForTimeout(50);
    const start = Date.now();
    await south.publish({ name: incident, statement: 1, discipline: 6, texts: [{ language: "nl", title }], body: { case: "observation", value: {} } });
    times.push((await seen) - start);
  }
  rows.push([`published at the next node, to the screen: median, p95 of ${POSTS}`, "p95 under 250 ms", `${ms(part(times, 0.5))}, ${ms(part(times, 0.95))}`]);
  await context.close();
});

test("fifty updates a second", async () => {
  const incident = await south.open("druk", "Druk");
  await south.publish(...entries(incident, 1_000));
  const context = await person();
  const [page] = await open(context, `${south.url}#${incident}`, 1_000);
  const held = await meter(page);
  const used = async (): Promise<number> => (await held()).heapMb;
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(globalThis, { seen });
    new PerformanceObserver((list) => seen.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
  });
  const before = await used();
  const along: number[] = [];
  // Collecting garbage is a long task of our own.
  const [rate] = await busy(south, incident, SOAK_S, SOAK_S >= 120 ? 60 : Infinity, async () => void along.push(await used()));
  const long = await page.evaluate(() => (globalThis as unknown as { seen: number[] }).seen);
  const after = await used();
  rows.push([`long tasks in ${SOAK_S} s of ${Math.round(rate)} updates/s: over 200 ms, longest`, "none over 200 ms", `${long.filter((one) => one > 200).length}, ${ms(Math.max(0, ...long))}`]);
  rows.push(["memory of scripts before and after them", "flat", [before, ...along, after].map((one) => one.toFixed(1)).join(", ") + " MB"]);
  await context.close();
});
