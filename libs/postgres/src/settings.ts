/** What is set until the end of a transaction: names and values. */
export type Settings = readonly (readonly [name: string, value: string])[]

/** By the names that it sets: together they are longer than the name of a statement may be. */
const prepared = new Map<string, { name: string; text: string }>()

/** Sets, and answers whether its role is a superuser, or fails for one with `superuserRefused`; the values are its parameters. */
export function preparedSettings(
  settings: Settings,
  { refusesSuperuser = false }: { refusesSuperuser?: boolean } = {},
): { name: string; text: string; values: string[] } {
  const names = settings.map(([name]) => name)
  const values = settings.map(([, value]) => value)
  const key = [...names, refusesSuperuser].join()
  const known = prepared.get(key)
  if (known !== undefined) return { ...known, values }
  const parameters = names.map((name, index) => [name, `$${index + 1}::text`] as const)
  const text = selectOf(parameters) + (refusesSuperuser ? `, ${refusal}` : '')
  const made = { name: `synap.settings_${prepared.size + 1}`, text }
  prepared.set(key, made)
  return { ...made, values }
}

/** SQLSTATE of a text that is no number. */
export const superuserRefused = '22P02'

const refusal = `(case when current_setting('is_superuser') = 'off' then '0' else 'the role is a superuser' end)::int as refused`

/** The values are written into it as they are. */
export const selectOf = (settings: Settings) =>
  `select ${settings.map(([name, value]) => `set_config('${name}', ${value}, true)`).join(', ')}, current_setting('is_superuser') as is_superuser`
