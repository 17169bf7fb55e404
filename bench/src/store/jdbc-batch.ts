// The shape of a JDBC batch with reWriteBatchedInserts: statements of 128 rows, sent without waiting for answers.
import { createPeer } from './job.ts'
import { insertValues } from './values.ts'

const rows = 128

export const createContender = createPeer(
  async (client, chunk) => {
    const answers = [client.query('begin')]
    for (let at = 0; at < chunk.length; at += rows)
      answers.push(client.query(insertValues(chunk.slice(at, at + rows))))
    answers.push(client.query('commit'))
    await Promise.all(answers)
  },
  { pipeline: true },
)
