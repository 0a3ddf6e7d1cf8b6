/** Areas put together, and what they share. Boundaries that were drawn apart by a hand's breadth count as one. */
import { intersection, union, type Geom } from 'polyclip-ts'
import { areaOf, metres, nearestOn, sides, tidied, type Polygon, type Ring } from './geometry'
import type { Spot } from './shift'

/** Corners that are no further apart are one. */
export const SAME_M = 2
/** Left over by rounding. */
const SLIVER_M2 = 25

/** `ring` with a corner wherever one of `others` lies on its boundary, and its own corners moved onto theirs. */
function fitted(ring: Ring, others: Spot[]): Ring {
  const moved = ring.map((spot) => others.find((other) => metres(spot, other) <= SAME_M) ?? spot)
  const path: Ring = []
  for (const [a, b] of sides(moved)) {
    path.push(a)
    const on = others
      .filter((other) => metres(other, a) > SAME_M && metres(other, b) > SAME_M)
      .map((other) => ({ other, ...nearestOn(other, [a, b]) }))
      .filter(({ other, spot }) => metres(other, spot) <= SAME_M)
    on.sort((one, two) => one.along - two.along)
    path.push(...on.map(({ other }) => other))
  }
  return tidied([...path, moved[0] as Spot])
}

const corners = (polygons: Polygon[]): Spot[] => polygons.flatMap((polygon) => polygon.flatMap((ring) => ring.slice(0, -1)))

function fittedTo(polygons: Polygon[], others: Polygon[]): Polygon[] {
  const near = corners(others)
  return polygons.map((polygon) => polygon.map((ring) => fitted(ring, near)))
}

function cleaned(found: Geom): Polygon[] {
  const polygons = (found as Polygon[]).map((polygon) => polygon.map(tidied).filter((ring) => ring.length >= 4))
  return polygons
    .map(([outer, ...holes]) => (outer ? [outer, ...holes.filter((hole) => areaOf([[hole]]) > SLIVER_M2)] : []))
    .filter((polygon) => polygon.length > 0 && areaOf([polygon]) > SLIVER_M2)
}

/** One area of several; more than one part if they do not adjoin. */
export function joined(areas: Polygon[][]): Polygon[] {
  let whole: Polygon[] = []
  for (const area of areas) {
    if (whole.length === 0) {
      whole = area
      continue
    }
    const one = fittedTo(whole, area)
    const other = fittedTo(area, one)
    whole = cleaned(union(one as Geom, other as Geom))
  }
  return whole
}

/** What two areas both cover, in square metres; what hands and rounding leave along a border does not count. */
export function overlap_m2(one: Polygon[], other: Polygon[]): number {
  const fit = fittedTo(other, one)
  return areaOf(cleaned(intersection(one as Geom, fit as Geom)))
}
