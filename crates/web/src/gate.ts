// Signing in and out, and who is here: asks the node, and keeps what it says.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { CALL_MS, charter, onSession, people, session } from "./api.ts";
import type { StatementRow } from "./gen/polder/v1/charter_service_pb.ts";
import type { SignInRequestSchema, SignInResponse } from "./gen/polder/v1/people_service_pb.ts";
import { backOf, isAddress, leave, type Back } from "./away.ts";
import { store, stored } from "./kept.ts";
import { refusalOf, type Refusal } from "./refusal.ts";
import { audiencesIn, may, type AudienceRow } from "./rights.ts";
import { authorization, invitationOf } from "./session.ts";
import { millis, passes } from "./wire.ts";

/** An identity provider that can be chosen. */
export interface ProviderRow {
  /** `providers/{provider}`. */
  name: string;
  displayName: string;
}

type Means = MessageInitShape<typeof SignInRequestSchema>["means"];

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
/** Set where somebody signed out: the provider shall ask who it is next. */
const ASK_AGAIN = "ask-again";
/** More pages of statements than this are not read for the names of audiences. */
const PAGES_MAX = 20;

export class Gate {
  draft: SignInDraft = { ...EMPTY };
  audiences: AudienceRow[] = [];
  /** Identity providers of the node; undefined until it told. */
  providers: ProviderRow[] | undefined;
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
    void this.findProviders();
    this.draw();
  }

  /** Through whom one can sign in: asked once, where somebody must. */
  private async findProviders(): Promise<void> {
    if (!session.needed || this.providers) return;
    try {
      const answer = await people.listSignInProviders({}, { timeoutMs: CALL_MS });
      this.providers = answer.providers.map(({ name, displayName }) => ({ name, displayName }));
      this.draw();
    } catch {
      // With the next round.
    }
  }

  /** Comes back from an identity provider, whose answer nobody shall see in the address. */
  takeReturn(): void {
    const back = backOf(location.search, sessionStorage);
    if (!back) return;
    history.replaceState(null, "", location.pathname + (back.hash || location.hash));
    if (back.secret) void this.enter({ case: "provider", value: this.told(back) });
    else this.change({ refusal: { reason: "SIGN_IN_STATE", sentence: "", fields: [] } });
  }

  private told({ state, secret, code, error, issuer }: Back): Omit<Back, "hash"> {
    return { state, secret, code, error, issuer };
  }

  /** Sends the person to an identity provider. */
  async leaveFor(provider: string): Promise<void> {
    if (this.draft.busy) return;
    this.change({ busy: true, refusal: undefined, away: false });
    try {
      const askAgain = stored(ASK_AGAIN) === "on";
      const { address, secret } = await people.beginSignIn({ provider, askAgain }, { timeoutMs: CALL_MS });
      if (!isAddress(address) || !leave(secret, location.hash, sessionStorage)) throw new Error(address);
      location.assign(address);
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    const refusal = refusalOf(error);
    this.change({ busy: false, passphrase: "", ...(passes(error) && !refusal.reason ? { away: true } : { refusal }) });
  }

  change(change: Partial<SignInDraft>): void {
    this.draft = { ...this.draft, ...change };
    this.draw();
  }

  async signIn(): Promise<void> {
    const { account, passphrase, invitation, by } = this.draft;
    await this.enter(by === "invitation"
      ? { case: "invitation", value: invitation.trim() }
      : { case: "passphrase", value: { account: account.trim(), passphrase } });
  }

  private async enter(means: Means): Promise<void> {
    if (this.draft.busy) return;
    this.change({ busy: true, refusal: undefined, away: false });
    let answer: SignInResponse;
    try {
      answer = await people.signIn({ means }, { timeoutMs: CALL_MS });
    } catch (error) {
      return this.failed(error);
    }
    this.draft = { ...EMPTY };
    this.offered = false;
    store(ASK_AGAIN, "off");
    const { token, expireTime, caller } = answer;
    session.signedIn({ token, person: caller?.person ?? "", expireMs: millis(expireTime) ?? 0 }, caller);
  }

  async signOut(): Promise<void> {
    const headers = { authorization: authorization(session.kept?.token ?? "") };
    store(ASK_AGAIN, "on");
    // Here it is over at once, whether the node can be told or not.
    session.end("");
    await people.signOut({}, { timeoutMs: CALL_MS, headers }).catch(() => undefined);
  }

  /** Asks now and then who the caller is, for rights change while one looks. */
  async watch(): Promise<void> {
    for (;;) {
      await this.ask();
      await this.findProviders();
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
