import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { QUIET_MS, Upgrade, placeBefore, typed } from "../../src/upgrade.ts";

const [OWN, OTHER] = ["0123456789abcdef", "fedcba9876543210"];

describe("a page under which the node is upgraded", () => {
  const kept = new Map<string, string>();
  beforeEach(() => {
    vi.useFakeTimers();
    kept.clear();
    vi.stubGlobal("sessionStorage", { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value), removeItem: (key: string) => kept.delete(key) });
    vi.stubGlobal("document", { querySelectorAll: () => [] });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const page = (answers: { answered: boolean; build: string | undefined }[]) => {
    const seen = { reloads: 0, busy: false };
    const around = { busy: () => seen.busy, place: () => ({ incident: "incidents/x", tab: "book", selected: "e" }), draw: () => undefined, reload: () => void (seen.reloads += 1) };
    let asked = 0;
    const upgrade = new Upgrade(OWN, around, async () => ((asked += 1), answers.shift() ?? { answered: false, build: undefined }));
    return { upgrade, seen, asked: () => asked };
  };

  test("sees it by the build that the node serves, and by nothing else", async () => {
    const { upgrade, asked } = page([{ answered: true, build: OWN }, { answered: false, build: undefined }, { answered: true, build: undefined }, { answered: true, build: OTHER }]);
    for (const found of [false, false, false, true, true]) expect(await upgrade.check()).toBe(found);
    expect(asked()).toBe(4);
  });

  test("sees it in what does not fit, when the node answers and serves no such page", async () => {
    const { upgrade } = page([{ answered: false, build: undefined }, { answered: true, build: OWN }, { answered: true, build: undefined }]);
    for (const found of [false, false, true]) expect(await upgrade.check(true)).toBe(found);
  });

  test("loads itself anew when it is quiet and nothing is open, once, and begins where it was", async () => {
    const { upgrade, seen } = page([{ answered: true, build: OTHER }]);
    await upgrade.check();
    upgrade.tick();
    vi.advanceTimersByTime(QUIET_MS);
    seen.busy = true;
    upgrade.tick();
    expect(seen.reloads).toBe(0);
    seen.busy = false;
    upgrade.tick();
    upgrade.tick();
    expect(seen.reloads).toBe(1);
    expect(placeBefore("incidents/y")).toBeUndefined();
    upgrade.load();
    expect([seen.reloads, placeBefore("incidents/x"), placeBefore("incidents/x")]).toEqual([2, { incident: "incidents/x", tab: "book", selected: "e" }, undefined]);
  });

  test("waits for words that nobody has sent", async () => {
    expect([typed([]), typed([{ value: " ", defaultValue: "" }]), typed([{ value: "nl", defaultValue: "nl" }]), typed([{ value: "water", defaultValue: "" }])]).toEqual([false, false, false, true]);
    vi.stubGlobal("document", { querySelectorAll: () => [{ value: "water in", defaultValue: "" }] });
    const { upgrade, seen } = page([{ answered: true, build: OTHER }]);
    await upgrade.check();
    vi.advanceTimersByTime(QUIET_MS);
    upgrade.tick();
    expect(seen.reloads).toBe(0);
  });
});
