/**
 * Serves the fixture until the process is ended; says its port on standard output. Its argument: the milliseconds that
 * headers may take, 500 by default.
 */
import { buildFixture } from './fixture.ts'
import { listen } from './raw-request.ts'

const headers = Number(process.argv[2] ?? 500)
const { app } = await buildFixture({ socketTimeouts: { headers, request: 2 * headers } })
process.stdout.write(`${await listen(app)}\n`)
