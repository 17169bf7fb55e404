import type { SynapClient } from '@synap/client'
import type { ExportView } from '@synap/contracts'
import { uuidv7, wait } from '@synap/core'
import { CommandError } from '../command-error.ts'

const everyMs = 500
const never = new AbortController().signal

/** The export once its archive can be fetched; `id`: one that was begun before. */
export async function awaitExport(
  client: Pick<SynapClient, 'startExport' | 'exportStatus'>,
  id: string | undefined,
  onProgress: (view: ExportView) => void,
): Promise<ExportView> {
  let view =
    id === undefined ? await client.startExport({ idempotencyKey: uuidv7() }) : await client.exportStatus(id)
  while (view.status === 'running') {
    onProgress(view)
    await wait(everyMs, never)
    view = await client.exportStatus(view.id)
  }
  if (view.status === 'done') return view
  throw new CommandError(`The export ${view.id} failed. ${view.error ?? ''}`.trim())
}
