import { backoffMs, errorClass, SynapError, wait } from '@synap/core'
import { createLogger, type Logger, shutdownTelemetry } from '@synap/telemetry'
import type { z } from 'zod'
import { type AdminServer, startAdminServer } from './admin-server.ts'
import { Closers, type Defer } from './closers.ts'
import { type RuntimeConfig, runtimeConfig } from './config.ts'
import { type Health, HealthRegistry } from './health.ts'
import { ConfigError, parseEnv } from './parse-env.ts'

export interface ServiceContext<C> {
  config: C
  logger: Logger
  /** Registers how to release what was just opened; closers run last-in, first-out, all within 15 seconds. */
  defer: Defer
  /** Aborts when the service is asked to stop, before the closers run. */
  signal: AbortSignal
  health: Health
  /** Where /livez, /readyz and /metrics are: `http://127.0.0.1:4190`. */
  adminUrl: string
  /** Ends the process with exit code 1, for a background part that cannot go on. */
  fail: (error: unknown) => void
}

/** What the exit codes mean to a supervisor: 78 (EX_CONFIG of sysexits) = a restart alone does not help. */
const exitCodes = { ok: 0, failed: 1, configuration: 78 } as const
const stopCapMs = 15_000
const flushCapMs = 2_000

/**
 * Runs a service from environment to exit; call it once, as the whole of `main.ts`.
 *
 * `start` opens everything and resolves when the service works; it says how to close each thing right after opening it.
 * While a dependency is away it is started anew after a backoff (alive, not ready); an error of class configuration
 * ends the process with 78, any other with 1, as do unhandled rejections. SIGTERM and SIGINT close everything; a second
 * one ends the process at once.
 */
export async function runService<S extends z.ZodObject>(
  name: string,
  configSchema: S,
  start: (context: ServiceContext<z.output<S>>) => Promise<void>,
): Promise<void> {
  const own = readConfig(name, configSchema)
  const logger = createLogger(name, { level: own.runtime.logLevel })
  const service = new Service(name, logger, own.runtime)
  service.catchEverything()
  await service.run((context) => start({ ...context, config: own.config }))
}

function readConfig<S extends z.ZodObject>(name: string, schema: S) {
  try {
    const both = parseEnv(schema.extend(runtimeConfig.shape), process.env) as z.output<S> & RuntimeConfig
    return { config: both as z.output<S>, runtime: both as RuntimeConfig }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    createLogger(name, { level: 'info' }).fatal(
      { problems: error.problems },
      'the configuration cannot be used',
    )
    return process.exit(exitCodes.configuration)
  }
}

class Service {
  readonly #name: string
  readonly #logger: Logger
  readonly #config: RuntimeConfig
  readonly #closers = new Closers()
  readonly #health = new HealthRegistry()
  readonly #stop = new AbortController()
  #admin: AdminServer | undefined
  #ending = false

  constructor(name: string, logger: Logger, config: RuntimeConfig) {
    this.#name = name
    this.#logger = logger
    this.#config = config
  }

  catchEverything(): void {
    const fatal = (what: string) => (error: unknown) => {
      this.#logger.fatal({ error }, what)
      process.exit(exitCodes.failed)
    }
    process.on('unhandledRejection', fatal('an error that nobody handled'))
    process.on('uncaughtException', fatal('an error that nobody caught'))
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (this.#ending) process.exit(exitCodes.failed)
        this.#logger.info({ signal }, 'stopping')
        void this.#end(exitCodes.ok)
      })
    }
  }

  async run(start: (context: Omit<ServiceContext<never>, 'config'>) => Promise<void>): Promise<void> {
    const startedAt = performance.now()
    try {
      const { adminHost, adminPort } = this.#config
      this.#admin = await startAdminServer(this.#health, { host: adminHost, port: adminPort })
      await this.#startUntilUp(start)
      this.#health.setState('ok')
      const ms = Math.round(performance.now() - startedAt)
      this.#logger.info({ ms, adminPort: this.#admin.port }, 'started')
    } catch (error) {
      if (this.#ending) return
      this.#logger.fatal({ error }, 'the service cannot start')
      await this.#end(errorClass(error) === 'configuration' ? exitCodes.configuration : exitCodes.failed)
    }
  }

  async #startUntilUp(
    start: (context: Omit<ServiceContext<never>, 'config'>) => Promise<void>,
  ): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await start({
          logger: this.#logger,
          defer: this.#closers.defer,
          signal: this.#stop.signal,
          health: this.#health,
          adminUrl: this.#adminUrl(),
          fail: (error) => this.#fail(error),
        })
        return
      } catch (error) {
        if (this.#ending || errorClass(error) !== 'dependency') throw error
        this.#logger.warn({ error, attempt }, 'a dependency is away, starting again')
        this.#health.setState(`waiting: ${error instanceof SynapError ? error.code : 'unknown'}`)
        await this.#closers.close(this.#logger, stopCapMs)
        this.#health.clear()
        await wait(backoffMs(attempt, { baseMs: 250, capMs: 5_000 }), this.#stop.signal)
      }
    }
  }

  #adminUrl(): string {
    const { adminHost } = this.#config
    return `http://${adminHost.includes(':') ? `[${adminHost}]` : adminHost}:${this.#admin?.port ?? 0}`
  }

  #fail(error: unknown): void {
    if (this.#ending) return
    this.#logger.fatal({ error }, 'a part of the service failed')
    void this.#end(exitCodes.failed)
  }

  async #end(code: number): Promise<void> {
    if (this.#ending) return
    this.#ending = true
    const startedAt = performance.now()
    // Whatever hangs below, the process is gone in time; the timer alone does not keep it alive.
    setTimeout(() => {
      this.#logger.fatal({ seconds: stopCapMs / 1_000 }, 'did not stop in time')
      process.exit(exitCodes.failed)
    }, stopCapMs).unref()
    this.#health.setState('stopping')
    this.#stop.abort(new Error(`${this.#name} is stopping`))
    const inTime = await this.#closers.close(this.#logger, stopCapMs - flushCapMs - 500)
    await shutdownTelemetry(flushCapMs)
    await this.#admin?.close()
    const ms = Math.round(performance.now() - startedAt)
    if (inTime) this.#logger.info({ ms }, 'stopped')
    else this.#logger.error({ ms }, 'stopped without having closed everything')
    process.exit(inTime ? code : exitCodes.failed)
  }
}
