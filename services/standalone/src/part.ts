import type { Health, ServiceContext } from '@synap/runtime'

/** The context of one service among several in a process: its log lines, checks and closers carry its name. */
export function partOf<C>(context: ServiceContext<unknown>, name: string, config: C): ServiceContext<C> {
  const { health, defer } = context
  const own: Health = {
    ready: (check, ...rest) => health.ready(`${name}.${check}`, ...rest),
    live: (check, ...rest) => health.live(`${name}.${check}`, ...rest),
  }
  return {
    ...context,
    config,
    health: own,
    defer: (part, close) => defer(`${name}.${part}`, close),
    logger: context.logger.child({ part: name }),
  }
}
