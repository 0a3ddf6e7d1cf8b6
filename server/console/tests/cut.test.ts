import { describe, expect, it } from 'vitest'
import { cut, halfOf } from '@/lib/map/cut'
import { areaOf, geometryOf, isInside, isTangled, middleOf, polygonsOf, tidied, type Polygon, type Ring } from '@/lib/map/geometry'
import { joined, overlap_m2 } from '@/lib/map/join'
import type { Spot } from '@/lib/map/shift'
import { snapped } from '@/lib/map/snap'

/** In steps of about a hundred metres near a real township. */
const at = (x: number, y: number): Spot => [115.6 + x / 1000, 22.9 + y / 1000]
const ring = (...spots: [number, number][]): Ring => [...spots, spots[0] as [number, number]].map(([x, y]) => at(x, y))
const square: Polygon[] = [[ring([0, 0], [10, 0], [10, 10], [0, 10])]]
const line = (...spots: [number, number][]): Spot[] => spots.map(([x, y]) => at(x, y))

function halves(polygons: Polygon[], drawn: Spot[]): [Polygon[], Polygon[]] {
  const found = cut(polygons, drawn)
  if ('fault' in found) throw new Error(found.fault)
  return found.halves
}

describe('a cut', () => {
  it('gives two halves that make up the whole', () => {
    const two = halves(square, line([-1, 4], [11, 4]))
    expect((areaOf(two[0]) + areaOf(two[1])) / areaOf(square)).toBeCloseTo(1, 4)
    expect(Math.min(areaOf(two[0]), areaOf(two[1])) / areaOf(square)).toBeCloseTo(0.4, 3)
    expect(halfOf(at(5, 2), two)).not.toBe(halfOf(at(5, 8), two))
    expect(halfOf(at(50, 8), two)).toBeNull()
    expect(two.every(([polygon]) => polygon?.[0] && !isTangled(polygon[0]))).toBe(true)
  })

  it('follows a bent line and shares its corners', () => {
    const two = halves(square, line([5, -1], [5, 5], [11, 5]))
    expect((areaOf(two[0]) + areaOf(two[1])) / areaOf(square)).toBeCloseTo(1, 4)
    const has = (half: Polygon[]): boolean => half[0]?.[0]?.some(([x, y]) => Math.abs(x - at(5, 5)[0]) < 1e-9 && Math.abs(y - at(5, 5)[1]) < 1e-9) ?? false
    expect(two.every(has)).toBe(true)
    expect(Math.min(areaOf(two[0]), areaOf(two[1])) / areaOf(square)).toBeCloseTo(0.25, 3)
  })

  it('is taken from corner to corner and from boundary to boundary', () => {
    for (const drawn of [line([0, 0], [10, 10]), line([0, 3], [10, 7]), line([10, 10], [0, 0])]) {
      const two = halves(square, drawn)
      expect(areaOf(two[0]) / areaOf(two[1])).toBeCloseTo(1, 3)
    }
  })

  it('comes out the same whichever way the ring and the line run', () => {
    const other: Polygon[] = [[[...(square[0]?.[0] ?? [])].reverse()]]
    for (const polygons of [square, other]) {
      for (const drawn of [line([-1, 4], [11, 4]), line([11, 4], [-1, 4]), line([3, 11], [3, -1])]) {
        const two = halves(polygons, drawn)
        expect((areaOf(two[0]) + areaOf(two[1])) / areaOf(square)).toBeCloseTo(1, 4)
      }
    }
  })

  it('leaves holes and other parts with the half they belong to', () => {
    const hole = ring([1, 1], [1, 2], [2, 2], [2, 1])
    const island: Polygon = [ring([12, 8], [14, 8], [14, 9], [12, 9])]
    const two = halves([[square[0]?.[0] as Ring, hole], island], line([-1, 5], [11, 5]))
    const low = two.find((half) => isInside(at(5, 2), half)) ?? []
    expect(isInside(at(1.5, 1.5), low)).toBe(false)
    expect(low).toHaveLength(1)
    expect(two.find((half) => half !== low)).toHaveLength(2)
  })

  it('says why it cuts nothing', () => {
    const holed: Polygon[] = [[square[0]?.[0] as Ring, ring([4, 3], [4, 6], [6, 6], [6, 3])]]
    const bay: Polygon[] = [[ring([0, 0], [10, 0], [10, 10], [6, 10], [6, 3], [4, 3], [4, 10], [0, 10])]]
    for (const [polygons, drawn, fault] of [
      [square, line([20, 0], [30, 0]), 'misses'],
      [square, line([5, 5]), 'misses'],
      [square, line([-1, 5], [5, 5]), 'ends_inside'],
      [square, line([4, 5], [5, 5]), 'ends_inside'],
      [square, line([-1, 5], [11, 5], [11, 8], [-1, 8]), 'crosses_often'],
      [bay, line([-1, 8], [11, 8]), 'crosses_often'],
      [holed, line([-1, 5], [11, 5]), 'crosses_hole'],
      [square, line([-1, 4], [6, 4], [6, 7], [4, 2], [4, -1]), 'tangled'],
      [square, line([-0.01, 0.02], [0.02, -0.01]), 'sliver'],
    ] as const) {
      expect(cut(polygons, drawn), JSON.stringify(drawn)).toEqual({ fault })
    }
  })
})

