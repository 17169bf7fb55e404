import { setTimeout as sleep } from 'node:timers/promises'
import { isPortFree, portHolder } from '../port-holder.ts'
import { isRunning } from '../process/identity.ts'
import { tail } from '../process/tail.ts'
import type { ServerKind } from '../server.ts'
import type { StackLayout } from './layout.ts'
import { portsOfPart } from './ports.ts'
import { type ServiceRecord, writeRecord } from './records.ts'
import { launchService, serviceProblem } from './service-process.ts'
import type { ServiceName } from './services.ts'
import type { StackSettings } from './settings.ts'

/** Milliseconds until a service must be ready. */
const readyDeadlineMs = 60_000

/** Throws one error that names every taken port, who has it, and how to choose another. */
export async function assertPortsFree(
  parts: readonly (ServerKind | ServiceName)[],
  settings: StackSettings,
): Promise<void> {
  const problems: string[] = []
  for (const part of parts) {
    for (const name of portsOfPart[part]) {
      const port = settings.ports[name]
      if (await isPortFree(port)) continue
      const holder = portHolder(port)
      problems.push(
        `port ${port} (${name}) is used by ${holder ?? 'another program'}: --port ${name}=<number>`,
      )
    }
  }
  if (problems.length === 0) return
  throw new Error(
    `${problems.join('\n')}\nEnd that program, choose other ports as shown, or take free ones with --ephemeral-ports.`,
  )
}

/** Starts a service, notes it for `down`, and resolves when it is ready. */
export async function startService(
  service: ServiceName,
  layout: StackLayout,
  settings: StackSettings,
  options: { inherited: NodeJS.ProcessEnv; bound: boolean; signal?: AbortSignal | undefined },
): Promise<ServiceRecord> {
  const record = launchService(service, layout, settings, options)
  writeRecord(layout, record)
  const deadline = Date.now() + readyDeadlineMs
  for (;;) {
    options.signal?.throwIfAborted()
    const problem = await serviceProblem(service, settings)
    const alive = isRunning(record)
    if (problem === undefined && alive) return record
    if (!alive) throw new Error(withLog(`${service} ended while starting`, record))
    if (Date.now() > deadline) {
      throw new Error(
        withLog(`${service} is not ready after ${readyDeadlineMs / 1000} s: ${problem ?? ''}`, record),
      )
    }
    await sleep(100)
  }
}

function withLog(text: string, record: ServiceRecord): string {
  const said = tail(record.log, 15)
  return `${text}. The end of ${record.log}:\n${said === '' ? '(empty)' : said}`
}
