import { describe, expect, it } from 'vitest'
import { createTemporaryFolder } from '../../test/temporary-folder.ts'
import { countsLine, readResults } from './read-results.ts'
import { filesOf } from './test-files.ts'

type Test = [status: string, fullName: string]
const file = (status: string, ...tests: Test[]) => ({
  name: 'x.test.ts',
  status,
  assertionResults: tests.map(([state, fullName]) => ({ status: state, fullName })),
})
const report = (...files: ReturnType<typeof file>[]) => JSON.stringify({ testResults: files })

describe('counting a run of the tests', () => {
  it('given tests that passed and failed, they are counted', () => {
    const text = report(file('failed', ['passed', 'a'], ['failed', 'b']), file('passed', ['passed', 'c']))
    const counts = readResults(text, 1)
    expect(counts).toEqual({ passed: 2, failed: 1, skips: [] })
    expect(countsLine(counts)).toBe('2 passed, 1 failed')
  })

  it('given skips, each is named with its reason, or with that it has none', () => {
    const needy = 'runs there [needs Docker: no daemon answers]'
    const counts = readResults(
      report(file('passed', ['skipped', needy], ['todo', 'later'], ['passed', 'a'])),
      0,
    )
    expect(counts.skips).toEqual([needy, 'later [no reason given]'])
    expect(countsLine(counts)).toBe('1 passed, 0 failed, 2 skipped')
  })

  it('given a file that broke before its first test, it is a failure', () => {
    expect(readResults(report(file('failed'), file('passed', ['passed', 'a'])), 1)).toMatchObject({
      passed: 1,
      failed: 1,
    })
  })

  it('given tests that were not run because their file broke, they are failures and no skips', () => {
    const needy = 'runs there [needs Docker: no daemon answers]'
    const broken = file('failed', ['skipped', 'a'], ['skipped', 'b'], ['skipped', needy])
    expect(readResults(report(broken), 1)).toEqual({ passed: 0, failed: 2, skips: [needy] })
  })

  it('given a run that ended badly without a failed test, it has failed all the same', () => {
    expect(readResults(report(file('passed', ['passed', 'a'])), 1)).toMatchObject({ passed: 1, failed: 1 })
  })

  it.each([[undefined], ['{"testResults":[{"na'], ['{}']])('given the report %s, nothing passed', (text) => {
    expect(readResults(text, 1)).toMatchObject({ passed: 0, failed: 1 })
  })

  it('given no whole report of a run that ended well, it has failed', () => {
    expect(readResults('{', 0)).toMatchObject({ failed: 1 })
    expect(readResults(undefined, 0)).toMatchObject({ failed: 1 })
  })
})

describe('files of a layer', () => {
  it('given a checkout, they are found by their suffix and by the filters', async () => {
    await using root = await createTemporaryFolder()
    await root.write({
      'libs/a/src/a.test.ts': '',
      'libs/a/src/deep/a.int.test.ts': '',
      'services/b/test/b.int.test.ts': '',
      'e2e/src/c.e2e.test.ts': '',
      'libs/a/src/node_modules/x/y.int.test.ts': '',
    })
    expect(filesOf(['int'], [], root.path)).toEqual([
      'libs/a/src/deep/a.int.test.ts',
      'services/b/test/b.int.test.ts',
    ])
    expect(filesOf(['int', 'e2e'], ['e2e/', 'libs/a'], root.path)).toEqual([
      'e2e/src/c.e2e.test.ts',
      'libs/a/src/deep/a.int.test.ts',
    ])
  })
})
