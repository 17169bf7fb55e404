export {
  type Authenticate,
  findPrincipal,
  open,
  principalOf,
  type RequestCredential,
  type RequestPrincipal,
  requires,
} from './access.ts'
export { type App, type AppOptions, buildApp } from './app.ts'
export { etagOf, expectedVersion, notModified } from './etag.ts'
export { mayTake, takesFileForm } from './file-form.ts'
export { parseJsonBody, refuseHostileText } from './json-body.ts'
export type { Limits } from './limits.ts'
export { listenOn } from './listen-on.ts'
export { streamsAnswer } from './long-answer.ts'
export type { ApiInfo } from './openapi.ts'
export { type FieldError, ProblemError, type ProblemOptions, problem } from './problem.ts'
export { correlationIdOf, inRequestTrace } from './request-trace.ts'
export { type Route, routesOf } from './route-table.ts'
export { takesTimeZone } from './takes-time-zone.ts'
export { zodFieldErrors } from './to-problem.ts'
