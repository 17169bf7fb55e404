/** What a worker's module exports as `createContender`: made once, then called with one job after the other. */
export type CreateContender<Job, Value> = () =>
  | ((job: Job) => Promise<Value>)
  | Promise<(job: Job) => Promise<Value>>

export type Answer<Value> =
  | { ok: true; value: Value /** User and system time of the process during the job. */; cpuSeconds: number }
  | { ok: false; reason: string }
