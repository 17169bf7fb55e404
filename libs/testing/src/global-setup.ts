import type { TestProject } from 'vitest/node'
import { type Coordinator, startCoordinator } from './coordinator/coordinator.ts'

/** One coordinator for all projects of a run: vitest loads this file once for each of them. */
interface Shared {
  users: number
  coordinator: Promise<Coordinator>
}

const key = Symbol.for('synap.testing.coordinator')
const holder = globalThis as { [key]?: Shared | undefined }

export async function setup(project: TestProject): Promise<void> {
  const report = (line: string) => process.stderr.write(`[servers] ${line}\n`)
  const shared = (holder[key] ??= { users: 0, coordinator: startCoordinator(report) })
  shared.users += 1
  project.provide('synapCoordinator', (await shared.coordinator).address)
}

export async function teardown(): Promise<void> {
  const shared = holder[key]
  if (shared === undefined) return
  shared.users -= 1
  if (shared.users > 0) return
  holder[key] = undefined
  await (await shared.coordinator).close()
}
