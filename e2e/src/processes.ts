import { startService, type TestService } from '@synap/testing'

export interface Processes {
  get(name: string): TestService
  /** Starts a program of `services/`; one that is started again gets the ports it had. Resolves when it is ready. */
  start(name: string, more?: Record<string, string>): Promise<TestService>
  end(name: string, signal?: NodeJS.Signals): Promise<void>
}

/** Processes by name, all with the same environment, which may grow meanwhile. */
export function createProcesses(
  env: Readonly<Record<string, string>>,
  options: { telemetry: boolean },
): Processes {
  const running = new Map<string, TestService>()
  return {
    get(name) {
      const found = running.get(name)
      if (found === undefined) throw new Error(`${name} was not started`)
      return found
    },
    async start(name, more = {}) {
      const before = running.get(name)
      const ports = before === undefined ? {} : portsOf(before)
      const service = await startService(name, { ...env, ...ports, ...more }, options)
      running.set(name, service)
      await service.waitReady()
      return service
    },
    async end(name, signal = 'SIGTERM') {
      const service = running.get(name)
      service?.kill(signal)
      await service?.exited
    },
  }
}

const portsOf = (service: TestService) => ({
  PORT: new URL(service.url).port,
  ADMIN_PORT: new URL(service.adminUrl).port,
})
