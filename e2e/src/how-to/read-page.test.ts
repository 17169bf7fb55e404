import { describe, expect, it } from 'vitest'
import { readSteps } from './read-page.ts'

const fence = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\``

describe('the steps of a page', () => {
  it('given fences, each is what the sentence above it says, and calls are none', () => {
    const page = [
      'In words. New file `libs/a.ts`:',
      fence('ts', 'export const a = 1\n\nexport const b = 2'),
      'One line more in `libs/list.ts`, above `task,`:',
      fence('ts', '  habit,'),
      'Then:',
      fence('sh', 'npm run check\nls'),
      fence('sh', 'curl http://x'),
      fence('json', '{}'),
    ].join('\n\n')
    expect(readSteps(page)).toEqual([
      { do: 'write', path: 'libs/a.ts', text: 'export const a = 1\n\nexport const b = 2\n' },
      { do: 'add', path: 'libs/list.ts', where: 'above', anchor: 'task,', line: '  habit,' },
      { do: 'run', script: 'npm run check\nls' },
    ])
  })

  it('given code without a place, or a line that is two, it is refused: a reader could not follow either', () => {
    expect(() => readSteps(`Somewhere:\n\n${fence('ts', 'a')}`)).toThrow('where does this go?')
    expect(() => readSteps(`One line more in \`a.ts\`, below \`b\`:\n\n${fence('ts', 'a\nb')}`)).toThrow(
      'more than one line',
    )
  })
})
