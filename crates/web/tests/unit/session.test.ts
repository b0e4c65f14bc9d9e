import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { CharterBodySchema, Role } from "../../src/gen/polder/v1/charter_pb.ts";
import { StatementRowSchema } from "../../src/gen/polder/v1/charter_service_pb.ts";
import { EntrySchema } from "../../src/gen/polder/v1/entry_pb.ts";
import { CallerSchema } from "../../src/gen/polder/v1/people_service_pb.ts";
import { item } from "../../src/picture.ts";
import { refusalOf, refusalOfStatus, said } from "../../src/refusal.ts";
import { audiencesIn, audiencesOf, may, mayChange, mayPublish, partiesOf } from "../../src/rights.ts";
import { backOf, isAddress, leave } from "../../src/away.ts";
import { Session, authorization, interceptor, invitationOf, type Cupboard } from "../../src/session.ts";

function cupboard(): Cupboard & { rows: Map<string, string> } {
  const rows = new Map<string, string>();
  return {
    rows,
    getItem: (key) => rows.get(key) ?? null,
    setItem: (key, value) => void rows.set(key, value),
    removeItem: (key) => void rows.delete(key),
  };
}
const kept = (person: string, token = `t-${person}`) => ({ token, person, expireMs: 1 });
const nobody = new ConnectError("who?", Code.Unauthenticated);

test("a session is for all tabs, and survives a reload", () => {
  const rows = cupboard();
  const [here, there] = [new Session(rows, () => undefined), new Session(rows, () => undefined)];
  here.signedIn(kept("anna"), undefined);
  there.elsewhere();
  expect([there.person, new Session(rows, () => undefined).person]).toEqual(["anna", "anna"]);
  here.end("");
  there.elsewhere();
  expect([here.needed, there.needed, there.person]).toEqual([true, true, ""]);
});

test("somebody must sign in only when the node says so, and stays away once it did", () => {
  const rows = cupboard();
  const session = new Session(rows, () => undefined);
  session.heard(new ConnectError("lost", Code.Unavailable), "");
  expect(session.needed).toBe(false);
  session.heard(nobody, "");
  expect([session.needed, session.reason, new Session(rows, () => undefined).needed]).toEqual([true, "", true]);
  session.known(create(CallerSchema, { kind: 1 }), "");
  expect([session.needed, new Session(rows, () => undefined).needed]).toEqual([false, false]);
});

test("the end of one session does not end the next", () => {
  const rows = cupboard();
  const [here, there] = [new Session(rows, () => undefined), new Session(rows, () => undefined)];
  here.signedIn(kept("anna"), undefined);
  there.elsewhere();
  there.signedIn(kept("bert"), undefined);
  here.heard(nobody, "t-anna");
  expect([here.needed, here.person]).toEqual([false, "bert"]);
  here.heard(nobody, "t-bert");
  expect([here.needed, here.reason, rows.rows.get("polder-session")]).toEqual([true, "SESSION_ENDED", undefined]);
});

test("what is kept and is no session is none", () => {
  for (const text of ["", "{", "null", "7", "{}", '{"token":7,"person":"a"}', '{"token":"","person":"a"}']) {
    const rows = cupboard();
    rows.rows.set("polder-session", text);
    expect(new Session(rows, () => undefined).kept).toBeUndefined();
  }
});

test("a call goes out in the name it was made for, also when somebody else signed in meanwhile", async () => {
  const session = new Session(cupboard(), () => undefined);
  session.signedIn(kept("bert"), undefined);
  const sent = async (given?: string): Promise<string | null> => {
    const header = new Headers(given === undefined ? {} : { authorization: given });
    await interceptor(session)(async () => ({ stream: false }) as never)({ header, method: { name: "PublishEntries" } } as never);
    return header.get("authorization");
  };
  expect(await sent()).toBe("Bearer t-bert");
  expect(await sent(authorization("t-anna"))).toBe("Bearer t-anna");
  expect(await sent(authorization(""))).toBeNull();
});

test("an invitation is read from the address, and nothing else is", () => {
  expect([invitationOf("#invitation=ab-c_1"), invitationOf("#invitation=a%2Fb"), invitationOf("#invitation=%"), invitationOf("#incidents/x"), invitationOf("#invitation=")])
    .toEqual(["ab-c_1", "a/b", "%", "", ""]);
});

const bytes = (...parts: [number, string | Uint8Array][]): Uint8Array => {
  const writer = new BinaryWriter();
  for (const [number, part] of parts) typeof part === "string" ? writer.tag(number, 2).string(part) : writer.tag(number, 2).bytes(part);
  return writer.finish();
};

