import type { Client, Pool } from '@synap/postgres'

/** Lets things that happen at once go on one step at a time, in an order that the test chooses. */
export interface Stage {
  /** Called by an actor before each of its steps; it goes on when its turn comes. */
  gate(actor: string): Promise<void>
  /** Starts an actor: it waits before its first step. */
  enter<T>(actor: string, work: () => Promise<T>): Promise<T>
  /** Lets an actor do one step: to its next gate or its end. Nothing happens when it has ended. */
  step(actor: string): Promise<void>
}

interface Actor {
  /** Opens the gate it stands at. */
  open: (() => void) | undefined
  /** Resolves when it stands at a gate, or has ended. */
  halted: PromiseWithResolvers<void>
  ended: boolean
}

export function createStage(): Stage {
  const actors = new Map<string, Actor>()
  const actorOf = (name: string): Actor => {
    const actor = actors.get(name) ?? { open: undefined, halted: Promise.withResolvers<void>(), ended: false }
    actors.set(name, actor)
    return actor
  }
  const gate = (name: string) =>
    new Promise<void>((resolve) => {
      const actor = actorOf(name)
      actor.open = resolve
      actor.halted.resolve()
    })
  return {
    gate,
    enter: async (name, work) => {
      const actor = actorOf(name)
      await gate(name)
      try {
        return await work()
      } finally {
        actor.ended = true
        actor.halted.resolve()
      }
    },
    step: async (name) => {
      const actor = actorOf(name)
      await actor.halted.promise
      if (actor.ended) return
      const { open } = actor
      actor.halted = Promise.withResolvers<void>()
      actor.open = undefined
      open?.()
      await actor.halted.promise
    },
  }
}

/** Every order of `a` steps of one actor and `b` of another. */
export function ordersOf(a: [string, number], b: [string, number]): string[][] {
  if (a[1] === 0 && b[1] === 0) return [[]]
  const beginWith = (actor: [string, number], rest: string[][]) => rest.map((order) => [actor[0], ...order])
  return [
    ...(a[1] > 0 ? beginWith(a, ordersOf([a[0], a[1] - 1], b)) : []),
    ...(b[1] > 0 ? beginWith(b, ordersOf(a, [b[0], b[1] - 1])) : []),
  ]
}

/** A pool whose statements that contain `text` wait for `before` first. */
export function gatedPool(pool: Pool, text: string, before: () => Promise<void>): Pool {
  const gated = (client: Client): Client =>
    new Proxy(client, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown
        if (typeof value !== 'function') return value
        if (name !== 'query') return value.bind(target) as unknown
        return async (statement: string | { text: string }) => {
          if ((typeof statement === 'string' ? statement : statement.text).includes(text)) await before()
          return target.query(statement as string)
        }
      },
    })
  return new Proxy(pool, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown
      if (name === 'connect') return async () => gated(await target.connect())
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
