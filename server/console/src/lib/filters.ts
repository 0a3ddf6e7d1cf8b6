/** The queue's filters, as they stand in the address: so a colleague can be sent the same list. */
import type { LocationQuery, LocationQueryRaw } from 'vue-router'

export interface Filters {
  state: string
  category: string
  grid: string
  department: string
  source: string
  matter: '' | 'complaint' | 'suggestion'
  overdue: boolean
  sort: 'due' | 'newest'
  text: string
}

export const NO_FILTERS: Filters = {
  state: 'open',
  category: '',
  grid: '',
  department: '',
  source: '',
  matter: '',
  overdue: false,
  sort: 'due',
  text: '',
}

function one(query: LocationQuery, key: string): string | undefined {
  const value = query[key]
  const first = Array.isArray(value) ? value[0] : value
  return first ?? undefined
}

export function readFilters(query: LocationQuery): Filters {
  const matter = one(query, 'matter')
  return {
    state: one(query, 'state') ?? NO_FILTERS.state,
    category: one(query, 'category') ?? '',
    grid: one(query, 'grid') ?? '',
    department: one(query, 'department') ?? '',
    source: one(query, 'source') ?? '',
    matter: matter === 'complaint' || matter === 'suggestion' ? matter : '',
    overdue: one(query, 'overdue') === '1',
    sort: one(query, 'sort') === 'newest' ? 'newest' : 'due',
    text: one(query, 'text') ?? '',
  }
}

/** Only what differs from an untouched queue. */
export function writeFilters(filters: Filters): LocationQueryRaw {
  const query: LocationQueryRaw = {}
  for (const key of ['state', 'category', 'grid', 'department', 'source', 'matter', 'sort', 'text'] as const) {
    if (filters[key] !== NO_FILTERS[key]) query[key] = filters[key]
  }
  if (filters.overdue) query.overdue = '1'
  return query
}

/** Most incidents that the relay gives at once. */
export const LIMIT = 500

/** What the relay is asked for: it searches and puts in order, for it knows all of them. */
export function toApi(filters: Filters): Record<string, string | number | boolean> {
  const asked: Record<string, string | number | boolean> = { limit: LIMIT, order: filters.sort }
  if (filters.state && filters.state !== 'all') asked.state = filters.state
  for (const key of ['category', 'grid', 'department', 'source', 'matter'] as const) {
    if (filters[key]) asked[key] = filters[key]
  }
  if (filters.overdue) asked.overdue = true
  if (filters.text.trim()) asked.text = filters.text.trim()
  return asked
}
