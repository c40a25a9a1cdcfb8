import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Tests that take long come last: one that fails ends the trial of a mutant. */
const isSlow = ({ moduleId }: TestSpecification) =>
  /propert|documentation|jsonnet|examples|schema|runservice/.test(moduleId)

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => Number(isSlow(a)) - Number(isSlow(b)))
  }
}

/** The tests that a mutant of decide, compile or config has to survive; those that only time something or need long stay out. */
export default defineConfig({
  test: {
    include: ['test/engine/{decide,compile,config,runservice,scheduler}/**/*.test.ts', 'test/property/decide*.test.ts'],
    exclude: ['test/**/*.{docker,sim}.test.ts', 'test/engine/runservice/large-run.test.ts'],
    setupFiles: ['test/support/mutation-set-up.ts'],
    sequence: { sequencer: QuickFirst },
    isolate: false,
    testTimeout: 30_000,
  },
})
