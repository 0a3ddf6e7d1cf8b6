/** A grid cut in two by a line that somebody drew across it. */
import { areaOf, crossing, isInRing, isInside, isTangled, metres, middleOf, rounded, sides, tidied, type Polygon, type Ring } from './geometry'
import type { Spot } from './shift'

/** Why a line cuts nothing. */
export type CutFault = 'misses' | 'ends_inside' | 'crosses_often' | 'crosses_hole' | 'tangled' | 'sliver'

export type Cut = { halves: [Polygon[], Polygon[]] } | { fault: CutFault }

/** Smaller than this is a slip of the hand. */
const LEAST_M2 = 25
/** The ends reach a little further: what was put on a boundary crosses it. */
const REACH_M = 0.5

interface Met {
  /** Of the line: number of the side, and how far along it. */
  line: number
  /** Of the ring. */
  ring: number
  spot: Spot
}

function longer(line: Spot[]): Spot[] {
  const reach = (end: Spot, before: Spot): Spot => {
    const length = metres(before, end)
    if (length === 0) return end
    const by = REACH_M / length
    return [end[0] + (end[0] - before[0]) * by, end[1] + (end[1] - before[1]) * by]
  }
  const [first, second] = [line[0] as Spot, line[1] as Spot]
  const [last, before] = [line.at(-1) as Spot, line.at(-2) as Spot]
  return [reach(first, second), ...line.slice(1, -1), reach(last, before)]
}

function meetings(line: Spot[], ring: Ring): Met[] {
  const found: Met[] = []
  for (const [number, side] of [...sides(line)].entries()) {
    for (const [corner, edge] of [...sides(ring)].entries()) {
      const met = crossing(side, edge)
      if (!met) continue
      const spot: Spot = [side[0][0] + (side[1][0] - side[0][0]) * met.along, side[0][1] + (side[1][1] - side[0][1]) * met.along]
      found.push({ line: number + met.along, ring: corner + met.other, spot })
    }
  }
  found.sort((a, b) => a.line - b.line)
  // Through a corner it meets both sides there.
  return found.filter((met, index) => index === 0 || metres(met.spot, (found[index - 1] as Met).spot) > 0.05)
}

/** The ring from one place on it to another, forward. */
function along(ring: Ring, from: Met, to: Met): Spot[] {
  const corners = ring.slice(0, -1)
  const path: Spot[] = [from.spot]
  const count = corners.length
  let at = Math.floor(from.ring) + 1
  let left = (Math.floor(to.ring) - Math.floor(from.ring) + count) % count
  if (left === 0 && to.ring < from.ring) left = count
  for (; left > 0; left -= 1, at += 1) path.push(corners[at % count] as Spot)
  return [...path, to.spot]
}

function cutRing(outer: Ring, line: Spot[]): { rings: [Ring, Ring] } | { fault: CutFault } {
  const met = meetings(line, outer)
  // Only pieces of the line that run inside cut.
  const pieces: [Met, Met][] = []
  for (let at = 0; at + 1 < met.length; at += 1) {
    const [from, to] = [met[at] as Met, met[at + 1] as Met]
    if (isInRing(between(line, from, to), outer)) pieces.push([from, to])
  }
  const [piece] = pieces
  if (!piece) return { fault: met.length === 0 ? (line.some((spot) => isInRing(spot, outer)) ? 'ends_inside' : 'misses') : met.length === 1 ? 'ends_inside' : 'misses' }
  if (pieces.length > 1) return { fault: 'crosses_often' }
  const isLoose = isInRing(line[0] as Spot, outer) || isInRing(line.at(-1) as Spot, outer)
  if (isLoose) return { fault: 'ends_inside' }
  const [from, to] = piece
  const inner = line.slice(Math.floor(from.line) + 1, Math.floor(to.line) + 1)
  const one = tidied([from.spot, ...inner, ...along(outer, to, from)])
  const other = tidied([to.spot, ...[...inner].reverse(), ...along(outer, from, to)])
  if (isTangled(one) || isTangled(other)) return { fault: 'tangled' }
  if (areaOf([[one]]) < LEAST_M2 || areaOf([[other]]) < LEAST_M2) return { fault: 'sliver' }
  return { rings: [one, other] }
}

/** A place of the line between two meetings. */
function between(line: Spot[], from: Met, to: Met): Spot {
  const middle = (from.line + to.line) / 2
  const number = Math.min(Math.floor(middle), line.length - 2)
  const [a, b] = [line[number] as Spot, line[number + 1] as Spot]
  const part = middle - number
  return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part]
}

function isAcross(line: Spot[], ring: Ring): boolean {
  return [...sides(line)].some((side) => [...sides(ring)].some((edge) => crossing(side, edge) !== null))
}

/** Both halves share the corners of the line; holes and parts that it does not touch go with the half they lie in or near. */
export function cut(polygons: Polygon[], drawn: Spot[]): Cut {
  if (drawn.length < 2) return { fault: 'misses' }
  const line = longer(drawn)
  let found: { part: number; rings: [Ring, Ring] } | null = null
  let fault: CutFault = 'misses'
  for (const [part, polygon] of polygons.entries()) {
    const tried = cutRing(polygon[0] ?? [], line)
    if ('fault' in tried) {
      if (fault === 'misses') fault = tried.fault
      continue
    }
    if (found) return { fault: 'crosses_often' }
    if (polygon.slice(1).some((hole) => isAcross(line, hole))) return { fault: 'crosses_hole' }
    found = { part, rings: tried.rings }
  }
  if (!found) return { fault }
  if (fault !== 'misses') return { fault }
  const halves: [Polygon[], Polygon[]] = [[[found.rings[0]]], [[found.rings[1]]]]
  for (const hole of polygons[found.part]?.slice(1) ?? []) {
    const half = isInRing(hole[0] as Spot, found.rings[0]) ? halves[0] : halves[1]
    half[0]?.push(hole.map(rounded))
  }
  const middles = [middleOf(halves[0]), middleOf(halves[1])] as const
  for (const [part, polygon] of polygons.entries()) {
    if (part === found.part) continue
    const middle = middleOf([polygon])
    halves[metres(middle, middles[0]) <= metres(middle, middles[1]) ? 0 : 1].push(polygon)
  }
  return { halves }
}

/** Which half a place lies in; none if in neither. */
export function halfOf(spot: Spot, halves: [Polygon[], Polygon[]]): 0 | 1 | null {
  if (isInside(spot, halves[0])) return 0
  return isInside(spot, halves[1]) ? 1 : null
}
