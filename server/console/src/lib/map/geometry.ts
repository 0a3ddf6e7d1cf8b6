/** Plane geometry of areas in degrees: a township is small enough for it. Places are `[longitude, latitude]`. */
import type { Spot } from './shift'

export type Ring = Spot[]
/** The boundary, then its holes; every ring ends where it began. */
export type Polygon = Ring[]
export type Bounds = [west: number, south: number, east: number, north: number]

const METRES_PER_DEGREE = 111_320

export interface AreaGeometry {
  type: 'Polygon' | 'MultiPolygon'
  coordinates: unknown
}

export function polygonsOf(geometry: object): Polygon[] {
  const { type, coordinates } = geometry as AreaGeometry
  if (type === 'Polygon') return [coordinates as Polygon]
  return type === 'MultiPolygon' ? (coordinates as Polygon[]) : []
}

export function geometryOf(polygons: Polygon[]): AreaGeometry {
  const [only] = polygons
  return polygons.length === 1 && only ? { type: 'Polygon', coordinates: only } : { type: 'MultiPolygon', coordinates: polygons }
}

/** Both ends of every side of a ring. */
export function* sides(ring: Ring): Generator<[Spot, Spot]> {
  for (let at = 0; at + 1 < ring.length; at += 1) yield [ring[at] as Spot, ring[at + 1] as Spot]
}

export function isInRing([x, y]: Spot, ring: Ring): boolean {
  let isInside = false
  for (const [[ax, ay], [bx, by]] of sides(ring)) {
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isInside = !isInside
  }
  return isInside
}

/** Inside of the boundary and of no hole. */
export function isInside(spot: Spot, polygons: Polygon[]): boolean {
  return polygons.some(([outer, ...holes]) => outer !== undefined && isInRing(spot, outer) && !holes.some((hole) => isInRing(spot, hole)))
}

/** In square degrees; positive if the ring turns left. */
export function turned(ring: Ring): number {
  // Counted from the first corner: products of whole degrees would swallow the last digits.
  const [ox, oy] = ring[0] ?? [0, 0]
  let sum = 0
  for (const [[ax, ay], [bx, by]] of sides(ring)) sum += (ax - ox) * (by - oy) - (bx - ox) * (ay - oy)
  return sum / 2
}

/** Square metres, good enough to compare areas of one township. */
export function areaOf(polygons: Polygon[]): number {
  let sum = 0
  for (const polygon of polygons) {
    for (const [index, ring] of polygon.entries()) {
      const [, south, , north] = boundsOf(ring) ?? [0, 0, 0, 0]
      const size = Math.abs(turned(ring)) * METRES_PER_DEGREE ** 2 * Math.cos((((south + north) / 2) * Math.PI) / 180)
      sum += index === 0 ? size : -size
    }
  }
  return sum
}

/** How far apart, in metres. */
export function metres([ax, ay]: Spot, [bx, by]: Spot): number {
  const east = (bx - ax) * Math.cos((ay * Math.PI) / 180)
  return Math.hypot(east, by - ay) * METRES_PER_DEGREE
}

export function boundsOf(spots: Iterable<Spot>): Bounds | null {
  let bounds: Bounds | null = null
  for (const [x, y] of spots) {
    bounds = bounds ? [Math.min(bounds[0], x), Math.min(bounds[1], y), Math.max(bounds[2], x), Math.max(bounds[3], y)] : [x, y, x, y]
  }
  return bounds
}

export function boundsOfAll(areas: { polygons: Polygon[] }[]): Bounds | null {
  return boundsOf(areas.flatMap(({ polygons }) => polygons.flatMap(([outer]) => outer ?? [])))
}

