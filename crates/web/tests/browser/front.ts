// Stands before a node and serves the bundle from disk, for who works on the page: a change is seen
// without building the program. All else goes to the node, whose headers it takes over.
import { readFile } from "node:fs/promises";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".json": "application/json", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
};

/** Serves what is in `folder()` at a port of its own, before the node at `address()`. */
export async function front(folder: () => string, address: () => string, port = 0): Promise<{ address: string; end(): void }> {
  const server: Server = createServer((asked, answer) => void serve(folder(), address(), asked, answer));
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  const at = server.address();
  return {
    address: `127.0.0.1:${typeof at === "object" ? at?.port : ""}`,
    end: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function serve(folder: string, address: string, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { pathname } = new URL(asked.url ?? "/", "http://front");
  const path = normalize(pathname === "/" ? "/index.html" : pathname);
  const file = asked.method === "GET" ? await readFile(join(folder, path)).catch(() => undefined) : undefined;
  const [host = "", port = ""] = address.split(":");
  const passed = request({ host, port, method: asked.method, path: asked.url, headers: asked.headers }, (got) => {
    if (file) {
      const { "content-encoding": _coded, "content-length": _long, etag: _tag, "content-type": _type, "transfer-encoding": _way, ...guards } = got.headers;
      got.resume();
      answer.writeHead(200, { ...guards, "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
      answer.end(file);
      return;
    }
    answer.writeHead(got.statusCode ?? 502, got.headers);
    answer.flushHeaders();
    got.pipe(answer);
    got.on("error", () => answer.destroy());
  });
  passed.on("error", () => answer.destroy());
  answer.on("close", () => passed.destroy());
  asked.pipe(passed);
}
