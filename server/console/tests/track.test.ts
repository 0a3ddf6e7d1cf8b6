import { describe, expect, it } from 'vitest'
import type { TrackShown } from '@/api/types'
import { coverage, drawing, outlines, stretches } from '@/lib/track'

const track = {
  type: 'FeatureCollection',
  features: [
    { type: 'Feature', properties: { is_coarse: false, times: ['2026-03-01T00:00:00Z', '2026-03-01T00:10:00Z'] }, geometry: { type: 'LineString', coordinates: [[115.6, 22.9], [115.61, 22.9]] } },
    { type: 'Feature', properties: { is_coarse: true, times: ['2026-03-01T01:00:00Z'] }, geometry: { type: 'Point', coordinates: [115.61, 22.91] } },
  ],
} as unknown as TrackShown

describe('a track', () => {
  it('is as many lines as it has stretches: nothing is drawn between them', () => {
    const [first, second] = stretches(track)
    expect(first).toMatchObject({ points: [[115.6, 22.9], [115.61, 22.9]], isCoarse: false })
    expect(second).toMatchObject({ points: [[115.61, 22.91]], isCoarse: true })
    expect((first?.to ?? 0) - (first?.from ?? 0)).toBe(600_000)
  })

  it('is drawn with the north up and metres of one length', () => {
    const draw = drawing([[115.6, 22.9], [115.61, 22.91]], 600, 600)
    const [west, , north, east] = [draw.at(115.6, 22.9), draw.at(115.6, 22.9), draw.at(115.6, 22.91), draw.at(115.61, 22.9)]
    expect(north[1]).toBeLessThan(west[1])
    const perDegree = { x: (east[0] - west[0]) / 0.01, y: (west[1] - north[1]) / 0.01 }
    expect(perDegree.x / perDegree.y).toBeCloseTo(Math.cos((22.905 * Math.PI) / 180), 3)
    expect(draw.height).toBeLessThanOrEqual(601)
    expect(draw.bar).toBeLessThanOrEqual(150)
  })

  it('does not fall apart over somebody who stood still', () => {
    const draw = drawing([[115.6, 22.9]], 600, 400)
    expect(draw.at(115.6, 22.9).every(Number.isFinite)).toBe(true)
    expect(outlines(null, 'g1')).toEqual([])
  })
})

it('the coverage puts first what nobody walked', () => {
  const walk = (grid: string, started_at: string) => ({ grid, started_at, state: 'finished', tracked_s: 1800, distance_m: 1500, visited: 2, left: 1, gaps: 1 })
  const found = coverage(['g1', 'g2', 'g3'], [walk('g1', '2026-03-02T00:00:00Z'), walk('g1', '2026-03-01T00:00:00Z'), walk('g3', '2026-03-01T12:00:00Z')])
  expect(found.map(({ grid, patrols }) => [grid, patrols])).toEqual([['g2', 0], ['g3', 1], ['g1', 2]])
  expect(found[2]).toMatchObject({ last_at: '2026-03-02T00:00:00Z', hours: 1, kilometres: 3, visited: 4, left: 2, gaps: 2 })
})
