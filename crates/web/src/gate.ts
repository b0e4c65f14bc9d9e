// Signing in and out, and who is here: asks the node, and keeps what it says.
import { CALL_MS, charter, onSession, people, session } from "./api.ts";
import type { StatementRow } from "./gen/polder/v1/charter_service_pb.ts";
import type { SignInResponse } from "./gen/polder/v1/people_service_pb.ts";
import { refusalOf, type Refusal } from "./refusal.ts";
import { audiencesIn, may, type AudienceRow } from "./rights.ts";
import { authorization, invitationOf } from "./session.ts";
import { millis, passes } from "./wire.ts";

/** What stands in the view to sign in. */
export interface SignInDraft {
  account: string;
  passphrase: string;
  invitation: string;
  by: "passphrase" | "invitation";
  busy: boolean;
  /** What went wrong last. */
  refusal: Refusal | undefined;
  away: boolean;
}

const EMPTY: SignInDraft = {
  account: "", passphrase: "", invitation: "", by: "passphrase", busy: false, refusal: undefined, away: false,
};
const KNOW_MS = 20_000;
/** More pages of statements than this are not read for the names of audiences. */
const PAGES_MAX = 20;

export class Gate {
  draft: SignInDraft = { ...EMPTY };
  audiences: AudienceRow[] = [];
  private readonly draw: () => void;
  private readonly changed: () => void;
  private token: string | undefined;
  private named = "";

  /** `changed` when somebody else, or nobody, is here now. */
  constructor(draw: () => void, changed: () => void) {
    this.draw = draw;
    this.changed = changed;
    this.token = session.kept?.token ?? "";
    onSession(() => this.heard());
    addEventListener("storage", () => session.elsewhere());
  }

  /** Whether the view to sign in is shown instead of the page. */
  get closed(): boolean {
    return session.needed || this.draft.by === "invitation" && this.draft.invitation !== "" && this.offered;
  }
  /** True while an invitation from the address waits for an answer. */
  private offered = false;

  /** Takes an invitation out of the address, before anybody sees it there. */
  takeInvitation(): void {
    const invitation = invitationOf(location.hash);
    if (!invitation) return;
    history.replaceState(null, "", location.pathname + location.search);
    this.draft = { ...EMPTY, by: "invitation", invitation };
    this.offered = true;
    this.draw();
  }

  /** Goes on as whoever is signed in, without the invitation. */
  stay(): void {
    this.offered = false;
    this.draft = { ...EMPTY };
    this.draw();
  }

  private heard(): void {
    const token = session.kept?.token ?? "";
    if (token !== this.token || session.needed) {
      this.token = token;
      this.audiences = [];
      this.named = "";
      this.changed();
      // To whom they can speak is not waited for until the next round.
      if (token) void this.ask();
    }
    this.draw();
  }

  change(change: Partial<SignInDraft>): void {
    this.draft = { ...this.draft, ...change };
    this.draw();
  }

  async signIn(): Promise<void> {
    const { account, passphrase, invitation, by, busy } = this.draft;
    if (busy) return;
    this.change({ busy: true, refusal: undefined, away: false });
    const means = by === "invitation"
      ? ({ case: "invitation", value: invitation.trim() } as const)
      : ({ case: "passphrase", value: { account: account.trim(), passphrase } } as const);
    let answer: SignInResponse;
    try {
      answer = await people.signIn({ means }, { timeoutMs: CALL_MS });
    } catch (error) {
      this.change({ busy: false, passphrase: "", ...(passes(error) && !refusalOf(error).reason ? { away: true } : { refusal: refusalOf(error) }) });
      return;
    }
    this.draft = { ...EMPTY };
    this.offered = false;
    const { token, expireTime, caller } = answer;
    session.signedIn({ token, person: caller?.person ?? "", expireMs: millis(expireTime) ?? 0 }, caller);
  }

  async signOut(): Promise<void> {
    const headers = { authorization: authorization(session.kept?.token ?? "") };
    // Here it is over at once, whether the node can be told or not.
    session.end("");
    await people.signOut({}, { timeoutMs: CALL_MS, headers }).catch(() => undefined);
  }

  /** Asks now and then who the caller is, for rights change while one looks. */
  async watch(): Promise<void> {
    for (;;) {
      await this.ask();
      await new Promise((resolve) => setTimeout(resolve, session.caller || session.needed ? KNOW_MS : 2_000));
    }
  }

  async ask(): Promise<void> {
    const token = session.kept?.token ?? "";
    try {
      const { caller } = await people.getCaller({}, { timeoutMs: CALL_MS });
      session.known(caller, token);
      if (may(caller, "look") && token === (session.kept?.token ?? "")) await this.nameAudiences(token);
    } catch {
      // The session heard what matters.
    }
  }

  private async nameAudiences(token: string): Promise<void> {
    const rows: StatementRow[] = [];
    let pageToken = "";
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer = await charter.listStatements({ pageSize: 1_000, pageToken }, { timeoutMs: CALL_MS });
      rows.push(...answer.statements);
      pageToken = answer.nextPageToken;
      if (!pageToken) break;
    }
    const found = audiencesIn(rows);
    const named = JSON.stringify(found);
    if (token !== (session.kept?.token ?? "") || named === this.named) return;
    this.named = named;
    this.audiences = found;
    this.draw();
  }
}
