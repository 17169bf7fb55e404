import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { identify } from '../process/identity.ts'
import { openLog } from '../process/open-log.ts'
import { serviceEnvironment } from './environment.ts'
import { launchOptionsOf } from './launch-options.ts'
import type { StackLayout } from './layout.ts'
import { portsOfPart } from './ports.ts'
import type { ServiceRecord } from './records.ts'
import { type ServiceName, serviceDeclarations } from './services.ts'
import type { StackSettings } from './settings.ts'

/** Starts a service in the background, in its own process group, its output appended to its log. */
export function launchService(
  service: ServiceName,
  layout: StackLayout,
  settings: StackSettings,
  { inherited, bound }: { inherited: NodeJS.ProcessEnv; bound: boolean },
): ServiceRecord {
  const log = join(layout.logs, `${service}.log`)
  const output = openLog(log)
  try {
    const program = join('services', service, 'src', 'main.ts')
    const launch = launchOptionsOf(service)
    const options = ['--disable-warning=ExperimentalWarning', '--import', '@synap/telemetry/register']
    const nodeCommand = [process.execPath, ...launch.arguments, ...options, program]
    // setpriv(1) becomes Node and has the kernel kill it when this process dies.
    const [command = '', ...args] = bound ? ['setpriv', '--pdeathsig', 'KILL', ...nodeCommand] : nodeCommand
    const child = spawn(command, args, {
      cwd: layout.root,
      detached: true,
      env: { ...launch.environment, ...serviceEnvironment(service, layout, settings, inherited) },
      stdio: ['ignore', output, output],
    })
    child.on('error', () => undefined)
    child.unref()
    const identity = child.pid === undefined ? undefined : identify(child.pid)
    if (identity === undefined) throw new Error(`${service} could not be started; see ${log}`)
    const ports = portsOfPart[service].map((name) => settings.ports[name])
    return { name: service, type: 'service', ...identity, ports, log, started: Date.now() }
  } finally {
    closeSync(output)
  }
}

/** Asks /readyz. Resolves with undefined when it is ready, else with the reason in one line. */
export async function serviceProblem(
  service: ServiceName,
  settings: StackSettings,
): Promise<string | undefined> {
  const url = `http://127.0.0.1:${settings.ports[serviceDeclarations[service].adminPort]}/readyz`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    const text = await response.text()
    return response.ok ? undefined : `/readyz answers ${response.status}: ${failingChecks(text)}`
  } catch {
    return `nothing answers at ${url}`
  }
}

/** `kafka (kafka.unavailable), postgres (…)` from the body's `checks`, or the body itself, cut to one line. */
function failingChecks(text: string): string {
  try {
    const { checks } = JSON.parse(text) as { checks?: Record<string, string> }
    const failing = Object.entries(checks ?? {}).filter(([, result]) => result !== 'ok')
    if (failing.length > 0) return failing.map(([name, result]) => `${name} (${result})`).join(', ')
  } catch {
    // Not ours: shown as it is.
  }
  return text.replaceAll(/\s+/g, ' ').slice(0, 200)
}
