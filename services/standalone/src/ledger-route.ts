import { Readable } from 'node:stream'
import { type AgreementLine, agreementQuery, ledgerQuery, ledgerResponse, topicName } from '@synap/contracts'
import { type App, principalOf, requires, streamsAnswer } from '@synap/http'
import { compareStores, createLedgerReader, createPostgresStores } from '@synap/ledger'
import { createTurnQueue, type TurnQueue } from '@synap/messaging'
import { z } from 'zod'
import type { Drivers } from './open-drivers.ts'

const mediaType = 'application/x-ndjson'

/**
 * `GET /internal/ledger`: what each store holds of the caller's user, for `synap import`; and
 * `GET /internal/ledger/agreement`: the stores compared event by event, for `synap ledger`. In the cluster these programs
 * ask the servers themselves; here they are inside this process.
 */
export function registerLedgerRoutes(
  app: App,
  { pool, store, log }: Pick<Drivers, 'pool' | 'store' | 'log'>,
) {
  // The log keeps a line per group and has one member of a group at a time, so one group reads, in turns.
  const turns = createTurnQueue()
  const topic = { log, name: topicName('events', ''), groupId: 'synap-ledger' }
  app.get(
    '/internal/ledger',
    {
      schema: { hide: true, querystring: ledgerQuery, response: { 200: ledgerResponse } },
      config: requires('read'),
    },
    async (request) => {
      const { signal } = request
      const reader = createLedgerReader({ pool, store, topic }, principalOf(request).userId)
      const ledger = await reader.read(signal)
      if (request.query.topic === 'false') return ledger
      return { ...ledger, topic: await turns.run(signal, () => reader.readTopic(signal)) }
    },
  )
  const response = {
    200: { description: 'Lines of JSON.', content: { [mediaType]: { schema: z.string() } } },
  }
  app.get(
    '/internal/ledger/agreement',
    {
      schema: { hide: true, querystring: agreementQuery, response },
      config: { ...requires('operate'), ...streamsAnswer() },
      exposeHeadRoute: false,
    },
    async (request, reply) => {
      const { signal, query } = request
      const lines = compareStores({
        stores: createPostgresStores(pool, signal),
        topic: query.topic === 'false' ? null : topic,
        user: query.user ?? null,
        ...(query.limit !== undefined && { limit: query.limit }),
        signal,
      })
      const body = Readable.from(inTurn(turns, signal, lines), { objectMode: false })
      return reply
        .header('content-type', mediaType)
        .header('cache-control', 'no-store')
        .send(body as never)
    },
  )
}

/** The lines as text, once nobody else reads the topic. */
async function* inTurn(
  turns: TurnQueue,
  signal: AbortSignal,
  lines: AsyncIterable<AgreementLine>,
): AsyncGenerator<string, void> {
  const begun = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const turn = turns.run(signal, () => {
    begun.resolve()
    return ended.promise
  })
  turn.catch(begun.reject)
  await begun.promise
  try {
    for await (const line of lines) yield `${JSON.stringify(line)}\n`
  } finally {
    ended.resolve()
  }
}
