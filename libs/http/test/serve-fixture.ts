/** Serves the fixture until the process is ended; says its port on standard output. */
import { buildFixture } from './fixture.ts'
import { listen } from './raw-request.ts'

const { app } = await buildFixture({ socketTimeouts: { headers: 500, request: 1_000 } })
process.stdout.write(`${await listen(app)}\n`)
