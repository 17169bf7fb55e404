import { parentPort } from 'node:worker_threads'
import { chunkText } from './chunk.ts'
import { readDocument } from './document.ts'
import type { ExtractAnswer, ExtractRequest } from './extractor.ts'

/** The thread in which documents are read: its memory is limited, and it can be ended while it is at work. */
parentPort?.on('message', ({ bytes, fileType }: ExtractRequest) => {
  void readDocument(bytes, fileType).then((result) => {
    const answer: ExtractAnswer = result.analysable
      ? { ...result, chunking: chunkText(result.extraction.text, result.extraction.blocks) }
      : result
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    parentPort?.postMessage(answer)
  })
})
