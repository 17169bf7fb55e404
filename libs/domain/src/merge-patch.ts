import type { Json, JsonObject } from '@synap/contracts'

/** JSON merge patch (RFC 7396): null removes, objects merge, everything else replaces. */
export function applyMergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...target }
  for (const [key, change] of Object.entries(patch)) {
    if (key === '__proto__') continue
    if (change === null) delete result[key]
    else if (isObject(change)) result[key] = applyMergePatch(objectOr(own(result, key)), change)
    else result[key] = change
  }
  return result
}

/** The patch that leads from `applyMergePatch(target, patch)` back to `target`. */
export function inverseMergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const inverse: Record<string, Json> = {}
  for (const [key, change] of Object.entries(patch)) {
    if (key === '__proto__') continue
    const before = own(target, key)
    if (before === undefined) inverse[key] = null
    else if (isObject(change) && isObject(before)) inverse[key] = inverseMergePatch(before, change)
    else inverse[key] = before
  }
  return inverse
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function objectOr(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}

/** True when both say the same, whatever the order of their keys. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameJson(item, b[index]))
  }
  if (!isObject(a) || !isObject(b)) return a === b
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => sameJson(own(a, key), own(b, key)))
}