function centroid(ring: Ring): Spot {
  const twice = 2 * turned(ring)
  const first = ring[0] ?? [0, 0]
  if (Math.abs(twice) < 1e-14) return first
  const [ox, oy] = first
  let [x, y] = [0, 0]
  for (const [[ax, ay], [bx, by]] of sides(ring)) {
    const cross = (ax - ox) * (by - oy) - (bx - ox) * (ay - oy)
    x += (ax + bx - 2 * ox) * cross
    y += (ay + by - 2 * oy) * cross
  }
  return [ox + x / (3 * twice), oy + y / (3 * twice)]
}

/** Where a name is written: in the middle, and in any case inside. */
export function middleOf(polygons: Polygon[]): Spot {
  const largest = [...polygons].sort((a, b) => Math.abs(turned(b[0] ?? [])) - Math.abs(turned(a[0] ?? [])))[0]
  const outer = largest?.[0]
  if (!largest || !outer) return [0, 0]
  const middle = centroid(outer)
  if (isInside(middle, [largest])) return middle
  // The widest stretch of the line through the middle that lies inside.
  const [, y] = middle
  const crossings: number[] = []
  for (const ring of largest) {
    for (const [[ax, ay], [bx, by]] of sides(ring)) if (ay > y !== by > y) crossings.push(((bx - ax) * (y - ay)) / (by - ay) + ax)
  }
  crossings.sort((a, b) => a - b)
  let [widest, found] = [0, outer[0] as Spot]
  for (let at = 0; at + 1 < crossings.length; at += 2) {
    const [from, to] = [crossings[at] as number, crossings[at + 1] as number]
    if (to - from > widest) [widest, found] = [to - from, [(from + to) / 2, y]]
  }
  return found
}

/** As the relay keeps places: to 1e-7 degree, about a centimetre. */
export function rounded([x, y]: Spot): Spot {
  return [Math.round(x * 1e7) / 1e7, Math.round(y * 1e7) / 1e7]
}

/** Closed, without corners that stand twice in a row. */
export function tidied(ring: Ring): Ring {
  const open: Ring = []
  for (const spot of ring.map(rounded)) {
    const last = open.at(-1)
    if (!last || last[0] !== spot[0] || last[1] !== spot[1]) open.push(spot)
  }
  const [first, last] = [open[0], open.at(-1)]
  if (open.length > 1 && first && last && first[0] === last[0] && first[1] === last[1]) open.pop()
  return first ? [...open, first] : []
}

/** The nearest place on a side, and how far along it lies (0 to 1). */
export function nearestOn(spot: Spot, [a, b]: [Spot, Spot]): { spot: Spot; along: number } {
  const bend = Math.cos((spot[1] * Math.PI) / 180)
  const [dx, dy] = [(b[0] - a[0]) * bend, b[1] - a[1]]
  const size = dx * dx + dy * dy
  const along = size === 0 ? 0 : Math.max(0, Math.min(1, ((spot[0] - a[0]) * bend * dx + (spot[1] - a[1]) * dy) / size))
  return { spot: [a[0] + (b[0] - a[0]) * along, a[1] + (b[1] - a[1]) * along], along }
}

/** Where two sides cross: how far along each; none for parallel ones. */
export function crossing([a, b]: [Spot, Spot], [c, d]: [Spot, Spot]): { along: number; other: number } | null {
  const [rx, ry, sx, sy] = [b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]]
  const cross = rx * sy - ry * sx
  if (Math.abs(cross) < 1e-18) return null
  const along = ((c[0] - a[0]) * sy - (c[1] - a[1]) * sx) / cross
  const other = ((c[0] - a[0]) * ry - (c[1] - a[1]) * rx) / cross
  return along >= 0 && along <= 1 && other >= 0 && other <= 1 ? { along, other } : null
}

/** Two sides of it cross. */
export function isTangled(ring: Ring): boolean {
  const all = [...sides(ring)]
  for (let one = 0; one < all.length; one += 1) {
    for (let other = one + 2; other < all.length; other += 1) {
      const isNeighbour = one === 0 && other === all.length - 1
      if (!isNeighbour && crossing(all[one] as [Spot, Spot], all[other] as [Spot, Spot])) return true
    }
  }
  return false
}
