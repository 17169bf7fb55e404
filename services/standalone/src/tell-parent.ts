/** What the process that started this one is told when everything works. */
export interface ReadyMessage {
  url: string
  apiKey: string
  dataDir: string
}

/** Tells the parent, if there is one that listens; when it goes away, so do we, as if it had asked us to. */
export function tellParent(message: ReadyMessage): void {
  if (process.send === undefined) return
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.send(message)
}
