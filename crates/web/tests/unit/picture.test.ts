import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { EntrySchema, type Entry } from "../../src/gen/polder/v1/entry_pb.ts";
import { SubscribeResponseSchema, type SubscribeResponse } from "../../src/gen/polder/v1/picture_service_pb.ts";
import { NodeClock } from "../../src/clock.ts";
import { Follower, GONE_MS, wait } from "../../src/follow.ts";
import { Picture, item } from "../../src/picture.ts";
import { heading, isStale, sure } from "../../src/show.ts";
import { figures } from "../../src/figures.ts";
import { language } from "../../src/words/index.ts";

const told = (init: MessageInitShape<typeof SubscribeResponseSchema>): SubscribeResponse => create(SubscribeResponseSchema, init);
const version = (name: string, version: string, ms: number): Entry =>
  create(EntrySchema, { name, version, recordedTime: timestampFromMs(ms), receivedTime: timestampFromMs(ms) });
const change = (token: string, name: string, ...versions: Entry[]): SubscribeResponse =>
  told({ token, event: { case: "changes", value: { changes: [{ name, versions, left: versions.length === 0 }] } } });
const end = (token: string, count: number): SubscribeResponse =>
  told({ token, event: { case: "snapshotEnd", value: { count: BigInt(count) } } });

describe("the picture", () => {
  test("keeps what is shown until a new snapshot is whole", () => {
    const picture = new Picture();
    picture.begin();
    expect(picture.apply(change("1", "a", version("a", "f-1", 10)))).toBeUndefined();
    expect([picture.items.size, picture.token, picture.whole]).toEqual([0, "", false]);
    expect(picture.apply(end("2", 1))).toBe("all");
    expect([picture.items.size, picture.token, picture.whole]).toEqual([1, "2", true]);
    picture.apply(told({ token: "3", event: { case: "reset", value: { reason: "x" } } }));
    expect([picture.items.size, picture.token]).toEqual([1, ""]);
    picture.apply(change("4", "b", version("b", "f-2", 20)));
    expect([...picture.items.keys()]).toEqual(["a"]);
    picture.apply(end("5", 1));
    expect([...picture.items.keys()]).toEqual(["b"]);
  });

  test("notices a snapshot that is not whole", () => {
    const picture = new Picture();
    picture.begin();
    expect(() => picture.apply(end("1", 3))).toThrow("3 entries");
    expect(picture.whole).toBe(false);
  });

  test("takes changes one by one and drops what left", () => {
    const picture = new Picture();
    picture.begin();
    picture.apply(end("1", 0));
    expect(picture.apply(change("2", "a", version("a", "f-1", 10)))).toEqual(new Set(["a"]));
    picture.apply(change("3", "a", version("a", "f-2", 30), version("a", "g-1", 20)));
    expect(picture.items.get("a")).toMatchObject({ at: 30, contradicts: true });
    expect(picture.nodeMs).toBe(30);
    picture.apply(change("4", "a"));
    expect(picture.items.size).toBe(0);
  });
});

describe("the follower", () => {
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

  test("goes on from its token, and tells how it stands", async () => {
    const picture = new Picture();
    const asked: string[] = [];
    const states: string[] = [];
    let rounds = 0;
    const follower: Follower = new Follower("incidents/x", picture, async function* (request) {
      asked.push(request.start?.at.case === "token" ? request.start.at.value : "snapshot");
      rounds += 1;
      if (rounds === 1) {
        yield change("t1", "a", version("a", "f-1", 1));
        yield end("t2", 1);
        throw new ConnectError("network", Code.Unavailable);
      }
      if (rounds === 2) {
        yield end("t2", 7);
      }
      if (rounds === 3) {
        yield end("t2", 0);
        yield change("t3", "b", version("b", "f-2", 2));
        yield told({ token: "t4", event: { case: "progress", value: { ending: true } } });
        throw new Error("went on after the end");
      }
      yield told({ token: "t5", event: { case: "progress", value: {} } });
      await new Promise(() => undefined);
    }, () => states.push(follower.state.kind));
    const running = follower.run();
    for (let turn = 0; turn < 50 && rounds < 4; turn += 1) {
      await settle();
      follower.hurry();
    }
    await settle();
    // Lost: goes on. Something does not add up: anew. An orderly end: goes on.
    expect(asked).toEqual(["snapshot", "t2", "snapshot", "t4"]);
    expect(states).toContain("reconnecting");
    expect(follower.state.kind).toBe("live");
    follower.end();
    void running;
  });

  test("waits longer each time, within bounds", () => {
    const most = Array.from({ length: 12 }, (_, attempt) => wait(attempt, 1));
    expect(most.every((ms, place) => place === 0 || ms >= (most[place - 1] ?? 0))).toBe(true);
    expect(most.at(-1)).toBe(10_000);
    expect(wait(3, 0)).toBe(wait(3, 1) / 2);
    expect(GONE_MS).toBeLessThan(60_000);
  });
});

describe("an entry", () => {
  const make = (init: MessageInitShape<typeof EntrySchema>): Entry => create(EntrySchema, init);

  test("is stale from its moment on, and unverified unless somebody checked", () => {
    const entry = make({ expireTime: timestampFromMs(100) });
    expect([isStale(entry, 99), isStale(entry, 100), isStale(make({}), 1e15)]).toEqual([false, true, false]);
    expect(sure(entry)).toBe("unverified");
    expect(sure(make({ assessment: { verification: { state: 2 } } }))).toBe("verified");
  });

  test("has a heading in the reader's language, or in the first, or from its figures", () => {
    const texts = [{ language: "nl", title: "dijk" }, { language: "en-GB", title: "dike" }];
    expect(heading(make({ texts }), language("en"))).toBe("dike");
    expect(heading(make({ texts: texts.slice(0, 1) }), language("en"))).toBe("dijk");
    const outage = make({ kind: "outage", body: { case: "outage", value: { service: 1, state: 3, customers: { value: 400n, qualifier: 2 } } } });
    expect(heading(outage, language("nl"))).toBe("ongeveer 400 klanten, stroom uitgevallen");
    expect(heading(make({ kind: "opaque/200" }), language("nl"))).toBe("van een nieuwer programma");
  });

  test("does not let an estimate pass for a count", () => {
    const hurt = (basis: number, qualifier: number): string =>
      figures(make({ body: { case: "casualties", value: { figures: [{ category: 5, count: { value: 12n, basis, qualifier } }] } } }), language("en"));
    expect([hurt(2, 1), hurt(1, 0), hurt(0, 3)]).toEqual(["12 injured", "estimated 12 injured", "at least 12 injured"]);
  });

  test("with two versions shows the last recorded first", () => {
    const both = item("a", [version("a", "f-1", 10), version("a", "g-1", 20)]);
    expect(both.versions.map((one) => one.version)).toEqual(["g-1", "f-1"]);
  });
});

test("the node's clock counts, also when it is far from ours", () => {
  const clock = new NodeClock();
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(50);
  const long = Date.UTC(2021, 6, 15);
  clock.reached(long);
  expect(Math.abs(clock.now() - long)).toBeLessThan(50);
  clock.reached(long - 60_000);
  clock.told(0);
  expect(Math.abs(clock.now() - long)).toBeLessThan(50);
  clock.reached(long + 60_000);
  expect(Math.abs(clock.now() - long - 60_000)).toBeLessThan(50);
  clock.told(long);
  expect(Math.abs(clock.now() - long)).toBeLessThan(50);
});
