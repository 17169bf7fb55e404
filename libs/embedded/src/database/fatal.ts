const errorResponse = 0x45
/** Severity, as the field that is never translated. The localized one stands before it. */
const severities = ['\0VFATAL\0', '\0VPANIC\0']

/** True for an ErrorResponse after which the session is over (PostgreSQL manual, "Message Formats" and "Error Fields"). */
export function isFatal(message: Uint8Array): boolean {
  if (message[0] !== errorResponse) return false
  const start = Buffer.from(message.buffer, message.byteOffset, Math.min(message.byteLength, 64))
  return severities.some((severity) => start.includes(severity))
}
