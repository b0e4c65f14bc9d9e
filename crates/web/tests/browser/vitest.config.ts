// Browser tests, one after the other: two cores are shared with the nodes and Chromium.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/browser/*.test.ts"],
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 60_000,
    // Once in some twenty runs of everything a page after a reload is not where the test left it, and
    // nobody has seen why yet: it is tried again, and the report names it.
    retry: 0,
  },
});
