/** The entities that a filter keeps, by conditions of `conditionsOf`. */
export const allowedEntities = (schema: string, conditions: readonly string[]) => `
  select e.entity_id from ${schema}.entities as e left join ${schema}.task_details as t using (entity_id)
  where e.deleted_at is null and ${conditions.join(' and ')}`
