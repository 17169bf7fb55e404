import { columnNames } from '../writer/rows.ts'
import { type StoredEvent, toRow } from './load-events.ts'

const columns = columnNames.split(', ').length

/** `insert … values (…), (…)`, prepared once per number of rows. */
export function insertValues(events: readonly StoredEvent[]): {
  name: string
  text: string
  values: unknown[]
} {
  const places = events.map((_, row) => {
    const places = Array.from({ length: columns }, (_, column) => `$${row * columns + column + 1}`)
    return `(${places.join(', ')})`
  })
  return {
    name: `values_${events.length}`,
    text: `insert into log.events (${columnNames}) values ${places.join(', ')}`,
    values: events.flatMap((event) => [...toRow(event)]),
  }
}
