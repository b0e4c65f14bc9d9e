// What the charter says, made of its statements: the node tells which count, and this leaves out
// what a later one withdrew or replaced.
import { fromBinary } from "@bufbuild/protobuf";
import { blake3 } from "@noble/hashes/blake3.js";
import { CharterBodySchema, type CharterBody, type CharterChange } from "../gen/polder/v1/charter_pb.ts";
import { Standing, type StatementRow } from "../gen/polder/v1/charter_service_pb.ts";

const ID_BYTES = 16;

export interface Item {
  /** 32 hex digits. */
  id: string;
  change: CharterChange;
}

export interface CharterRead {
  /** 32 hex digits; empty: it has no founding statement that counts. */
  id: string;
  founding: Extract<CharterChange["change"], { case: "founding" }>["value"] | undefined;
  /** What counts. */
  items: Item[];
  /** Statements that count for nothing yet, or are disputed. */
  notCounting: number;
  /** Statements that this program cannot read. */
  unreadable: number;
}

const context = (text: string): { context: Uint8Array } => ({ context: new TextEncoder().encode(text) });

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function place(number: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number), true);
  return bytes;
}

function id(name: string, parts: Uint8Array[]): string {
  const hasher = blake3.create(context(name));
  for (const part of parts) hasher.update(part);
  return hex(hasher.digest().slice(0, ID_BYTES));
}

/** The id of a node or person, by its public key. */
export function keyId(publicKey: Uint8Array): string {
  return id("polder 2026 key", [place(publicKey.length), publicKey]);
}

/** Where each change of a body is named by others. */
export function itemIds(body: Uint8Array, count: number): string[] {
  const statement = blake3(body, context("polder 2026 charter body"));
  return Array.from({ length: count }, (_, number) => id("polder 2026 charter item", [statement, place(number)]));
}

export function readCharter(charter: Uint8Array, rows: readonly StatementRow[]): CharterRead {
  const read: CharterRead = { id: hex(charter), founding: undefined, items: [], notCounting: 0, unreadable: 0 };
  const gone = new Set<string>();
  for (const { statement, standing } of rows) {
    if (standing !== Standing.COUNTS || !statement) {
      read.notCounting += 1;
      continue;
    }
    let body: CharterBody;
    try {
      body = fromBinary(CharterBodySchema, statement.body);
    } catch {
      read.unreadable += 1;
      continue;
    }
    const ids = itemIds(statement.body, body.changes.length);
    body.changes.forEach((change, number) => {
      for (const replaced of change.replaces) gone.add(hex(replaced));
      if (change.change.case === "withdrawal") gone.add(hex(change.change.value.item));
      if (change.change.case === "founding") read.founding = change.change.value;
      read.items.push({ id: ids[number]!, change });
    });
  }
  read.items = read.items.filter((item) => !gone.has(item.id));
  return read;
}
