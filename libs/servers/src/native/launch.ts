import type { Sandbox } from './sandbox.ts'

/** How one server is run in the sandbox. */
export interface Launch {
  sandbox: Sandbox
  command: string[]
  /** TCP ports it takes, the one that clients use first. */
  ports: number[]
}
