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

/** What the relay is asked for. */
export function toApi(filters: Filters): Record<string, string | number | boolean> {
  const asked: Record<string, string | number | boolean> = { limit: 500 }
  if (filters.state && filters.state !== 'all') asked.state = filters.state
  for (const key of ['category', 'grid', 'department', 'source', 'matter'] as const) {
    if (filters[key]) asked[key] = filters[key]
  }
  if (filters.overdue) asked.overdue = true
  return asked
}

interface Sortable {
  due_at: string | number | null
  excerpt: string
  reported_at: string | number
}

/** In the order of the queue; the relay gives the newest first. */
export function arrange<T extends Sortable>(rows: T[], filters: Filters): T[] {
  const wanted = filters.text.trim().toLowerCase()
  const found = wanted ? rows.filter((row) => row.excerpt.toLowerCase().includes(wanted)) : rows
  if (filters.sort === 'newest') return found
  const due = (row: T): number => (row.due_at === null ? Number.POSITIVE_INFINITY : new Date(row.due_at).getTime())
  // Equal ones keep the relay's order.
  return [...found].sort((a, b) => {
    const [left, right] = [due(a), due(b)]
    return left === right ? 0 : left - right
  })
}
