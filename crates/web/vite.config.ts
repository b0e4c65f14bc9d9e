// Builds the page into `dist`, byte for byte the same each time: no hashes in names, no maps.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Everything that the bundle is made of; in one order on every machine. */
function sources(): string[] {
  const below = (folder: string): string[] => readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name).replaceAll("\\", "/")).sort();
  return [...["src", "public"].flatMap((folder) => below(folder)), "package-lock.json"];
}

/** Names what was built: another page has another. A page that is open asks by it whether it still fits. */
function built(): string {
  const hash = createHash("sha256");
  for (const path of sources()) hash.update(`${path}\0`).update(readFileSync(path)).update("\0");
  return hash.digest("hex").slice(0, 16);
}

const BUILD = built();
const OUT = process.env.POLDER_WEB_OUT ?? "dist";

export default defineConfig({
  root: "src",
  publicDir: "../public",
  define: { __BUILD__: JSON.stringify(BUILD) },
  plugins: [{
    name: "polder-build",
    apply: "build",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "build.txt", source: `${BUILD}\n` });
    },
    // Kept files are those of one build: with another the browser keeps them anew.
    writeBundle() {
      const path = join(OUT, "sw.js");
      writeFileSync(path, readFileSync(path, "utf8").replace("%BUILD%", BUILD));
    },
  }],
  build: {
    outDir: process.env.POLDER_WEB_OUT ?? "../dist",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    modulePreload: false,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      output: {
        entryFileNames: "page.js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
  test: { root: ".", include: ["tests/unit/*.test.ts"] },
});
