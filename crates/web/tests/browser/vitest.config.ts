// Browser tests, two files at a time: much of a test is waiting, for a node, for the browser or for the
// page to draw. Each file has nodes and a browser of its own.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/browser/*.test.ts"],
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
