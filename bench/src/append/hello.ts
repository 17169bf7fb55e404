// A bare fastify that reads the same request and does nothing: the limit of the HTTP stage.
import fastify from 'fastify'
import type { CreateContender } from '../worker/protocol.ts'

export const createContender: CreateContender<object, string> = async () => {
  const app = fastify()
  app.post('/', (_, reply) => reply.code(201).send({ hello: 'world' }))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return async () => url
}
