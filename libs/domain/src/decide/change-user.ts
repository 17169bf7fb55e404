import type { UserId } from '@synap/core'
import type { Fact } from '../event.ts'
import type { UserState } from '../state.ts'
import { type ChangeDecision, change, type DecisionContext } from './decision.ts'
import { userRefusal } from './writable.ts'

export interface ChangeSettings {
  readonly kind: 'changeSettings'
  readonly userId: UserId
  /** IANA name, null for none. Left out: as it is. */
  readonly timeZone?: string | null | undefined
  /** BCP 47 tag, null for none. Left out: as it is. */
  readonly language?: string | null | undefined
}

export interface EraseUser {
  readonly kind: 'eraseUser'
  readonly userId: UserId
}

/** Changes what it names of the user's settings. */
export function decideChangeSettings(
  { userId, ...wanted }: ChangeSettings,
  user: UserState | undefined,
  context: DecisionContext,
): ChangeDecision {
  const refusal = userRefusal(user)
  if (refusal !== undefined) return refusal
  return change({ id: userId, aggregateType: 'user', state: user }, settingsFacts(user, wanted), context)
}

export function settingsFacts(
  user: UserState | undefined,
  wanted: Pick<ChangeSettings, 'timeZone' | 'language'>,
): Fact[] {
  const oldTimeZone = user?.timeZone ?? null
  const oldLanguage = user?.language ?? null
  const { timeZone = oldTimeZone, language = oldLanguage } = wanted
  if (timeZone === oldTimeZone && language === oldLanguage) return []
  return [{ type: 'user.settings_changed', delta: { timeZone, oldTimeZone, language, oldLanguage } }]
}

/** Removes everything of a user. Nothing takes it back, and nothing is written for this user any more. */
export function decideEraseUser(
  { userId }: EraseUser,
  user: UserState | undefined,
  context: DecisionContext,
): ChangeDecision {
  const facts: Fact[] = user?.erased === true ? [] : [{ type: 'user.erased', delta: {} }]
  return change({ id: userId, aggregateType: 'user', state: user }, facts, context)
}
