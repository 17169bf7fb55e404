import type { ServerSettings } from '../server.ts'

/** What a one-node Kafka (KRaft: broker and controller in one) runs with, apart from its addresses and folders. */
export function kafkaSettings(mode: ServerSettings['mode']): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.listener.names': 'CONTROLLER',
    // Topics are declared in one file and created by one command.
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': mode === 'test' ? '1' : '10',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // Tests kill members and wait for the group to notice.
    ...(mode === 'test' ? { 'group.min.session.timeout.ms': '1000' } : {}),
    // After a kill the broker may only come back when its old session is over.
    'broker.session.timeout.ms': mode === 'test' ? '1500' : '3000',
    'broker.heartbeat.interval.ms': mode === 'test' ? '200' : '500',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.cleaner.dedupe.buffer.size': String(16 * 1024 * 1024),
  }
}

/** Megabytes of heap. */
export function kafkaHeapMb(mode: ServerSettings['mode']): number {
  return mode === 'test' ? 256 : 512
}
