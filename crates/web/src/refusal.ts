// Why the node says no: its stable reason, its own sentence, and which fields are wrong.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { ConnectError } from "@connectrpc/connect";
import { formReasons, reasonsNl } from "./words/reasons.ts";
import type { Lang } from "./words/index.ts";

export interface FieldProblem {
  /** Path in the entry, such as `water_level.level_m`. */
  field: string;
  reason: string;
  sentence: string;
}

export interface Refusal {
  reason: string;
  sentence: string;
  fields: FieldProblem[];
}

interface Detail {
  type: string;
  value: Uint8Array;
}

/** Of a call that failed. */
export function refusalOf(error: unknown): Refusal {
  const failed = ConnectError.from(error);
  const details = failed.details.flatMap((detail) =>
    "type" in detail && detail.value instanceof Uint8Array ? [{ type: detail.type, value: detail.value }] : []);
  return read(failed.rawMessage, details);
}

/** Of one item among several. */
export function refusalOfStatus(status: { message: string; details: { typeUrl: string; value: Uint8Array }[] }): Refusal {
  return read(status.message, status.details.map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value })));
}

function read(sentence: string, details: Detail[]): Refusal {
  const refusal: Refusal = { reason: "", sentence, fields: [] };
  for (const { type, value } of details) {
    try {
      if (type === "google.rpc.ErrorInfo") refusal.reason = texts(value, 1)[0] ?? "";
      if (type !== "google.rpc.BadRequest") continue;
      for (const violation of parts(value, 1)) {
        const [field = "", said = ""] = [texts(violation, 1)[0], texts(violation, 2)[0]];
        const [, reason = "", rest = said] = /^([A-Z][A-Z0-9_]+): ([\s\S]*)$/.exec(said) ?? [];
        refusal.fields.push({ field: field.replace(/^items\[\d+\]\.(entry\.?)?/, ""), reason, sentence: rest });
      }
    } catch {
      // Details that cannot be read add nothing to the sentence.
    }
  }
  return refusal;
}

/** All values of a field that has a length before it. */
function parts(bytes: Uint8Array, number: number): Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type !== WireType.LengthDelimited) reader.skip(type, field);
    else if (field === number) found.push(reader.bytes());
    else reader.bytes();
  }
  return found;
}

function texts(bytes: Uint8Array, number: number): string[] {
  return parts(bytes, number).map((part) => new TextDecoder().decode(part));
}

/** In the reader's language. The node speaks English: in Dutch its own words stand behind. */
export function said(refusal: { reason: string; sentence: string }, lang: Lang): string {
  const { reason, sentence } = refusal;
  const own = sentence ? undefined : formReasons[reason];
  if (own) return lang === "nl" ? own[0] : own[1];
  const dutch = reasonsNl[reason];
  if (lang === "en" || !dutch) return sentence || reason || "?";
  const first = dutch[0]?.toUpperCase() + dutch.slice(1);
  return sentence ? `${first} (${sentence})` : first;
}
