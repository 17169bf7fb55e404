import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Answer } from './protocol.ts'

export interface Worker<Job, Value> extends AsyncDisposable {
  pid: number
  /** Rejects with what the contender said, when it failed or ended. */
  run(job: Job): Promise<{ value: Value; cpuSeconds: number }>
}

/** Starts a process for one contender; `module` is the URL of the file that exports `createContender`. Jobs are plain JSON. */
export async function startWorker<Job, Value>(module: string): Promise<Worker<Job, Value>> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), [module], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`${module} ended (${String(code ?? signal)})`)))
  })
  ended.catch(() => undefined)
  const next = async (): Promise<unknown> => {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
    return message
  }
  await next()
  return {
    pid: child.pid ?? 0,
    async run(job) {
      const answered = next()
      child.send(job as object)
      const answer = (await answered) as Answer<Value>
      if (!answer.ok) throw new Error(`${module}: ${answer.reason}`)
      return answer
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
