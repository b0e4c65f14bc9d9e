import "fake-indexeddb/auto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { EntrySchema } from "../../src/gen/polder/v1/entry_pb.ts";
import {
  PublishEntriesRequestSchema,
  PublishEntriesResponseSchema,
  RetractEntryRequestSchema,
  type PublishEntriesResponse,
} from "../../src/gen/polder/v1/picture_service_pb.ts";
import { Outbox, WAITING_MAX, entryOf, reasonOf, type Publish, type Retract, type Waiting } from "../../src/outbox.ts";

vi.stubGlobal("navigator", {
  locks: { request: async (_: string, work: () => Promise<unknown>) => work() },
});

const open: Outbox[] = [];
let numbers = 0;
const none: Retract = () => Promise.reject(new Error("nothing is to be withdrawn"));
function outbox(publish: Publish, name = `box-${(numbers += 1)}`, retract = none): Outbox {
  const box = new Outbox(publish, retract, () => undefined, undefined, name);
  open.push(box);
  return box;
}
afterEach(() => open.splice(0).forEach((box) => box.close()));

const entry = (title: string) =>
  create(EntrySchema, { name: `incidents/x/entries/${title}`, texts: [{ language: "nl", title }] });
const request = (title: string) =>
  create(PublishEntriesRequestSchema, { requestId: title, items: [{ entry: entry(title) }] });
const done = (): PublishEntriesResponse =>
  create(PublishEntriesResponseSchema, { results: [{ outcome: { case: "published", value: {} } }] });
const refused = (code: number): PublishEntriesResponse =>
  create(PublishEntriesResponseSchema, { results: [{ outcome: { case: "refused", value: { code, message: "no" } } }] });

test("what was written goes out in order, and once", async () => {
  const sent: string[] = [];
  const box = outbox(async (message) => (sent.push(message.requestId), done()));
  await box.put(request("a"), "x", entry("a"));
  await box.put(request("b"), "x", entry("b"));
  await Promise.all([box.flush(), box.flush()]);
  await box.flush();
  expect(sent).toEqual(["a", "b"]);
  expect(box.waiting).toEqual([]);
});

test("what the node did not answer for stays, and goes again as the same bytes", async () => {
  const seen: Uint8Array[] = [];
  let reachable = false;
  const publish: Publish = async (message) => {
    seen.push(box.waiting[0]!.request);
    if (!reachable) throw new ConnectError("lost", Code.Unavailable);
    expect(message.items[0]?.entry?.texts[0]?.title).toBe("a");
    return done();
  };
  const box = outbox(publish, "kept");
  await box.put(request("a"), "x", entry("a"));
  await box.flush();
  expect(box.waiting.map((waiting) => [waiting.id, waiting.problem])).toEqual([["a", ""]]);
  // As after a reload.
  const later = outbox(publish, "kept");
  await later.load();
  expect(entryOf(later.waiting[0]!)?.texts[0]?.title).toBe("a");
  reachable = true;
  await later.flush();
  await box.load();
  expect([box.waiting, later.waiting]).toEqual([[], []]);
  expect(seen[0]).toEqual(seen[1]);
});

test("what the node refuses is told, holds up nothing, and can be tried again or thrown away", async () => {
  let answer = refused(9);
  const box = outbox(async (message) => (message.requestId === "bad" ? answer : done()));
  await box.put(request("bad"), "x", entry("bad"));
  await box.put(request("good"), "x", entry("good"));
  await box.flush();
  expect(box.waiting.map((waiting) => [waiting.id, waiting.problem])).toEqual([["bad", "no"]]);
  await box.retry("bad");
  expect(box.waiting[0]?.problem).toBe("no");
  answer = done();
  await box.retry("bad");
  expect(box.waiting).toEqual([]);
  answer = refused(3);
  await box.put(request("bad"), "x", entry("bad"));
  await box.flush();
  await box.discard("bad");
  expect(box.waiting).toEqual([]);
});

test("a full disk at the node is waited for", async () => {
  const box = outbox(async () => refused(8));
  await box.put(request("a"), "x", entry("a"));
  await box.flush();
  expect(box.waiting[0]?.problem).toBe("");
});

test("there is a bound on what waits", async () => {
  const box = outbox(() => Promise.reject(new ConnectError("lost", Code.Unavailable)));
  for (let number = 0; number < WAITING_MAX; number += 1) box.waiting.push({ id: String(number) } as Waiting);
  await expect(box.put(request("one more"), "x", entry("one more"))).rejects.toThrow("too much");
});

test("what cannot be kept is not sent", async () => {
  const publish = vi.fn(async () => done());
  const box = outbox(publish);
  const broken = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  await expect(box.put(request("a"), "x", entry("a"))).rejects.toThrow();
  broken.mockRestore();
  await box.flush();
  expect(publish).not.toHaveBeenCalled();
});

test("a withdrawal waits its turn, goes out once, and says why", async () => {
  const order: string[] = [];
  let reachable = false;
  const box = outbox(
    async (message) => (order.push(message.requestId), done()),
    "withdrawn",
    async (message) => {
      if (!reachable) throw new ConnectError("lost", Code.Unavailable);
      order.push(message.reason);
    },
  );
  await box.putRetraction(create(RetractEntryRequestSchema, { requestId: "r", name: "x/entries/a", reason: "wrong" }), "x");
  await box.put(request("after"), "x", entry("after"));
  await box.flush();
  expect([order, box.waiting.length]).toEqual([[], 2]);
  expect([reasonOf(box.waiting[0]!), entryOf(box.waiting[0]!)]).toEqual(["wrong", undefined]);
  reachable = true;
  await box.flush();
  expect([order, box.waiting]).toEqual([["wrong", "after"], []]);
});

test("what one person wrote goes out under that person's session, or not at all", async () => {
  const sent: string[] = [];
  let sender: { person: string; token: string } | undefined = { person: "anna", token: "t-anna" };
  const publish: Publish = async (message, token) => {
    sent.push(`${message.requestId} ${token}`);
    // While the first is under way somebody else signs in.
    if (message.requestId === "a1") sender = { person: "bert", token: "t-bert" };
    return done();
  };
  const box = new Outbox(publish, none, () => undefined, () => sender, "owners");
  open.push(box);
  await box.put(request("a1"), "x", entry("a1"), "anna");
  await box.put(request("a2"), "x", entry("a2"), "anna");
  await box.put(request("b"), "x", entry("b"), "bert");
  await box.put(request("n"), "x", entry("n"));
  await box.flush();
  expect(sent).toEqual(["a1 t-anna", "b t-bert"]);
  sender = undefined;
  await box.flush();
  expect(box.waiting.map((waiting) => waiting.id)).toEqual(["a2", "n"]);
  // Nobody's becomes somebody's when they say so; another's never does.
  sender = { person: "bert", token: "t-bert" };
  await box.claim("a2");
  await box.claim("n");
  expect(sent).toEqual(["a1 t-anna", "b t-bert", "n t-bert"]);
  sender = { person: "anna", token: "t-anna2" };
  await box.flush();
  expect([sent.at(-1), box.waiting]).toEqual(["a2 t-anna2", []]);
});

test("a session that ended refuses nothing: it waits", async () => {
  const box = outbox(() => Promise.reject(new ConnectError("who?", Code.Unauthenticated)));
  await box.put(request("a"), "x", entry("a"));
  await box.flush();
  expect(box.waiting[0]?.problem).toBe("");
});
