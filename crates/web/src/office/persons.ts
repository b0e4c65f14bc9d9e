// Accounts and guests of the node: listed, made, changed, let in and out.
import { CALL_MS, people } from "../api.ts";
import { Role } from "../gen/polder/v1/charter_pb.ts";
import type { Account } from "../gen/polder/v1/people_service_pb.ts";
import { refusalOf, type Refusal } from "../refusal.ts";
import { EVERYBODY } from "../rights.ts";
import { passes } from "../wire.ts";

/** More pages of accounts are not read. */
const PAGES_MAX = 50;

export interface RoleDraft {
  role: number;
  party: string;
  /** `incidents/{incident}`; empty: all. */
  incident: string;
}

/** An account as it shall be. */
export interface AccountDraft {
  /** What is there already; `undefined`: it is new. */
  before: Account | undefined;
  name: string;
  displayName: string;
  passphrase: string;
  roles: RoleDraft[];
}

export interface GuestDraft {
  displayName: string;
  incident: string;
  audience: string;
  party: string;
  mayReport: boolean;
  /** As typed, in the browser's own time. */
  until: string;
}

export class Persons {
  rows: Account[] | undefined;
  account: AccountDraft | undefined;
  guest: GuestDraft | undefined;
  /** The account of which it is asked whether it shall go. */
  removing = "";
  /** Told once, and then gone. */
  invited: { name: string; invitation: string } | undefined;
  busy = false;
  refusal: Refusal | undefined;
  away = false;

  constructor(private readonly draw: () => void) {}

  turn(): void {
    this.rows = undefined;
    this.busy = false;
    this.leave();
  }

  async fetch(): Promise<void> {
    const rows: Account[] = [];
    let pageToken = "";
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer = await people.listAccounts({ pageSize: 1_000, pageToken }, { timeoutMs: CALL_MS });
      rows.push(...answer.accounts);
      pageToken = answer.nextPageToken;
      if (!pageToken) break;
    }
    this.rows = rows;
  }

  /** Begins with an account, or with none. */
  edit(before: Account | undefined, party: string): void {
    const roles = (before?.grants ?? []).map(({ role, party: of, incident }) => ({ role, party: of, incident }));
    const first = this.rows?.length === 0 ? Role.ADMINISTRATOR : Role.READER;
    this.account = {
      before, name: before?.name.slice("accounts/".length) ?? "", displayName: before?.displayName ?? "", passphrase: "",
      roles: before ? roles : [{ role: first, party, incident: "" }],
    };
    this.guest = this.invited = this.refusal = undefined;
    this.away = false;
    this.draw();
  }

  /** Begins with an invitation, for a working day. */
  invite(incident: string, audience: string, party: string, until: string): void {
    this.guest = { displayName: "", incident, audience: audience || EVERYBODY, party, mayReport: false, until };
    this.account = this.invited = this.refusal = undefined;
    this.away = false;
    this.draw();
  }

  change(change: Partial<AccountDraft>): void {
    if (this.account) this.account = { ...this.account, ...change };
    this.draw();
  }

  changeRole(at: number, change: Partial<RoleDraft> | undefined): void {
    if (!this.account) return;
    const roles = change ? this.account.roles.map((one, number) => (number === at ? { ...one, ...change } : one)) : this.account.roles.filter((_, number) => number !== at);
    this.change({ roles });
  }

  changeGuest(change: Partial<GuestDraft>): void {
    if (this.guest) this.guest = { ...this.guest, ...change };
    this.draw();
  }

  cancel(): void {
    this.account = this.guest = this.refusal = undefined;
    this.removing = "";
    this.away = false;
    this.draw();
  }

  /** What was told once is told no more. */
  leave(): void {
    this.account = this.guest = this.invited = this.refusal = undefined;
    this.removing = "";
    this.away = false;
  }

  remove(name: string): void {
    this.removing = name;
    this.draw();
  }

  save(): Promise<void> {
    const draft = this.account;
    if (!draft) return Promise.resolve();
    return this.does(async () => {
      const { before, name, displayName, passphrase, roles } = draft;
      // What the page does not show of a role stays as it was.
      const kept = (one: RoleDraft): object => before?.grants.find((grant) => grant.role === one.role && grant.party === one.party && grant.incident === one.incident) ?? {};
      const grants = roles.map((one) => ({ ...kept(one), ...one, party: full(one.party, "parties/") }));
      await people.setAccount({ account: { name: `accounts/${name.trim()}`, displayName: displayName.trim(), grants, disabled: before?.disabled ?? false }, passphrase }, { timeoutMs: CALL_MS });
      this.account = undefined;
    });
  }

  disable(account: Account, disabled: boolean): Promise<void> {
    return this.does(async () => {
      const { name, displayName, grants } = account;
      await people.setAccount({ account: { name, displayName, grants, disabled } }, { timeoutMs: CALL_MS });
    });
  }

  removed(name: string): Promise<void> {
    return this.does(async () => {
      await people.deleteAccount({ name }, { timeoutMs: CALL_MS });
      this.removing = "";
    });
  }

  letIn(): Promise<void> {
    const draft = this.guest;
    if (!draft) return Promise.resolve();
    return this.does(async () => {
      const ms = new Date(draft.until).getTime();
      const answer = await people.inviteGuest({
        displayName: draft.displayName.trim(), incident: draft.incident, audiences: [full(draft.audience, "audiences/")],
        party: draft.party && full(draft.party, "parties/"), role: draft.mayReport ? Role.LIAISON : Role.READER,
        expireTime: Number.isFinite(ms) ? { seconds: BigInt(Math.floor(ms / 1000)), nanos: 0 } : undefined,
      }, { timeoutMs: CALL_MS });
      this.guest = undefined;
      this.invited = { name: draft.displayName.trim(), invitation: answer.invitation };
    });
  }

  private async does(what: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.refusal = undefined;
    this.away = false;
    this.draw();
    try {
      await what();
      await this.fetch();
    } catch (error) {
      const refusal = refusalOf(error);
      this.away = passes(error) && !refusal.reason;
      if (!this.away) this.refusal = refusal;
    }
    this.busy = false;
    this.draw();
  }
}

/** A name as the contract has it, whether its collection was typed or not. */
function full(name: string, collection: string): string {
  const bare = name.trim();
  return bare.startsWith(collection) ? bare : collection + bare;
}
