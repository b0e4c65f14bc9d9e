// A small identity provider for the tests: it asks who it is in a form, and holds to the protocol.
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export const CLIENT = "polder-zuid";

interface Given {
  asked: URLSearchParams;
  email: string;
}

export class Issuer {
  issuer = "";
  /** What was asked of it, in order. */
  readonly asked: string[] = [];
  /** Shows the address of the way back instead of sending anybody there. */
  holds = false;
  private readonly codes = new Map<string, Given>();
  private readonly keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  private readonly server = createServer((asked, answer) => void this.serve(asked, answer));

  async start(): Promise<this> {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
    const at = this.server.address();
    this.issuer = `http://localhost:${typeof at === "object" ? at?.port : ""}`;
    return this;
  }

  end(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** For the file of a node. */
  config(): string {
    return `[[people.provider]]\nissuer = "${this.issuer}"\naudience = "polder"\nname = "Regio Zuid"\nclient_id = "${CLIENT}"\n`;
  }

  private token({ asked, email }: Given): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.issuer, aud: CLIENT, sub: email, email, name: `${email} van de regio`, nonce: asked.get("nonce"), iat: now, exp: now + 60 };
    const signed = `${part({ alg: "ES256", kid: "k" })}.${part(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), { key: this.keys.privateKey, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  }

  private async serve(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.issuer);
    this.asked.push(url.pathname);
    const json = (value: object, status = 200): void => {
      answer.writeHead(status, { "content-type": "application/json" });
      answer.end(JSON.stringify(value));
    };
    if (url.pathname === "/.well-known/openid-configuration") {
      json({ issuer: this.issuer, jwks_uri: `${this.issuer}/keys`, authorization_endpoint: `${this.issuer}/authorize`, token_endpoint: `${this.issuer}/token` });
    } else if (url.pathname === "/keys") {
      json({ keys: [{ ...this.keys.publicKey.export({ format: "jwk" }), kid: "k", alg: "ES256", use: "sig" }] });
    } else if (url.pathname === "/authorize") {
      this.authorize(url, answer);
    } else if (url.pathname === "/token") {
      let form = "";
      for await (const part of request) form += String(part);
      const told = new URLSearchParams(form);
      const given = this.codes.get(told.get("code") ?? "");
      this.codes.delete(told.get("code") ?? "");
      const proven = createHash("sha256").update(told.get("code_verifier") ?? "").digest("base64url");
      const sound = given && proven === given.asked.get("code_challenge") && told.get("redirect_uri") === given.asked.get("redirect_uri");
      if (given && sound) json({ access_token: "x", token_type: "Bearer", id_token: this.token(given) });
      else json({ error: "invalid_grant" }, 400);
    } else {
      json({ error: "not_found" }, 404);
    }
  }

  /** Asks who it is; then sends the person back. */
  private authorize(url: URL, answer: ServerResponse): void {
    const asked = url.searchParams;
    const email = asked.get("email");
    if (email === null) {
      const kept = [...asked].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join("");
      answer.writeHead(200, { "content-type": "text/html" });
      answer.end(`<!doctype html><title>Regio</title><h1>${asked.get("prompt") ?? "welkom"}</h1><form>${kept}<input name="email" id="email"><button>Verder</button></form>`);
      return;
    }
    const back = new URL(asked.get("redirect_uri") ?? "");
    back.searchParams.set("state", asked.get("state") ?? "");
    if (email) {
      const code = randomUUID();
      this.codes.set(code, { asked, email });
      back.searchParams.set("code", code);
    } else {
      back.searchParams.set("error", "access_denied");
    }
    if (this.holds) {
      answer.writeHead(200, { "content-type": "text/plain" });
      answer.end(back.href);
      return;
    }
    answer.writeHead(303, { location: back.href });
    answer.end();
  }
}
