import { createServer, type Server, type Socket } from 'node:net'
import { array, createReader, int16, int32, int64, readRecordBatch, string, type WireReader } from './wire.ts'

/** What one Produce request was answered with, and what became of its records. */
export interface ProduceFault {
  /** Error code per partition; the records of a failed partition are not appended. */
  errors?: Readonly<Record<number, number>>
  /** Append what can be appended, then: answer (default), never answer, or cut the connection. */
  answer?: 'given' | 'never' | 'cut'
  /** Partitions that are left out of the answer, and not appended. */
  omit?: readonly number[]
}

export interface ProduceRequest {
  node: number
  /** Which connection to the cluster it came over; 1 is the first. */
  connection: number
  acks: number
  producerIds: bigint[]
  values: Readonly<Record<number, string[]>>
}

export interface StubCluster {
  brokers: string[]
  /** Every Produce request, in the order of arrival. */
  requests: ProduceRequest[]
  /** What is stored, by partition. */
  logs: Record<number, string[]>
  /** Node that leads each partition; change it to move a leader. */
  leaders: Record<number, number>
  /** Decides about each Produce request; the default stores all. May wait. */
  onProduce: (request: ProduceRequest, count: number) => ProduceFault | Promise<ProduceFault> | undefined
  close(): Promise<void>
}

export const notLeader = 6

const produce = 0
const metadata = 3
const apiVersions = 18

/**
 * Two brokers that speak just enough of Kafka's protocol for a producer (ApiVersions, Metadata, Produce 3) and can be
 * told to misbehave. A partition is stored only by its leader, whatever the test says.
 */
export async function startStubCluster(topic: string, leaders: Record<number, number>): Promise<StubCluster> {
  const sockets = new Set<Socket>()
  let connections = 0
  const ports: number[] = []
  const cluster: StubCluster = {
    brokers: [],
    requests: [],
    logs: Object.fromEntries(Object.keys(leaders).map((partition) => [partition, []])),
    leaders,
    onProduce: () => undefined,
    async close() {
      for (const socket of sockets) socket.destroy()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }

  const answerMetadata = () =>
    Buffer.concat([
      array(
        ports.map((port, index) =>
          Buffer.concat([int32(index + 1), string('127.0.0.1'), int32(port), int16(-1)]),
        ),
      ),
      int32(1),
      array([
        Buffer.concat([
          int16(0),
          string(topic),
          Buffer.from([0]),
          array(
            Object.entries(cluster.leaders).map(([partition, leader]) =>
              Buffer.concat([
                int16(0),
                int32(Number(partition)),
                int32(leader),
                array([int32(leader)]),
                array([int32(leader)]),
              ]),
            ),
          ),
        ]),
      ]),
    ])

  const handle = async (node: number, connection: number, socket: Socket, frame: Buffer) => {
    const reader = createReader(frame)
    const [key, version, correlation] = [reader.int16(), reader.int16(), reader.int32()]
    reader.string()
    const reply = (body: Buffer) => {
      if (!socket.destroyed) socket.write(Buffer.concat([int32(body.length + 4), int32(correlation), body]))
    }
    if (key === apiVersions) return reply(answerApiVersions(version))
    if (key === metadata) return reply(answerMetadata())
    const request = readProduce(reader, node, connection)
    cluster.requests.push(request)
    const fault = (await cluster.onProduce(request, cluster.requests.length)) ?? {}
    const body = store(cluster, topic, request, fault)
    if (fault.answer === 'cut') socket.destroy()
    else if (fault.answer !== 'never') reply(body)
  }

  const servers: Server[] = []
  for (const node of [1, 2]) {
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
      connections += 1
      const connection = connections
      onFrames(socket, (frame) => void handle(node, connection, socket, frame))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
    const address = server.address()
    if (address === null || typeof address === 'string') throw new TypeError('no port')
    ports.push(address.port)
  }
  cluster.brokers = ports.map((port) => `127.0.0.1:${port}`)
  return cluster
}

function onFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let buffered: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    while (buffered.length >= 4 && buffered.length >= 4 + buffered.readInt32BE()) {
      const end = 4 + buffered.readInt32BE()
      onFrame(buffered.subarray(4, end))
      buffered = buffered.subarray(end)
    }
  })
}

function answerApiVersions(version: number): Buffer {
  const supported = [
    [produce, 3, 3],
    [metadata, 1, 1],
    [apiVersions, 0, 2],
  ] as const
  const rows = supported.map((row) => Buffer.concat(row.map(int16)))
  return Buffer.concat([int16(0), array(rows), ...(version > 0 ? [int32(0)] : [])])
}

function readProduce(reader: WireReader, node: number, connection: number): ProduceRequest {
  reader.string()
  const acks = reader.int16()
  reader.int32()
  const values: Record<number, string[]> = {}
  const producerIds: bigint[] = []
  reader.array(() => {
    reader.string()
    reader.array(() => {
      const partition = reader.int32()
      const batch = readRecordBatch(reader.bytes())
      values[partition] = batch.values
      producerIds.push(batch.producerId)
    })
  })
  return { node, connection, acks, producerIds, values }
}

/** Appends what may be appended and gives back the answer. */
function store(cluster: StubCluster, topic: string, request: ProduceRequest, fault: ProduceFault): Buffer {
  const rows: Buffer[] = []
  for (const [key, values] of Object.entries(request.values)) {
    const partition = Number(key)
    if (fault.omit?.includes(partition)) continue
    const code = fault.errors?.[partition] ?? (cluster.leaders[partition] === request.node ? 0 : notLeader)
    if (code === 0) cluster.logs[partition]?.push(...values)
    rows.push(Buffer.concat([int32(partition), int16(code), int64(0n), int64(-1n)]))
  }
  return Buffer.concat([array([Buffer.concat([string(topic), array(rows)])]), int32(0)])
}
