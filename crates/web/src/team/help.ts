// Help: what is asked, offered, accepted and moved becomes an entry of whoever owns that side.
import { clone, create } from "@bufbuild/protobuf";
import { timestampFromMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { Assistance } from "../gen/polder/v1/assistance_pb.ts";
import { OfferState } from "../gen/polder/v1/assistance_offer_pb.ts";
import { AcceptedOfferSchema, RequestState } from "../gen/polder/v1/assistance_request_pb.ts";
import { CountBasis } from "../gen/polder/v1/count_pb.ts";
import { EntrySchema, Statement, Urgency, type Entry } from "../gen/polder/v1/entry_pb.ts";
import { numberOf } from "../form.ts";

const MOST = 1_000_000_000;

/** What stands in a form of help, as typed. */
export interface HelpForm {
  sort: "ask" | "offer" | "accept" | "move";
  /** The request that it is for, or the offer. */
  request: string;
  offer: string;
  what: string;
  quantity: string;
  party: string;
  audience: string;
  of: string;
  by: string;
  urgent: boolean;
  until: string;
  arrives: string;
  needs: string;
  /** What CECIS asks is in sight. */
  abroad: boolean;
  /** 0: not stated. */
  module: number;
  transport: number;
  costs: number;
  entryPoint: string;
  /** Elsewhere, such as in CECIS. */
  number: string;
  /** What whoever asks has for guests, or the giver needs. */
  support: readonly number[];
  enRoute: string;
  arrived: string;
  released: string;
  withdraw: boolean;
  tried: boolean;
  busy: boolean;
  notKept: boolean;
}

export const EMPTY: HelpForm = {
  sort: "ask", request: "", offer: "", what: "", quantity: "", party: "", audience: "", of: "", by: "", urgent: false, until: "", arrives: "",
  needs: "", abroad: false, module: 0, transport: 0, costs: 0, entryPoint: "", number: "", support: [], enRoute: "", arrived: "", released: "", withdraw: false, tried: false, busy: false, notKept: false,
};

/** A whole number that was typed, from `least` on. */
export function wholeOf(typed: string, least: number): number | undefined {
  const value = numberOf(typed, true);
  return value !== undefined && value >= least && value <= MOST ? value : undefined;
}

/** With the collection that names of parties begin with; empty stays empty. */
export function partyName(typed: string): string {
  const id = typed.trim().replace(/^parties\//, "");
  return id && `parties/${id}`;
}

function moment(typed: string): Timestamp | undefined {
  const ms = typed ? new Date(typed).getTime() : NaN;
  return Number.isFinite(ms) ? timestampFromMs(ms) : undefined;
}

/** What is asked, or offered; `undefined` when something lacks or is no number. */
export function begun(form: HelpForm, incident: string): Entry | undefined {
  const quantity = wholeOf(form.quantity, 1);
  const what = form.what.trim();
  if (quantity === undefined || !what) return undefined;
  const count = { value: BigInt(quantity), basis: CountBasis.COUNTED };
  const common = { name: `${incident}/entries/${crypto.randomUUID()}`, party: form.party };
  const abroad = { module: form.module, entryPoint: form.entryPoint.trim(), number: form.number.trim() };
  const support = [...form.support].sort((one, other) => one - other);
  if (form.sort === "ask") {
    return create(EntrySchema, {
      ...common,
      statement: Statement.BOTTLENECK,
      ...(form.urgent && { assessment: { urgency: Urgency.IMMEDIATE } }),
      body: { case: "assistanceRequest", value: { need: what, quantity: count, addressee: partyName(form.of), state: RequestState.ASKED, neededBy: moment(form.by), ...abroad, providedSupport: support } },
    });
  }
  return create(EntrySchema, {
    ...common,
    statement: Statement.FACT,
    times: { validUntil: moment(form.until) },
    body: {
      case: "assistanceOffer",
      value: {
        means: what, quantity: count, request: form.request, state: OfferState.OFFERED, expectedArrivalTime: moment(form.arrives), hostSupport: form.needs.trim(),
        ...abroad, transport: form.transport, costs: form.costs, neededSupport: support,
      },
    },
  });
}

/** What an offer for a request begins with: as much as it lacks, and what it says of help between countries. */
export function answering({ name, body, audience }: Entry, short: bigint): Partial<HelpForm> {
  const { module, entryPoint, providedSupport } = body.case === "assistanceRequest" ? body.value : { module: 0, entryPoint: "", providedSupport: [] };
  const abroad = module > 0 || entryPoint !== "" || providedSupport.length > 0;
  return { sort: "offer", request: name, audience, quantity: short > 0n ? String(short) : "", abroad, module, entryPoint };
}

/** How many there are of an offer. */
export function offered(entry: Entry | undefined): number {
  return entry?.body.case === "assistanceOffer" ? Number(entry.body.value.quantity?.value ?? 0n) : 0;
}

/** How many a request would accept of an offer in all: what it accepts, and what it still lacks. */
export function wouldAccept(row: Assistance, offer: Entry): number {
  const part = row.parts.find((one) => one.offer === offer.name);
  const open = part?.count ? Number(part.count.open) : offered(offer);
  const already = row.request?.body.case === "assistanceRequest" ? (row.request.body.value.accepted.find((one) => one.offer === offer.name)?.quantity ?? 0) : 0;
  return already + (row.asked > 0n ? Math.min(open, Number(row.short)) : open);
}

/** The request with so much of an offer accepted; 0: none of it. */
export function accepting(request: Entry, offer: string, quantity: number): Entry {
  const next = clone(EntrySchema, request);
  if (next.body.case !== "assistanceRequest") return next;
  const { value } = next.body;
  const held = value.accepted.find((one) => one.offer === offer);
  if (quantity === 0) value.accepted = value.accepted.filter((one) => one !== held);
  else if (held) held.quantity = quantity;
  else value.accepted.push(create(AcceptedOfferSchema, { offer, quantity }));
  return next;
}

/** The offer with so many under way; `undefined` when that is no number, or more than there are. */
export function moved(offer: Entry, form: Pick<HelpForm, "enRoute" | "arrived" | "released" | "withdraw">): Entry | undefined {
  const next = clone(EntrySchema, offer);
  const [enRoute, arrived, released] = [form.enRoute, form.arrived, form.released].map((typed) => wholeOf(typed || "0", 0));
  if (next.body.case !== "assistanceOffer" || enRoute === undefined || arrived === undefined || released === undefined) return undefined;
  if (enRoute + arrived + released > offered(offer)) return undefined;
  Object.assign(next.body.value, { enRoute, arrived, released, ...(form.withdraw && { state: OfferState.WITHDRAWN }) });
  return next;
}

/** The versions that a next one takes the place of. */
export function current(entry: Entry): string[] {
  return [entry.version, ...entry.rivals];
}
