export { type Answers, countAnswers } from './count-answers.ts'
export { type EventuallyOptions, eventually } from './eventually.ts'
export { type Need, needs } from './needs.ts'
export {
  type PrivateBroker,
  type PrivateServers,
  startPrivateBroker,
  startPrivateServers,
} from './private-servers.ts'
export { programEnvironment, runProgram } from './run-program.ts'
export { createTestDatabase, type Stack, type TestDatabase, useStack } from './stack.ts'
export {
  type ServiceExit,
  type StartServiceOptions,
  startService,
  type TestService,
} from './start-service.ts'
export { createTcpProxy, type ProxyMode, type TcpProxy } from './tcp-proxy.ts'
