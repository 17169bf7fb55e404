import { parseArgs } from 'node:util'
import { createOfflineProvider } from '../../src/index.ts'
import { readMarkdownFiles } from './markdown-files.ts'
import { measureTags, renderTags, ways } from './measure-tags.ts'

const help = `How many tags are used once, over real Markdown files: the READMEs of the packages that npm installed.

  npm run tags -w libs/ai [-- options]

  --files N   how many files, 500 by default
  --show N    print the N tags used most, of each way
  --json      one JSON object
`

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '500' },
    show: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function run(): Promise<string> {
  const documents = readMarkdownFiles(Number(values.files))
  const provider = createOfflineProvider()
  const report = []
  for (const way of ways) report.push(await measureTags(provider, documents, way))
  if (values.json) return `${JSON.stringify({ files: documents.length, report })}\n`
  return renderTags(documents.length, report, Number(values.show))
}

process.stdout.write(values.help ? help : await run())
