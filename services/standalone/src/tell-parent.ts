/** What the process that started this one is told when everything works. */
export interface ReadyMessage {
  url: string
  apiKey: string
  /** Where /readyz is. */
  adminUrl: string
  dataDir: string
}

/** Ends this process, as if it had been asked to, when the parent that listens to it goes away, however that happens. */
export function endWithParent(): void {
  if (process.send === undefined) return
  const end = () => process.kill(process.pid, 'SIGTERM')
  if (process.connected) process.once('disconnect', end)
  else end()
}

/** Tells the parent, if there is one that listens. */
export function tellParent(message: ReadyMessage): void {
  // A parent that has just gone is no error: its going ends this process.
  process.send?.(message, undefined, undefined, () => undefined)
}
