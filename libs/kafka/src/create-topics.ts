import { describeError } from '@synap/core'
import { declaredTopics, silentLogger } from '@synap/messaging'
import { createTopicsConfig } from './create-topics.config.ts'
import { createKafka } from './kafka.ts'

/** `node create-topics.ts`: makes the declared topics, or brings their settings in line. One JSON line per topic. */
async function main(): Promise<void> {
  const { brokers, topicPrefix } = createTopicsConfig()
  const kafka = createKafka({ brokers, clientId: 'synap-create-topics', logger: silentLogger })
  try {
    for (const report of await kafka.createTopics(declaredTopics(topicPrefix))) {
      process.stdout.write(`${JSON.stringify(report)}\n`)
    }
  } finally {
    await kafka.close()
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`create-topics: ${describeError(error)}\n`)
  process.exitCode = 1
})
