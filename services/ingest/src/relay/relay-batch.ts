/** One batch is in flight: large enough to keep a broker busy, small enough to be sent again whole. */
export const relayBatch = { batchRows: 1_000, batchBytes: 512 * 1024 } as const