test("a refusal is read with its reason and its fields, and told in both languages", () => {
  const violation = bytes([1, "items[0].entry.water_level.level_m"], [2, "OUT_OF_RANGE: must be -20 to 1000"]);
  const details = [
    { typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: bytes([1, "OUT_OF_RANGE"], [2, "polder"]) },
    { typeUrl: "type.googleapis.com/google.rpc.BadRequest", value: bytes([1, violation], [1, bytes([1, "audience"], [2, "free words"])]) },
  ];
  const refusal = refusalOfStatus({ message: "one field is wrong", details });
  expect(refusal).toEqual({
    reason: "OUT_OF_RANGE", sentence: "one field is wrong",
    fields: [
      { field: "water_level.level_m", reason: "OUT_OF_RANGE", sentence: "must be -20 to 1000" },
      { field: "audience", reason: "", sentence: "free words" },
    ],
  });
  expect(said(refusal.fields[0]!, "nl")).toBe("Een getal valt buiten de grenzen (must be -20 to 1000)");
  expect(said(refusal.fields[0]!, "en")).toBe("must be -20 to 1000");
  expect(said({ reason: "REQUIRED", sentence: "" }, "en")).toBe("this must be filled in");
  const broken = { typeUrl: "x/google.rpc.ErrorInfo", value: Uint8Array.of(10, 200) };
  expect(refusalOfStatus({ message: "m", details: [broken] })).toEqual({ reason: "", sentence: "m", fields: [] });
  expect(refusalOf(new Error("odd")).sentence).toBe("odd");
});

const caller = (...grants: object[]) => create(CallerSchema, { kind: 2, person: "a", rights: ["look", "read", "publish"], grants });
const entry = (party: string, audience = "") => create(EntrySchema, { name: "n", party, audience });

test("what one may is what the roles add up to, in this incident", () => {
  const liaison = caller({ role: Role.LIAISON, party: "parties/a", incident: "incidents/x" });
  expect([mayPublish(undefined, "i"), may(undefined, "read")]).toEqual([true, true]);
  expect([mayPublish(liaison, "incidents/x"), mayPublish(liaison, "incidents/y")]).toEqual([true, false]);
  expect(mayPublish(create(CallerSchema, { rights: ["read"] }), "incidents/x")).toBe(false);
  expect([mayChange(liaison, entry("parties/a"), "incidents/x"), mayChange(liaison, entry("parties/b"), "incidents/x")]).toEqual([true, false]);
  const coordinator = caller({ role: Role.INFORMATION_MANAGER, party: "parties/a", incident: "incidents/x" });
  const anywhere = caller({ role: Role.INFORMATION_MANAGER, party: "parties/a" });
  expect([mayChange(coordinator, entry("parties/b"), "incidents/x"), mayChange(anywhere, entry("parties/b"), "incidents/x")]).toEqual([true, false]);
  expect(partiesOf(caller({ role: Role.LIAISON, party: "parties/b" }, { role: Role.READER, party: "parties/c" }, { role: Role.LIAISON, party: "parties/a" }), "x"))
    .toEqual(["parties/a", "parties/b"]);
});

test("one can speak to audiences of one's party, and a guest to those of the invitation alone", () => {
  const statement = (standing: number, name: string, ...parties: string[]) => create(StatementRowSchema, {
    standing, statement: { body: toBinary(CharterBodySchema, create(CharterBodySchema, { changes: [{ change: { case: "audience", value: { name, parties, displayNames: [{ language: "nl", text: "Kern" }] } } }] })) },
  });
  const broken = create(StatementRowSchema, { standing: 1, statement: { body: Uint8Array.of(255, 255) } });
  const rows = audiencesIn([statement(1, "audiences/kern", "parties/a"), statement(1, "audiences/ver", "parties/z"), statement(3, "audiences/weg", "parties/a"), broken]);
  expect(rows.map((row) => row.name)).toEqual(["audiences/kern", "audiences/ver"]);
  const items = [item("n", [entry("parties/q", "audiences/gezien")])];
  const liaison = caller({ role: Role.LIAISON, party: "parties/a" });
  expect(audiencesOf(liaison, "incidents/x", rows, items)).toEqual(["", "audiences/gezien", "audiences/kern"]);
  const guest = create(CallerSchema, { kind: 4, grants: [{ role: Role.LIAISON, party: "parties/a", audiences: ["audiences/kern"] }] });
  expect(audiencesOf(guest, "incidents/x", rows, items)).toEqual(["audiences/kern"]);
  expect(audiencesOf(undefined, "incidents/x", [], [])).toEqual([""]);
});

test("an address brings somebody back from a provider once, and only what this tab kept goes with it", () => {
  const rows = cupboard();
  expect(backOf("", rows)).toBeUndefined();
  expect(backOf("?state=s", rows)).toBeUndefined();
  expect(backOf("?code=c", rows)).toBeUndefined();
  expect(leave("geheim", "#incidents/maas", rows)).toBe(true);
  const own = backOf("?state=a%20b&code=c%2Bd&iss=https%3A%2F%2Flogin.example", rows);
  expect(own).toEqual({ state: "a b", code: "c+d", error: "", issuer: "https://login.example", secret: "geheim", hash: "#incidents/maas" });
  expect(rows.rows.size).toBe(0);
  // Again, or made by somebody else: nothing was kept for it.
  expect(backOf("?state=s&error=access_denied", rows)).toEqual({ state: "s", code: "", error: "access_denied", issuer: "", secret: "", hash: "" });
  rows.setItem("polder-away", '{"secret":7,"hash":["x"]}');
  expect(backOf("?state=s&code=c", rows)).toMatchObject({ secret: "", hash: "" });
  rows.setItem("polder-away", "{");
  expect(backOf("?state=s&code=c", rows)).toMatchObject({ secret: "", hash: "" });
  expect(["https://login.example/a", "http://localhost:1/", "javascript:alert(1)", "//login.example", " https://x"].map(isAddress)).toEqual([true, true, false, false, false]);
});
