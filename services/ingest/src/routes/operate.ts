import {
  outboxStatus,
  reconcileRequest,
  reconcileStatus,
  republishRequest,
  republishResponse,
  retryRequest,
  retryResponse,
  sweepPreview,
} from '@synap/contracts'
import { type App, mayTake, requires } from '@synap/http'
import type { Operator } from '../operator.ts'

/** `/internal/outbox` and `/internal/write`: for operators, whose keys have the scope `operate`. */
export function registerOperateRoutes(app: App, operator: Operator): void {
  const config = requires('operate')
  const hide = true
  app.get('/internal/outbox', { schema: { hide, response: { 200: outboxStatus } }, config }, () =>
    operator.outbox(),
  )
  app.post(
    '/internal/outbox/republish',
    { schema: { hide, body: republishRequest, response: { 200: republishResponse } }, config },
    (request) => operator.republish(request.body, request.signal),
  )
  app.post(
    '/internal/outbox/retry',
    { schema: { hide, body: retryRequest, response: { 200: retryResponse } }, config },
    (request) => operator.retry(request.body.user),
  )
  app.post(
    '/internal/write/reconcile',
    { schema: { hide, body: reconcileRequest, response: { 202: reconcileStatus } }, config },
    async (request, reply) => {
      reply.code(202)
      return operator.beginReconcile(request.body.force === true)
    },
  )
  app.get('/internal/write/reconcile', { schema: { hide, response: { 200: reconcileStatus } }, config }, () =>
    operator.reconcileStatus(),
  )
  app.get(
    '/internal/sweep',
    { schema: { hide, response: { 200: sweepPreview } }, config: { ...config, ...mayTake(previewMs) } },
    (request) => operator.previewSweep(request.signal),
  )
}

/** For a look at every object of a large store. */
const previewMs = 600_000
