import { defineConfig } from 'vitest/config'

/** Tests that start a real program of their own say so in their name. */
const external = ['test/**/*.{docker,podman,etcd,chromium,sim}.test.{ts,tsx}', 'test/e2e/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        // Pure tests share one module graph: sixty files start in two seconds instead of sixteen.
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: external,
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'external',
          include: external,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          // Real programs on a busy machine: what fails twice is wrong, what fails once is told in the output.
          retry: 1,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'html', 'json-summary'] },
  },
})
