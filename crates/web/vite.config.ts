// Builds the page into `dist`, byte for byte the same each time: no hashes in names, no maps.
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: "src",
  publicDir: "../public",
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
