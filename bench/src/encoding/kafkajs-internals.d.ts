/** The parts of kafkajs that our own record format is compared with. */

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  function encodeRecord(record: object): { buffer: Buffer }
  export = encodeRecord
}
