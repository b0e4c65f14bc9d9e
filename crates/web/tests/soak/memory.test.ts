// Nothing stays behind in a page that many updates reach for long: its scripts, nodes and listeners stay
// as many as they were. `just web-soak` runs it.
import { cpus, loadavg } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { person, quit } from "../browser/browser.ts";
import { TestNode, until } from "../browser/nodes.ts";
import { busy, entries, meter, open, type Held } from "../speed/busy.ts";
import { WARM_UP, growth } from "./flat.ts";
import { SOAK_S } from "./vitest.config.ts";

/** Each minute; in a shorter run, which only shows that the test works, as often in all. */
const EVERY_S = Math.min(60, SOAK_S / 10);
/** What may come by itself: a badge at each line of the list, a bit more code that was compiled. In ten
 * minutes 15,000 updates lie between the thirds: 3 MB are 200 bytes of each, less than one entry. A run
 * of an hour swung by 2.7 MB and grew by 0.7. */
const MAY_GROW: Held = { heapMb: 3, nodes: 500, listeners: 50, documents: 1 };
/** Fewer updates a second would show nothing. */
const LEAST = 10;

const node = new TestNode("zuid");

beforeAll(async () => {
  await node.start();
});

afterAll(async () => {
  await quit();
  await node.remove();
});

test("memory stays flat while fifty updates a second arrive", async () => {
  const incident = await node.open("druk", "Druk");
  await node.publish(...entries(incident, 1_000));
  const context = await person();
  const [page] = await open(context, `${node.url}#${incident}`, 1_000);
  const held = await meter(page);
  const read: Held[] = [await held()];
  const [rate, title] = await busy(node, incident, SOAK_S, EVERY_S, async () => void read.push(await held()));
  // All of it arrived.
  await until(() => page.locator("#list").innerText(), (text) => text.includes(title), 240_000);
  const row = (what: keyof Held): number[] => read.map((one) => Number(one[what].toFixed(1)));
  const kinds = Object.keys(MAY_GROW) as (keyof Held)[];
  console.log([
    `\n${SOAK_S} s of ${Math.round(rate)} updates/s, read every ${EVERY_S} s; the first ${WARM_UP} are warm-up`,
    ...kinds.map((kind) => `${kind}: ${row(kind).join(", ")}; grew by ${growth(row(kind)).toFixed(1)}, may ${MAY_GROW[kind]}`),
    `${cpus().length} cores (${cpus()[0]?.model}), load ${loadavg()[0]?.toFixed(1)}`,
  ].join("\n"));
  expect(kinds.filter((kind) => !(growth(row(kind)) <= MAY_GROW[kind]))).toEqual([]);
  expect(rate, "updates a second").toBeGreaterThan(LEAST);
  await context.close();
});
