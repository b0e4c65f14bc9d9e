// Through an identity provider: away to it, and back with what it put into the address. What is
// kept meanwhile is kept in this tab alone, so that nobody can sign this browser in as somebody
// else by an address that they made.

/** What a person came back with. */
export interface Back {
  state: string;
  code: string;
  error: string;
  issuer: string;
  /** Of this tab; empty: nobody left from here. */
  secret: string;
  /** Where the person was. */
  hash: string;
}

/** Enough of sessionStorage. */
type Drawer = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const KEY = "polder-away";

/** Before leaving. False: this browser keeps nothing, so nobody could come back. */
export function leave(secret: string, hash: string, drawer: Drawer): boolean {
  try {
    drawer.setItem(KEY, JSON.stringify({ secret, hash }));
    return true;
  } catch {
    return false;
  }
}

/** What the address brings from a provider, if it does; what was kept for it is taken out. */
export function backOf(search: string, drawer: Drawer): Back | undefined {
  const parts = new URLSearchParams(search);
  const part = (name: string): string => parts.get(name) ?? "";
  const [state, code, error, issuer] = [part("state"), part("code"), part("error"), part("iss")];
  if (!state || !(code || error)) return undefined;
  return { state, code, error, issuer, ...taken(drawer) };
}

/** What was kept when the person left; nothing, as if nobody had. */
function taken(drawer: Drawer): { secret: string; hash: string } {
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  try {
    const kept = JSON.parse(drawer.getItem(KEY) ?? "null") as { secret?: unknown; hash?: unknown } | null;
    drawer.removeItem(KEY);
    return { secret: text(kept?.secret), hash: text(kept?.hash) };
  } catch {
    return { secret: "", hash: "" };
  }
}

/** Whether an address is one of the web, and no script. */
export function isAddress(address: string): boolean {
  return /^https?:\/\//.test(address);
}
