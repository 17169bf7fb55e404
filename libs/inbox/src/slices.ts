import type { InboundMessage } from '@synap/messaging'

/** Records of one transaction at most: enough for COPY to pay off, few enough for its locks and memory. */
const sliceRecords = 2_500

/** A batch in parts that one transaction can hold. */
export function* slicesOf(messages: readonly InboundMessage[]): Generator<readonly InboundMessage[]> {
  for (let at = 0; at < messages.length; at += sliceRecords) yield messages.slice(at, at + sliceRecords)
}
