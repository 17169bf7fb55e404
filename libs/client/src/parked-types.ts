import type {
  ParkedActionResponse,
  ParkedDiscardRequest,
  ParkedEventList,
  ParkedList,
  ParkedRetryRequest,
  ParkingConsumer,
} from '@synap/contracts'
import type { CallOptions } from './transport.ts'

export interface ParkedOptions extends CallOptions {
  consumer?: ParkingConsumer
  /** `closed`: what was applied in the end, or discarded; `open` by default. */
  state?: 'open' | 'closed'
}

export interface ParkedEventsOptions extends CallOptions {
  state?: 'open' | 'closed'
  limit?: number
  cursor?: string
}

/** What consumers could not apply: for operators, with the scope `operate`; rejects like `IngestClient`. */
export interface ParkedClient {
  parked(options?: ParkedOptions): Promise<ParkedList>
  /** What is parked for one cause; empty where nothing is. */
  parkedEvents(group: string, options?: ParkedEventsOptions): Promise<ParkedEventList>
  /** Marks it; the consumer tries it within seconds. */
  retryParked(
    group: string,
    request?: ParkedRetryRequest,
    options?: CallOptions,
  ): Promise<ParkedActionResponse>
  /** Gives it up for good. */
  discardParked(
    group: string,
    request: ParkedDiscardRequest,
    options?: CallOptions,
  ): Promise<ParkedActionResponse>
}
