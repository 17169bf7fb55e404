import type { Health, ServiceContext } from '@synap/runtime'

/** The context of one service among several in a process: its log lines and checks carry its name. */
export function partOf<C>(context: ServiceContext<unknown>, name: string, config: C): ServiceContext<C> {
  const { health } = context
  const own: Health = {
    ready: (check, ...rest) => health.ready(`${name}.${check}`, ...rest),
    live: (check, ...rest) => health.live(`${name}.${check}`, ...rest),
  }
  return { ...context, config, health: own, logger: context.logger.child({ part: name }) }
}
