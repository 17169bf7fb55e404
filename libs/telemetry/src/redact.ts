/** Longer strings are cut: a log line is for a fact, not for a document. */
const maxLength = 4_096

const secrets: readonly [pattern: RegExp, replacement: string][] = [
  [/\bsyn_[A-Za-z0-9_-]{20,}/g, 'syn_[redacted]'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [redacted]'],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):[^\s/?#]*@/gi, '$1:[redacted]@'],
  [/\b(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"]+/gi, '$1[redacted]'],
  [/\bsk-[A-Za-z0-9_-]{16,}/g, 'sk-[redacted]'],
]
// C0 and C1 control characters but tab and line feed: a terminal would obey them.
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
const secretName = /(authorization|cookie|password|secret|token|api_?key|access_?key|credential)$/i
const maxDepth = 6

/** A string that may be logged: no key, password or signature, no control characters, not endless. */
export function redactText(text: string): string {
  let clean = text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text
  for (const [pattern, replacement] of secrets) clean = clean.replace(pattern, replacement)
  return clean.replace(control, '\u{fffd}')
}

/** The same for whatever is in the fields of a log line; values of fields named like a secret are replaced whole. */
export function redactFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  const clean: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    clean[name] = secretName.test(name) && typeof value === 'string' ? '[redacted]' : redact(value, depth)
  }
  return clean
}

function redact(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (value instanceof Uint8Array) return `[${value.length} bytes]`
  if (depth >= maxDepth) return '[deep]'
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redact(item, depth + 1))
  return redactFields(value as Record<string, unknown>, depth + 1)
}
