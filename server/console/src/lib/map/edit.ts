/** The map of grids as it would be after a change; nothing is sent from here. */
import type { GridFeature, GridKind, IncidentRow, MapShown, Member } from '@/api/types'
import { geometryOf, isInside, isTangled, tidied, type Polygon, type Ring } from './geometry'
import { gridAt, type MapGrid } from './grids'
import { overlap_m2 } from './join'
import type { Spot } from './shift'

export interface NewGrid {
  id: string
  name: string
  kind: GridKind
  parent: string | null
}

const feature = (grid: NewGrid, polygons: Polygon[]): GridFeature => ({ type: 'Feature', properties: { ...grid }, geometry: geometryOf(polygons) as unknown as GridFeature['geometry'] })
const map = (features: GridFeature[]): MapShown => ({ type: 'FeatureCollection', features })

export function withNew(shown: MapShown, grid: NewGrid, polygons: Polygon[]): MapShown {
  return map([...shown.features, feature(grid, polygons)])
}

export function withBoundary(shown: MapShown, id: string, polygons: Polygon[]): MapShown {
  return map(shown.features.map((one) => (one.properties.id === id ? feature(one.properties, polygons) : one)))
}

/** One half keeps the number, its people and its work; the other is a new grid beside it. */
export function withSplit(shown: MapShown, id: string, kept: Polygon[], other: Polygon[], added: { id: string; name: string }): MapShown {
  const old = shown.features.find(({ properties }) => properties.id === id)
  if (!old) return shown
  return withNew(withBoundary(shown, id, kept), { ...old.properties, ...added }, other)
}

/** Those that go are named nowhere any more: what hung below them hangs below the one that stays. */
export function withMerged(shown: MapShown, kept: string, gone: string[], polygons: Polygon[]): MapShown {
  const parents = new Map(shown.features.map(({ properties }) => [properties.id, properties.parent]))
  /** The first above that stays. */
  const above = (id: string | null | undefined): string | null => {
    let at = id ?? null
    for (let step = 0; at !== null && gone.includes(at) && step < 10; step += 1) at = parents.get(at) ?? null
    return at
  }
  const left = shown.features.filter(({ properties }) => !gone.includes(properties.id))
  return map(
    left.map((one) => {
      const { id, parent } = one.properties
      if (id === kept) return feature({ ...one.properties, parent: above(parent) === kept ? null : above(parent) }, polygons)
      return parent !== null && gone.includes(parent) ? { ...one, properties: { ...one.properties, parent: kept } } : one
    }),
  )
}

export type CodeFault = 'empty' | 'letters' | 'taken'

export function codeFault(id: string, shown: MapShown): CodeFault | null {
  if (!id) return 'empty'
  if (!/^[A-Za-z0-9_./-]{1,64}$/.test(id)) return 'letters'
  return shown.features.some(({ properties }) => properties.id === id) ? 'taken' : null
}

/** A number that nobody has: the old one with `-2`, `-3` … behind it. */
export function nextCode(id: string, shown: MapShown): string {
  const stem = id.replace(/-\d+$/, '')
  for (let number = 2; ; number += 1) {
    const code = `${stem}-${number}`
    if (codeFault(code, shown) === null) return code
  }
}

export type RingFault = 'few' | 'tangled'

export function ringFault(corners: Spot[]): RingFault | null {
  const ring = tidied(corners)
  if (ring.length < 4) return 'few'
  return isTangled(ring) ? 'tangled' : null
}

/** Grids of the same parent that an area would cover in part; a hand's breadth along a border does not count. */
export function overlapping(polygons: Polygon[], own: { id: string; parent: string | null; kind: GridKind }, grids: Iterable<MapGrid>, least_m2 = 200): MapGrid[] {
  const twins: GridKind[] = ['online', 'emergency', 'dedicated']
  if (twins.includes(own.kind)) return []
  return [...grids].filter((grid) => grid.id !== own.id && grid.parent === own.parent && !twins.includes(grid.kind) && overlap_m2(polygons, grid.polygons) > least_m2)
}

export interface Misfiled {
  row: IncidentRow
  to: MapGrid
}

/** Open incidents that stay filed under their grid though their place will lie in another one. The relay moves only what lies in grids that go. */
export function misfiled(rows: Iterable<IncidentRow>, before: Map<string, MapGrid>, after: Map<string, MapGrid>): Misfiled[] {
  const found: Misfiled[] = []
  for (const row of rows) {
    const own = row.grid === null ? undefined : after.get(row.grid)
    if (!row.position || !own) continue
    const spot: Spot = [row.position.longitude, row.position.latitude]
    if (gridAt(spot, before.values(), isInside)?.id !== row.grid) continue
    const to = gridAt(spot, after.values(), isInside)
    if (to && to.id !== row.grid) found.push({ row, to })
  }
  return found
}

/** Those in charge of grids that go, with the grids they would have instead. */
export function handedOver(members: Member[], gone: string[], kept: string): Member[] {
  const affected = members.filter((member) => member.grids.some((grid) => gone.includes(grid)))
  return affected.map((member) => ({ ...member, grids: [...new Set(member.grids.map((grid) => (gone.includes(grid) ? kept : grid)))] }))
}

/** Corners as lines of `longitude, latitude`, for who does not draw. */
export function writeCorners(corners: Spot[]): string {
  return corners.map(([x, y]) => `${x.toFixed(6)}, ${y.toFixed(6)}`).join('\n')
}

/** None if a line is not two numbers of a place in China's longitudes and latitudes, the longitude first. */
export function readCorners(text: string): { corners: Spot[] } | { line: number } {
  const corners: Spot[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (!line.trim()) continue
    const numbers = line.trim().split(/[\s,，;；]+/).map(Number)
    const [x, y] = numbers
    if (numbers.length !== 2 || x === undefined || y === undefined || !(x >= 72 && x <= 138) || !(y >= 0 && y <= 56)) return { line: index + 1 }
    corners.push([x, y])
  }
  return { corners }
}

/** A boundary with one of its rings drawn anew; holes and other parts stay. */
export function withOuter(polygons: Polygon[], part: number, ring: Ring): Polygon[] {
  return polygons.map((polygon, index) => (index === part ? [tidied(ring), ...polygon.slice(1)] : polygon))
}
