import { isUtf8 } from 'node:buffer'
import type { FieldError } from './problem.ts'
import { problem } from './problem.ts'

/** Nesting beyond this is refused: no shape of ours is half as deep. */
export const maxJsonDepth = 32
/** Values in one body: a validator that reports on a million array items keeps everybody else waiting. */
export const maxJsonValues = 100_000

/**
 * A JSON body as a value, or a problem: bytes that are not UTF-8, text that is not JSON, nesting too deep, NUL
 * characters and lone surrogates (no store of ours can hold them), and the key `__proto__`.
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) throw problem('malformed', { detail: 'The body is empty.' })
  if (!isUtf8(bytes)) throw problem('malformed', { detail: 'The body is not UTF-8.' })
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw problem('malformed', { detail: 'The body is not JSON.' })
  }
  refuseHostileText(value, 'body')
  return value
}

/** Throws the problem `malformed`, with the place, when a value holds text that must not come in. */
export function refuseHostileText(value: unknown, path: string): void {
  const found = findHostile(value, path)
  if (found !== undefined) throw problem('malformed', { errors: [found] })
}

/** Walks without recursion, so that depth is a finding and not a stack overflow. */
function findHostile(root: unknown, rootPath: string): FieldError | undefined {
  let seen = 0
  const stack: { value: unknown; path: string; depth: number }[] = [{ value: root, path: rootPath, depth: 0 }]
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    const { value, path, depth } = item
    seen += 1
    if (seen > maxJsonValues)
      return { path: rootPath, message: `must not hold more than ${maxJsonValues} values` }
    if (typeof value === 'string') {
      const message = hostile(value)
      if (message !== undefined) return { path, message }
    }
    if (typeof value !== 'object' || value === null) continue
    if (depth >= maxJsonDepth)
      return { path, message: `must not be nested deeper than ${maxJsonDepth} levels` }
    if (Array.isArray(value) && value.length > maxJsonValues) {
      return { path, message: `must not hold more than ${maxJsonValues} values` }
    }
    for (const [key, child] of Object.entries(value)) {
      if (key === '__proto__' || hostile(key) !== undefined) {
        return { path, message: 'has a field whose name is not allowed' }
      }
      stack.push({ value: child, path: `${path}.${key}`, depth: depth + 1 })
    }
  }
  return undefined
}

function hostile(text: string): string | undefined {
  if (text.includes('\0')) return 'must not hold NUL characters'
  if (!text.isWellFormed()) return 'must not hold lone surrogates'
  return undefined
}
