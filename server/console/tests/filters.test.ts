import { describe, expect, it } from 'vitest'
import { arrange, NO_FILTERS, readFilters, toApi, writeFilters, type Filters } from '@/lib/filters'

const some: Filters = { state: 'returned', category: 'fire', grid: 'g1', department: 'police', source: 'hotline', matter: 'complaint', overdue: true, sort: 'newest', text: '后山' }

describe('filters', () => {
  it('come back from the address as they were', () => {
    expect(readFilters(writeFilters(some) as Record<string, string>)).toEqual(some)
    expect(writeFilters(NO_FILTERS)).toEqual({})
    expect(readFilters({})).toEqual(NO_FILTERS)
  })

  it('take nothing from an address that the relay would refuse', () => {
    expect(readFilters({ matter: 'x', sort: 'y', overdue: 'yes' })).toMatchObject({ matter: '', sort: 'due', overdue: false })
  })

  it('ask the relay for what it can find, and never for what only the page knows', () => {
    expect(toApi(NO_FILTERS)).toEqual({ limit: 500, state: 'open' })
    expect(toApi({ ...some, state: 'all' })).toEqual({ limit: 500, category: 'fire', grid: 'g1', department: 'police', source: 'hotline', matter: 'complaint', overdue: true })
  })
})

describe('the order of the queue', () => {
  const row = (excerpt: string, due_at: string | null) => ({ excerpt, due_at, reported_at: '2026-03-01T00:00:00Z' })
  const rows = [row('b', null), row('c', '2026-03-02T00:00:00Z'), row('A', '2026-03-01T00:00:00Z'), row('d', null)]

  it('has the first due first and keeps the relay’s order among equals', () => {
    expect(arrange(rows, NO_FILTERS).map(({ excerpt }) => excerpt)).toEqual(['A', 'c', 'b', 'd'])
    expect(arrange(rows, { ...NO_FILTERS, sort: 'newest' })).toEqual(rows)
  })

  it('finds words whatever their case', () => {
    expect(arrange(rows, { ...NO_FILTERS, text: ' a ' }).map(({ excerpt }) => excerpt)).toEqual(['A'])
  })
})