describe('areas together', () => {
  it('are one again after a cut', () => {
    const whole = joined(halves(square, line([-1, 4], [5, 6], [11, 3])))
    expect(whole).toHaveLength(1)
    expect(whole[0]).toHaveLength(1)
    expect(areaOf(whole) / areaOf(square)).toBeCloseTo(1, 4)
  })

  it('are one though they were drawn a metre apart, or with corners on the other’s side', () => {
    const right: Polygon[] = [[ring([10.008, 0], [20, 0], [20, 10], [10.005, 10], [10.005, 6])]]
    const whole = joined([square, right])
    expect(whole).toHaveLength(1)
    expect(whole[0]).toHaveLength(1)
    expect(areaOf(whole) / areaOf(square)).toBeCloseTo(2, 2)
  })

  it('stay two parts if they do not adjoin', () => {
    expect(joined([square, [[ring([30, 0], [40, 0], [40, 10], [30, 10])]]])).toHaveLength(2)
  })

  it('tell what both cover, and nothing along a common border', () => {
    expect(overlap_m2(square, [[ring([10, 0], [20, 0], [20, 10], [10, 10])]])).toBe(0)
    expect(overlap_m2(square, [[ring([5, 0], [20, 0], [20, 10], [5, 10])]]) / areaOf(square)).toBeCloseTo(0.5, 3)
  })
})

describe('geometry', () => {
  it('writes a name inside, whatever the shape', () => {
    const shoe: Polygon[] = [[ring([0, 0], [10, 0], [10, 1], [1, 1], [1, 9], [10, 9], [10, 10], [0, 10])]]
    for (const polygons of [square, shoe, [...square, [ring([20, 0], [21, 0], [21, 1], [20, 1])]]]) expect(isInside(middleOf(polygons), polygons)).toBe(true)
    const [x, y] = middleOf(square)
    expect(Math.hypot(x - at(5, 5)[0], y - at(5, 5)[1])).toBeLessThan(1e-9)
  })

  it('reads what it writes', () => {
    for (const polygons of [square, [...square, ...square]]) expect(polygonsOf(geometryOf(polygons))).toEqual(polygons)
    expect(polygonsOf({ type: 'Point', coordinates: [1, 2] })).toEqual([])
  })

  it('closes a ring and forgets corners that stand twice', () => {
    expect(tidied(line([0, 0], [0, 0], [1, 0], [1, 1], [0, 0]))).toEqual(ring([0, 0], [1, 0], [1, 1]))
  })

  it('puts a corner on a neighbour’s corner first, then on its side, then nowhere', () => {
    const near = (spot: Spot, wanted: Spot): void => expect(Math.hypot(spot[0] - wanted[0], spot[1] - wanted[1])).toBeLessThan(1e-9)
    near(snapped(at(10.05, 0.05), [square], 12), at(10, 0))
    near(snapped(at(10.05, 5), [square], 12), at(10, 5))
    near(snapped(at(11, 5), [square], 12), at(11, 5))
  })
})
