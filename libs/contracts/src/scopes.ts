/** What a credential may do. `act:any`: act for any user; `trace:continue`: its trace context is continued, not linked. */
export const scopes = ['read', 'write', 'act:any', 'trace:continue', 'operate', 'admin'] as const
export type Scope = (typeof scopes)[number]
