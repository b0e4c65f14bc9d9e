// Real nodes for the tests, what they are asked besides the page, and wires that can be cut.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { EntrySchema, type Entry } from "../../src/gen/polder/v1/entry_pb.ts";
import { AttachmentService } from "../../src/gen/polder/v1/attachment_service_pb.ts";
import { IncidentService } from "../../src/gen/polder/v1/incident_service_pb.ts";
import { PeopleService } from "../../src/gen/polder/v1/people_service_pb.ts";
import { NodeService } from "../../src/gen/polder/v1/node_service_pb.ts";
import { PictureService } from "../../src/gen/polder/v1/picture_service_pb.ts";
import { front } from "./front.ts";

const PROGRAM = resolve(process.env["POLDER"] ?? "../../target/debug/polder");
/** A folder that is served instead of the bundle in the program. */
const BUNDLE = process.env["POLDER_WEB_BUNDLE"];

/** Asks until the answer pleases. */
export async function until<T>(ask: () => Promise<T> | T, pleases: (answer: T) => boolean, ms = 20_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (pleases(answer)) return answer;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))?.slice(0, 400)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export class TestNode {
  listen = "127.0.0.1:0";
  /** Where it speaks TLS, if it was told to; `listen` is then for programs of this machine. */
  encrypted = "";
  private readonly dir = mkdtempSync(join(tmpdir(), "polder-web-"));
  readonly data = join(this.dir, "data");
  private child: ChildProcess | undefined;
  private before: Awaited<ReturnType<typeof front>> | undefined;

  constructor(name: string, readonly party = `party-${name}`) {
    const made = spawnSync(PROGRAM, ["init", "--data", this.data, "--name", name, "--party", party]);
    if (made.status !== 0) throw new Error(String(made.stderr));
  }

  get url(): string {
    return `http://${this.before?.address ?? this.listen}/`;
  }

  /** Starts it, or starts it again at the same address. */
  async start(...more: string[]): Promise<this> {
    const args = ["serve", "--json", "--data", this.data, "--listen", this.listen, "--admin", "127.0.0.1:0", ...more];
    const child = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"], LANG: "C" } });
    this.child = child;
    let said = "";
    child.stderr?.on("data", (text) => (said += String(text)));
    const told = await new Promise<{ listen: string; local?: string }>((done, failed) => {
      child.stdout?.on("data", (text) => done(JSON.parse(String(text).split("\n")[0]!) as { listen: string; local?: string }));
      child.on("exit", () => failed(new Error(`the node ended: ${said}`)));
    });
    this.encrypted = `https://${told.listen}/`;
    this.listen = told.local ?? told.listen;
    if (BUNDLE) this.before ??= await front(() => resolve(BUNDLE), () => this.listen);
    return this;
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    this.before?.end();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Of the one in whose name the tests ask and do things, once they signed in. */
  private token = "";

  private transport(): ReturnType<typeof createGrpcWebTransport> {
    return createGrpcWebTransport({
      baseUrl: `http://${this.listen}`,
      interceptors: [(next) => (request) => {
        if (this.token) request.header.set("authorization", `Bearer ${this.token}`);
        return next(request);
      }],
    });
  }

  async signIn(account: string, passphrase: string): Promise<void> {
    const client = createClient(PeopleService, this.transport());
    const means = { case: "passphrase" as const, value: { account, passphrase } };
    this.token = (await client.signIn({ means })).token;
  }

  /** What the command line says, in the name of who signed in. */
  run(...args: string[]): string {
    const env = { PATH: process.env["PATH"], LANG: "C", HOME: this.dir, ...(this.token && { POLDER_TOKEN: this.token }) };
    const done = spawnSync(PROGRAM, [...args, "--node", this.listen], { env });
    if (done.status !== 0) throw new Error(`${args.join(" ")}: ${String(done.stderr)}`);
    return String(done.stdout);
  }

  /** What `polder audit` prints of the acts of one person, the newest last; or of an entry. */
  audit(...which: string[]): string[] {
    return this.run("audit", ...which).split("\n").filter((line) => line.trim());
  }

  /** What `polder charter show` prints. */
  charterShown(): string {
    return this.run("charter", "show");
  }

  /** Makes an account, or changes it; without a passphrase it keeps its own. */
  account(name: string, passphrase: string, ...rest: (string | string[])[]): void {
    const file = join(this.dir, "passphrase");
    writeFileSync(file, passphrase);
    const roles = rest.flatMap((one) => (typeof one === "string" ? ["--role", one] : one));
    this.run("account", "set", name, ...roles, ...(passphrase ? ["--passphrase-file", file] : []));
  }

  /** Founds a charter and says this in it. */
  charter(...statements: string[][]): void {
    const key = join(this.dir, "anna.key");
    const made = spawnSync(PROGRAM, ["charter", "key", key, "--no-passphrase"]);
    if (made.status !== 0) throw new Error(String(made.stderr));
    for (const said of [["charter", "create", "Zuid", "--holder", "Anna"], ...statements]) this.run(...said, "--key", key);
  }

  /** The secret of an invitation to one audience of an incident. */
  invite(name: string, incident: string, audience: string, ...more: string[]): string {
    const said = this.run("guest", "invite", name, "--incident", incident, "--audience", audience, "--until", "2h", "--json", ...more);
    return (JSON.parse(said) as { invitation: string }).invitation;
  }

  async open(id: string, title = id, area?: object): Promise<string> {
    const client = createClient(IncidentService, this.transport());
    const name = `incidents/${id}`;
    await client.createIncident({
      incident: { name, mode: 2, phase: 3, titles: [{ language: "nl", title }], ...(area && { area }) },
    });
    return name;
  }

  async close(name: string): Promise<void> {
    await createClient(IncidentService, this.transport()).closeIncident({ name, reason: "voorbij" });
  }

  async publish(...entries: MessageInitShape<typeof EntrySchema>[]): Promise<void> {
    const client = createClient(PictureService, this.transport());
    for (let at = 0; at < entries.length; at += 500) {
      const items = entries.slice(at, at + 500).map((entry) => ({ entry }));
      const { results } = await client.publishEntries({ items });
      const refused = results.find((result) => result.outcome.case !== "published");
      if (refused) throw new Error(JSON.stringify(refused.outcome, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
    }
  }

  /** Publishes a rival: replaces nothing. */
  async contradict(entry: MessageInitShape<typeof EntrySchema>): Promise<void> {
    const client = createClient(PictureService, this.transport());
    await client.publishEntries({ items: [{ entry, supersedes: { versions: [] } }] });
  }

  async entries(incident: string): Promise<Entry[]> {
    const client = createClient(PictureService, this.transport());
    const found: Entry[] = [];
    let pageToken = "";
    do {
      const page = await client.listEntries({ filter: { incidents: [incident] }, pageSize: 1000, pageToken });
      found.push(...page.entries);
      pageToken = page.nextPageToken;
    } while (pageToken);
    return found;
  }

  async versions(name: string): Promise<Entry[]> {
    const client = createClient(PictureService, this.transport());
    return (await client.listEntryVersions({ name })).versions;
  }

  async attachment(name: string): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const { data } of createClient(AttachmentService, this.transport()).download({ name })) parts.push(data);
    return Buffer.concat(parts);
  }

  async subscribers(): Promise<number> {
    const client = createClient(NodeService, this.transport());
    return (await client.getNodeStatus({})).subscriberCount;
  }
}

/** A wire to a node that can be cut and put back. */
export class Wire {
  address = "";
  private readonly server: Server;
  private readonly open = new Set<Socket>();
  private cutOff = false;

  constructor(to: string) {
    const [host, port] = to.split(":") as [string, string];
    this.server = createServer((near) => {
      if (this.cutOff) return void near.destroy();
      const far = connect(Number(port), host);
      for (const socket of [near, far]) {
        this.open.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          this.open.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
    const address = this.server.address();
    this.address = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    return this;
  }

  cut(off: boolean): void {
    this.cutOff = off;
    if (off) for (const socket of this.open) socket.destroy();
  }

  end(): void {
    this.cut(true);
    this.server.close();
  }
}
