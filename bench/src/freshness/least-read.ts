// The least that reads: a bare HTTP server that asks, waits until it is told, and asks again.
import { createServer } from 'node:http'
import pg from 'pg'
import type { CreateContender } from '../worker/protocol.ts'
import { type LeastJob, leastChannel, listenAt } from './least.ts'

/** Answers its address. */
export const createContender: CreateContender<LeastJob, string> =
  () =>
  async ({ databaseUrl }) => {
    const client = new pg.Client({ connectionString: databaseUrl, pipeline: true })
    const listener = new pg.Client({ connectionString: databaseUrl, pipeline: true })
    await Promise.all([client.connect(), listener.connect()])
    let told = Promise.withResolvers<void>()
    listener.on('notification', () => {
      told.resolve()
      told = Promise.withResolvers<void>()
    })
    await listener.query(`listen ${leastChannel}`)
    const find = async (id: string) => {
      for (;;) {
        const next = told.promise
        const { rowCount } = await client.query({
          name: 'least_read',
          text: 'select entity_id from bench.entities where entity_id = $1',
          values: [id],
        })
        if (rowCount === 1) return
        await next
      }
    }
    return listenAt(
      createServer((request, response) => {
        const id = new URL(request.url ?? '', 'http://least').pathname.split('/').at(-1) ?? ''
        find(id).then(
          () => response.writeHead(200).end(JSON.stringify({ id })),
          (error: unknown) => response.destroy(error as Error),
        )
      }),
    )
  }
