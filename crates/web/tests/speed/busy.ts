// A page that many updates reach, and what it then holds: shared by what measures and what fails.
import type { BrowserContext, Page } from "playwright-core";
import type { TestNode } from "../browser/nodes.ts";
import { until } from "../browser/nodes.ts";

/** Updates of one burst; five go out in a second. */
const BURST = 10;
const BURST_MS = 200;

export function entries(incident: string, count: number) {
  return Array.from({ length: count }, (_, number) => ({
    name: `${incident}/entries/018f3c3e-0000-7000-8000-${String(number).padStart(12, "0")}`,
    statement: 1 + (number % 3), discipline: 1 + (number % 13),
    texts: [{ language: "nl", title: `Melding ${number} aan de Maas` }],
    geometry: { shape: { case: "point" as const, value: { latitude: 50.8 + ((number * 7919) % 10_000) / 12_000, longitude: 5.6 + ((number * 104_729) % 10_000) / 16_000 } } },
    body: { case: "observation" as const, value: {} },
  }));
}

/** A page that notes by itself when map and list first show so many entries. */
export async function open(context: BrowserContext, url: string, count: number): Promise<[Page, number]> {
  const page = await context.newPage();
  await page.addInitScript((wanted) => {
    const look = (): void => {
      const drawn = document.querySelector("#map")?.getAttribute("data-drawn") === String(wanted);
      if (drawn && document.querySelector("#list .line")) Object.assign(globalThis, { first: performance.now() });
      else requestAnimationFrame(look);
    };
    look();
  }, count);
  await page.goto(url);
  const first = await until(() => page.evaluate(() => (globalThis as { first?: number }).first), (found) => found !== undefined, 120_000);
  return [page, first!];
}

/** What a page holds once its garbage is gone. */
export interface Held {
  /** Of its scripts. */
  heapMb: number;
  nodes: number;
  listeners: number;
  documents: number;
}

export async function meter(page: Page): Promise<() => Promise<Held>> {
  const inside = await page.context().newCDPSession(page);
  await inside.send("Performance.enable");
  const once = async (): Promise<Held> => {
    await inside.send("HeapProfiler.collectGarbage");
    const { metrics } = await inside.send("Performance.getMetrics");
    const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? NaN;
    return { heapMb: of("JSHeapUsedSize") / 1e6, nodes: of("Nodes"), listeners: of("JSEventListeners"), documents: of("Documents") };
  };
  // Nodes that were just taken out may outlive one collection: until no fewer are left.
  return async () => {
    for (let [tries, held] = [0, await once()]; ; tries += 1) {
      await page.waitForTimeout(100);
      const next = await once();
      if (tries === 5 || next.nodes >= held.nodes) return next;
      held = next;
    }
  };
}

/** Fifty updates a second of a thousand entries for so long, and something else every so often. Gives
 * how many a second there were, and the last title. */
export async function busy(node: TestNode, incident: string, seconds: number, everyS: number, then: () => Promise<void>): Promise<[rate: number, title: string]> {
  const all = entries(incident, 1_000);
  const begin = Date.now();
  let [bursts, next, title] = [0, everyS, ""];
  for (; Date.now() < begin + seconds * 1_000; bursts += 1) {
    const from = (bursts * BURST) % all.length;
    title = `Nu ${bursts}`;
    await node.publish(...all.slice(from, from + BURST).map((row) => ({ ...row, texts: [{ language: "nl", title }] })));
    if (Date.now() >= begin + next * 1_000) {
      next += everyS;
      await then();
    }
    await new Promise((done) => setTimeout(done, Math.max(0, begin + (bursts + 1) * BURST_MS - Date.now())));
  }
  return [(bursts * BURST) / ((Date.now() - begin) / 1_000), title];
}
