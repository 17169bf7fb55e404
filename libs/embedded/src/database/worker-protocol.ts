/** What the worker thread is started with. */
export interface WorkerInput {
  /** The folder of PGlite's own files. */
  dataDir: string
  /** Where it serves the database; its folder is made, for the owner only. */
  socketPath: string
}

/** Any message to the worker asks it to close. */
export type FromWorker = 'ready' | 'closed'

/** As whom every connection runs until a transaction takes a role. */
export const loginUser = 'synap'

/** What the owners of schemas require; the worker loads their code by import. */
export const extensionNames = ['vector', 'btree_gin'] as const
