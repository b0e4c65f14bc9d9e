// One run that takes long: POLDER_WEB_SOAK_S seconds, ten minutes unless somebody says otherwise.
import { defineConfig } from "vitest/config";

export const SOAK_S = Number(process.env["POLDER_WEB_SOAK_S"] ?? 600);

export default defineConfig({
  test: {
    include: ["tests/soak/*.test.ts"],
    testTimeout: 300_000 + SOAK_S * 1_000,
    hookTimeout: 120_000,
    // What was read goes out as it is.
    disableConsoleIntercept: true,
  },
});
