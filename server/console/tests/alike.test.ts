import { expect, it } from 'vitest'
import { alike, metres } from '@/lib/alike'

const row = (document: string, changed: object = {}) => ({ document, category: 'fire', grid: 'g1', position: { latitude: 23, longitude: 115 }, reported_at: '2026-03-01T00:00:00Z', state: 'reported', ...changed })

it('measures on the ground', () => {
  expect(metres({ latitude: 23, longitude: 115 }, { latitude: 23.001, longitude: 115 })).toBeCloseTo(111.2, 0)
})

it('finds reports of one thing: near in place and time, and of one category', () => {
  const first = row('a')
  const rows = [
    first,
    row('near', { position: { latitude: 23.002, longitude: 115 } }),
    row('far', { position: { latitude: 23.01, longitude: 115 } }),
    row('later', { reported_at: '2026-03-04T00:00:00Z' }),
    row('other', { category: 'order' }),
    row('merged', { state: 'duplicate' }),
    row('no place', { position: null }),
    row('elsewhere', { position: null, grid: 'g2' }),
  ]
  expect(alike(rows, first).map(({ document }) => document)).toEqual(['near', 'no place'])
})
