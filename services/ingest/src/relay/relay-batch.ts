/**
 * One batch is in flight: large enough to keep a broker busy, small enough to be sent again whole. Marks wait for others,
 * and until those who read what was published have had their turn on the cores.
 */
export const relayBatch = { batchRows: 1_000, batchBytes: 512 * 1024, markAfterMs: 20 } as const
