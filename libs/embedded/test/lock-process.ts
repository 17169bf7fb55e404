import { lockFolder } from '../src/index.ts'

// Takes the folder, says how that went, and keeps it until the process is ended.
try {
  await lockFolder(process.argv[2] ?? '')
  process.stdout.write('took it\n')
} catch (error) {
  process.stdout.write(`refused: ${error instanceof Error ? error.message : ''}\n`)
}
process.stdin.resume()
