export { type Scope, scopes } from '@synap/contracts'
export { generateApiKey, hashApiKey, isHashOf, parseApiKey, parseBearer } from './api-key.ts'
export { actingFor, type Credential, hasScope, isExpired } from './credential.ts'
export { createIntrospector, type Introspector, type IntrospectorOptions } from './introspector.ts'
