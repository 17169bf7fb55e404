import { type EntityType, type EntityView, kindAppliesTo, kindNames } from '@synap/contracts'

/**
 * What an entity shows of its particulars: what its type has of its own, and each trait under its name. What it was as
 * another type does not show, and a task's show in a place of their own.
 */
export function shownParticulars(
  type: EntityType,
  particulars: Readonly<Record<string, unknown>>,
): Pick<EntityView, 'particulars'> {
  const own = type === 'task' ? undefined : particulars[type]
  const traits = kindNames.filter(
    (name) => name !== type && particulars[name] !== undefined && kindAppliesTo(name, type),
  )
  if (own === undefined && traits.length === 0) return {}
  const shown: object = { ...(own as object | undefined), ...pick(particulars, traits) }
  return { particulars: shown as NonNullable<EntityView['particulars']> }
}

function pick(particulars: Readonly<Record<string, unknown>>, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, particulars[name]]))
}
