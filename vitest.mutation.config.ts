import { defineConfig } from 'vitest/config'

/** The tests that a mutant of decide, compile or config has to survive; those that only time something or need long stay out. */
export default defineConfig({
  test: {
    include: ['test/engine/{decide,compile,config,runservice,scheduler}/**/*.test.ts', 'test/property/decide*.test.ts'],
    exclude: ['test/**/*.{docker,sim}.test.ts', 'test/engine/runservice/large-run.test.ts'],
    setupFiles: ['test/support/mutation-set-up.ts'],
    isolate: false,
    testTimeout: 30_000,
  },
})
