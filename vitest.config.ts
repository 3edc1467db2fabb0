import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/harness/global-setup.ts'],
    // picocolors colours what is not a terminal too where CI is set
    env: { NO_COLOR: '1' },
    testTimeout: 60_000,
    hookTimeout: 240_000,
    // tests wait for servers and timers for most of their time; two processes load what they test once, and not once a file
    maxWorkers: 2,
    isolate: false,
  },
});
