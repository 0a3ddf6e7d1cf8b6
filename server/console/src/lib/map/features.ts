/** What is drawn, as GeoJSON in WGS-84; no text of a report and no name beyond those of people on patrol. */
import type { IncidentRow, Patrol, PatrolRow, TrackShown, Warning, WarningLevel } from '@/api/types'
import { isLate, shadeOf, type MapGrid, type Tally } from './grids'
import { geometryOf } from './geometry'
import type { Spot } from './shift'

export interface Feature {
  type: 'Feature'
  properties: Record<string, string | number | boolean | null>
  geometry: { type: string; coordinates: unknown }
}
export interface Features {
  type: 'FeatureCollection'
  features: Feature[]
}

export const collection = (features: Feature[]): Features => ({ type: 'FeatureCollection', features })
export const NOTHING: Features = collection([])

const point = (spot: Spot, properties: Feature['properties']): Feature => ({ type: 'Feature', properties, geometry: { type: 'Point', coordinates: spot } })

/** Areas with their shade; the lowest of the tree come last and lie on top. Twins of chat groups would only cover their own grid. */
export function gridFeatures(grids: Map<string, MapGrid>, tallies: Map<string | null, Tally>): Features {
  const drawn = [...grids.values()].filter(({ kind }) => kind !== 'online').sort((a, b) => a.depth - b.depth)
  return collection(
    drawn.map(({ id, kind, polygons, depth }) => {
      const { open = 0, late = 0 } = tallies.get(id) ?? {}
      return { type: 'Feature', properties: { id, kind, depth, shade: shadeOf(open), open, is_late: late > 0 }, geometry: geometryOf(polygons) }
    }),
  )
}

/** Names with the number of what is open: the colour never says it alone. */
export function nameFeatures(grids: Map<string, MapGrid>, tallies: Map<string | null, Tally>): Features {
  const parents = new Set([...grids.values()].map(({ parent }) => parent))
  const named = [...grids.values()].filter(({ kind }) => kind !== 'online')
  return collection(
    named.map(({ id, name, middle, depth }) => {
      const open = tallies.get(id)?.open ?? 0
      return point(middle, { id, name, label: open > 0 ? `${name}\n${open}` : name, open, depth, is_leaf: !parents.has(id) })
    }),
  )
}

/** Where an incident is drawn: at its place, else in the middle of its grid. */
export function spotOf(row: Pick<IncidentRow, 'position' | 'grid'>, grids: Map<string, MapGrid>): Spot | null {
  if (row.position) return [row.position.longitude, row.position.latitude]
  return (row.grid ? grids.get(row.grid)?.middle : undefined) ?? null
}

const URGENCY = ['urgent', 'high', 'normal', 'low'] as const

export function incidentFeatures(rows: Iterable<IncidentRow>, grids: Map<string, MapGrid>, now: number): Features {
  const features: Feature[] = []
  for (const row of rows) {
    const spot = spotOf(row, grids)
    if (!spot) continue
    const late = isLate(row, now) ? 1 : 0
    const urgent = row.severity === 'urgent' ? 1 : 0
    const icon = ['incident', row.category, row.severity, late ? 'late' : 'timely', row.position ? 'exact' : 'rough'].join('/')
    features.push(point(spot, { id: row.document, icon, late, urgent, is_rough: !row.position, order: URGENCY.indexOf(row.severity) - 4 * late }))
  }
  return collection(features)
}

/** A warning with what is known of its posts. */
export type WarningOnMap = Pick<Warning, 'document' | 'level' | 'title' | 'hazard' | 'audience' | 'post_list' | 'state'>

const LEVELS: WarningLevel[] = ['blue', 'yellow', 'orange', 'red']

/** The grids that a warning is for; the uppermost ones if it is for everybody or names none. */
export function gridsOf(warning: Pick<WarningOnMap, 'audience'>, grids: Map<string, MapGrid>): MapGrid[] {
  const { is_everyone, grids: named = [] } = warning.audience
  if (!is_everyone && named.length > 0) return named.flatMap((id) => grids.get(id) ?? [])
  return [...grids.values()].filter(({ depth, kind }) => depth === 0 && kind !== 'online')
}

/** Where warnings hold; a grid under several shows the highest level. */
export function areaFeatures(warnings: WarningOnMap[], grids: Map<string, MapGrid>): Features {
  const highest = new Map<string, { grid: MapGrid; level: number; warning: string }>()
  for (const warning of warnings) {
    const level = LEVELS.indexOf(warning.level)
    for (const grid of gridsOf(warning, grids)) {
      if (level > (highest.get(grid.id)?.level ?? -1)) highest.set(grid.id, { grid, level, warning: warning.document })
    }
  }
  return collection(
    [...highest.values()].map(({ grid, level, warning }) => ({ type: 'Feature', properties: { id: grid.id, warning, level: LEVELS[level] ?? 'blue' }, geometry: geometryOf(grid.polygons) })),
  )
}

/** The places that a warning names a person for. */
export function postFeatures(warnings: WarningOnMap[], grids: Map<string, MapGrid>, label: (post: WarningOnMap['post_list'][number]) => string): Features {
  const features: Feature[] = []
  for (const { document, level, post_list } of warnings) {
    for (const post of post_list) {
      const spot = spotOf(post, grids)
      if (spot) features.push(point(spot, { id: `${document}/${post.id}`, warning: document, post: post.id, icon: `post/${level}/${post.last?.report ?? 'silent'}`, label: label(post), is_rough: !post.position }))
    }
  }
  return collection(features)
}

export interface Walker {
  patrol: PatrolRow | Patrol
  name: string
  track: TrackShown | null
}

interface Fixed {
  spot: Spot
  at: string | number
}

/** The last place that a patrol's phone told. */
export function lastFix(track: TrackShown | null): Fixed | null {
  let last: Fixed | null = null
  for (const { geometry, properties } of track?.features ?? []) {
    const { type, coordinates } = geometry as { type: string; coordinates: unknown }
    const line = (type === 'Point' ? [coordinates] : coordinates) as Spot[]
    const [spot, at] = [line.at(-1), properties.times.at(-1)]
    if (spot && at !== undefined && (!last || new Date(at) >= new Date(last.at))) last = { spot, at }
  }
  return last
}

export function walkerFeatures(walkers: Walker[]): Features {
  return collection(
    walkers.flatMap(({ patrol, name, track }) => {
      const last = lastFix(track)
      return last ? [point(last.spot, { id: patrol.document, name, icon: `person/${patrol.state}` })] : []
    }),
  )
}

/** Between two stretches nothing is known, and nothing is drawn. */
export function trackFeatures(walkers: Walker[]): Features {
  return collection(
    walkers.flatMap(({ patrol, track }) =>
      (track?.features ?? []).map(({ geometry }) => ({ type: 'Feature' as const, properties: { id: patrol.document }, geometry: geometry as Feature['geometry'] })),
    ),
  )
}

export function checkpointFeatures(checkpoints: { id: string; name: string; position: { latitude: number; longitude: number } }[]): Features {
  return collection(checkpoints.map(({ id, name, position }) => point([position.longitude, position.latitude], { id, name, icon: 'checkpoint' })))
}
