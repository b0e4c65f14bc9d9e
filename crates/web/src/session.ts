// Who is signed in at this node in this browser, in all its tabs.
//
// The token is kept in localStorage. A cookie would need a second door at the node, and goes along
// with what others make the browser send; sessionStorage would ask again in every tab, and after a
// crash while reports wait. What can read localStorage is a script of this origin, and the policy
// of the node lets none run but its own files. A token counts at this node alone and for 12 hours.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Caller } from "./gen/polder/v1/people_service_pb.ts";
import { refusalOf } from "./refusal.ts";

/** What is kept of a session. */
export interface Kept {
  token: string;
  /** Name by which the person signs in. */
  person: string;
  expireMs: number;
}

/** Enough of localStorage. */
export type Cupboard = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const KEY = "polder-session";
/** Set where the node was heard to ask who calls: without a session nothing is shown there. */
const ASKS = "polder-asks";

export class Session {
  kept: Kept | undefined;
  /** Who the node says that it is. */
  caller: Caller | undefined;
  /** True once the node said that somebody must sign in, until somebody did. */
  needed = false;
  /** Why, in the node's word. */
  reason = "";
  private readonly cupboard: Cupboard | undefined;
  private readonly told: () => void;

  constructor(cupboard: Cupboard | undefined, told: () => void) {
    this.cupboard = cupboard;
    this.told = told;
    this.kept = this.stored();
    this.needed = !this.kept && this.get(ASKS) === "1";
  }

  /** Whose what is written here is; empty where nobody signs in. */
  get person(): string {
    return this.kept?.person ?? "";
  }

  /** Whether the person may be shown anything at all. */
  get open(): boolean {
    return !this.needed;
  }

  signedIn(kept: Kept, caller: Caller | undefined): void {
    this.kept = kept;
    this.caller = caller;
    this.needed = false;
    this.reason = "";
    this.set(KEY, JSON.stringify(kept));
    this.set(ASKS, "1");
    this.told();
  }

  /** The node told who calls with what this tab has. */
  known(caller: Caller | undefined, token: string): void {
    if (token !== (this.kept?.token ?? "")) return;
    this.caller = caller;
    if (!this.kept && caller) {
      // Nobody need sign in here, or not any more.
      this.needed = false;
      this.drop(ASKS);
    }
    this.told();
  }

  /** Another tab signed in or out. */
  elsewhere(): void {
    const stored = this.stored();
    if (stored?.token === this.kept?.token) return;
    this.kept = stored;
    this.caller = undefined;
    this.needed = !stored;
    this.reason = "";
    this.told();
  }

  /** It counts no more. */
  end(reason: string): void {
    const before = this.kept?.token;
    if (before && this.stored()?.token === before) this.drop(KEY);
    this.kept = this.caller = undefined;
    this.needed = true;
    this.reason = reason;
    this.set(ASKS, "1");
    this.told();
  }

  /** An answer to a call that carried `token`. */
  heard(error: unknown, token: string): void {
    if (ConnectError.from(error).code !== Code.Unauthenticated) return;
    const stored = this.stored();
    // Another tab may have signed in since: then that counts, and the call is made again.
    if (stored && stored.token !== token) return this.elsewhere();
    if (token !== (this.kept?.token ?? "") || (this.needed && !this.kept)) return;
    // Without a session the page only learns that one is needed.
    this.end(token ? refusalOf(error).reason || "SESSION_ENDED" : "");
  }

  private stored(): Kept | undefined {
    if (!this.cupboard) return this.kept;
    try {
      const found = JSON.parse(this.get(KEY) ?? "null") as Partial<Kept> | null;
      const { token, person, expireMs } = found ?? {};
      return typeof token === "string" && token && typeof person === "string" ? { token, person, expireMs: Number(expireMs) } : undefined;
    } catch {
      return undefined;
    }
  }

  private get(key: string): string | null {
    try {
      return this.cupboard?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  private set(key: string, value: string): void {
    try {
      this.cupboard?.setItem(key, value);
    } catch {
      // A browser that keeps nothing asks again next time.
    }
  }

  private drop(key: string): void {
    try {
      this.cupboard?.removeItem(key);
    } catch {
      // As above.
    }
  }
}

const BEARER = "Bearer ";
/** For a call that nobody makes; never sent. */
const NOBODY = "nobody";

/** For a call in the name of exactly this session, or of nobody, whoever is signed in by then. */
export function authorization(token: string): string {
  return token ? BEARER + token : NOBODY;
}

/** Lets every call say who makes it, and hears when that counts no more. */
export function interceptor(session: Session): Interceptor {
  return (next) => async (request) => {
    // Before somebody is signed in nothing is said of who they were.
    if (/^(SignIn|BeginSignIn|ListSignInProviders)$/.test(request.method.name)) return next(request);
    const given = request.header.get("authorization");
    const token = given === NOBODY ? "" : given ? given.slice(BEARER.length) : (session.kept?.token ?? "");
    if (token) request.header.set("authorization", authorization(token));
    else request.header.delete("authorization");
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: watched(response.message, session, token) };
    } catch (error) {
      session.heard(error, token);
      throw error;
    }
  };
}

async function* watched<T>(messages: AsyncIterable<T>, session: Session, token: string): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    session.heard(error, token);
    throw error;
  }
}

/** The invitation that an address carries. */
export function invitationOf(hash: string): string {
  const found = /^#invitation=(.{1,1000})$/.exec(hash)?.[1] ?? "";
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}
