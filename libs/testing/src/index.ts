export { type EventuallyOptions, eventually } from './eventually.ts'
export { createServerSet, type ServerSet, type ServerSetOptions } from './server-set.ts'
export { createTestDatabase, type Stack, type TestDatabase, useStack } from './stack.ts'
