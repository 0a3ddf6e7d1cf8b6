import { describe, expect, it } from 'vitest'
import { NO_FILTERS, readFilters, toApi, writeFilters, type Filters } from '@/lib/filters'

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

  it('ask the relay for what is wanted and for its order, and for no more', () => {
    expect(toApi(NO_FILTERS)).toEqual({ limit: 500, state: 'open', order: 'due' })
    expect(toApi({ ...some, state: 'all' })).toEqual({ limit: 500, category: 'fire', grid: 'g1', department: 'police', source: 'hotline', matter: 'complaint', overdue: true, order: 'newest', text: '后山' })
    expect(toApi({ ...NO_FILTERS, text: '  ' })).not.toHaveProperty('text')
  })
})
