import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/harness/global-setup.ts'],
    // picocolors colours what is not a terminal too where CI is set
    env: { NO_COLOR: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // two cores: the real servers that tests start need one
    maxWorkers: 2,
  },
});
