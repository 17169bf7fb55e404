/** As much of an OpenAPI document as is looked at here. */
interface Document {
  paths?: object
  components?: { schemas?: Record<string, unknown> }
}

const reference = /"#\/components\/schemas\/([A-Za-z0-9_.-]+)"/g

/** Leaves a document only the schemas that its calls lead to: all services have the same contracts, and few use all. */
export function keepUsedSchemas<D extends Document>(document: D): D {
  const schemas = document.components?.schemas ?? {}
  const used = new Set<string>()
  const visit = (part: unknown) => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(reference)) {
      if (used.has(name) || schemas[name] === undefined) continue
      used.add(name)
      visit(schemas[name])
    }
  }
  visit(document.paths ?? {})
  const kept = [...used].sort().map((name) => [name, schemas[name]])
  return { ...document, components: { ...document.components, schemas: Object.fromEntries(kept) } }
}
