import { createKafka, declaredTopics, type TopicDifference } from '@synap/kafka'
import { type Check, type Finding, failed, ok } from './check.ts'
import { serverSettings, startServers } from './context.ts'
import { quietLogger } from './quiet-logger.ts'

export const kafka: Check = {
  name: 'kafka',
  deadlineMs: 10_000,
  otherwise: (context) => startServers(context, 'KAFKA_BROKERS'),
  run: async (context, signal) => {
    const settings = serverSettings(context, ['KAFKA_BROKERS'])
    if (settings === undefined) return undefined
    const brokers = settings.KAFKA_BROKERS.split(',')
    const driver = createKafka({ brokers, clientId: 'synap-doctor', logger: quietLogger })
    try {
      const topics = declaredTopics(context.environment['TOPIC_PREFIX'])
      return judgeTopics(await driver.inspectTopics(topics, signal), settings.KAFKA_BROKERS)
    } finally {
      await driver.close()
    }
  },
}

export function judgeTopics(differences: readonly TopicDifference[], brokers: string): Finding {
  const problems = differences.flatMap(({ topic, partitions, changes }) => {
    if (partitions === null) return [`${topic} is missing`]
    if (partitions.found !== partitions.declared)
      return [`${topic} has ${partitions.found} partitions, not ${partitions.declared}`]
    const names = Object.keys(changes)
    return names.length === 0 ? [] : [`${topic} differs in ${names.join(', ')}`]
  })
  const isSplit = differences.some(({ partitions }) => partitions && partitions.found !== partitions.declared)
  if (isSplit)
    return failed(problems.join('; '), 'Make a topic of another name and copy: partitions cannot change')
  if (problems.length > 0) return failed(problems.join('; '), './synap setup')
  return ok(`${brokers}; ${differences.map(({ topic }) => topic).join(' and ')} as declared`)
}
