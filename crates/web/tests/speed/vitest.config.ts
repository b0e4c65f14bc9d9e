// One run that measures; it holds nothing against anybody.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/speed/*.test.ts"],
    testTimeout: 1_200_000 + Number(process.env["POLDER_WEB_SOAK_S"] ?? 60) * 2_000,
    hookTimeout: 120_000,
    // The table goes out as it is.
    disableConsoleIntercept: true,
  },
});
