/** The layers of the map, from the ground up. No glyphs and no sprites: text is drawn here, icons on canvases. */
import type { FeatureCollection } from 'geojson'
import type { ExpressionSpecification, FilterSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'
import type { Basemap } from './basemap'
import type { Features } from './features'
import type { Bounds } from './geometry'
import type { MapLooks } from './looks'

/** What can be switched on and off. */
export const LAYERS = ['grids', 'incidents', 'people', 'warnings', 'risks', 'checkpoints'] as const
export type LayerName = (typeof LAYERS)[number]

export const SOURCES = ['grids', 'names', 'areas', 'tracks', 'checkpoints', 'posts', 'incidents', 'people', 'sketch'] as const
export type SourceName = (typeof SOURCES)[number]

/** Which layers of the style belong to what people switch; the areas of grids always stay. */
export const DRAWN: Record<LayerName, string[]> = {
  grids: ['grid-name', 'parent-name'],
  incidents: ['cluster', 'cluster-count', 'incident'],
  people: ['track', 'person'],
  warnings: ['area', 'area-line'],
  risks: ['risk-area', 'post', 'post-name'],
  checkpoints: ['checkpoint'],
}

/** What a click may mean, the uppermost first. */
export const PICKED = ['sketch-corner', 'person', 'post', 'incident', 'cluster', 'checkpoint', 'grid'] as const

const FONT = ['Microsoft YaHei', 'PingFang SC', 'Noto Sans CJK SC', 'sans-serif']
/** More grids than this leave no room between them. */
const MANY = 60
/** From here on every incident stands by itself. */
export const CLUSTER_MAX_ZOOM = 16

/** What has no place of its own stands below the name of its grid. */
const ASIDE: ExpressionSpecification = ['case', ['get', 'is_rough'], ['literal', [0, 30]], ['literal', [0, 0]]]

const points = (data: unknown): SourceSpecification => ({ type: 'geojson', data: data as FeatureCollection })
const shaded = (looks: MapLooks): ExpressionSpecification => ['match', ['get', 'shade'], 1, looks.shades[1], 2, looks.shades[2], 3, looks.shades[3], 4, looks.shades[4], looks.shades[0]]
const levelled = (looks: MapLooks): ExpressionSpecification => ['match', ['get', 'level'], 'red', looks.levels.red, 'orange', looks.levels.orange, 'yellow', looks.levels.yellow, looks.levels.blue]
export const pickedIs = (id: string | null): FilterSpecification => ['==', ['get', 'id'], id ?? '']

export const TILE_LAYER: LayerSpecification = { id: 'tiles', type: 'raster', source: 'tiles', paint: { 'raster-fade-duration': 0 } }

export function tileSource(base: Basemap | null, tiles: string): SourceSpecification {
  const { bounds, min_zoom, max_zoom } = base ?? {}
  // In the coordinates of the tiles, shifted or not, as they are drawn.
  return { type: 'raster', tiles: [tiles], tileSize: 256, minzoom: min_zoom ?? 0, maxzoom: max_zoom ?? 18, ...(bounds && { bounds: bounds as Bounds }) }
}

/** Over tiles a grid where nothing is open shows little more than its border. */
export function fillOver(tiles: string | null, looks: MapLooks): ExpressionSpecification | number {
  return tiles ? ['case', ['==', ['get', 'shade'], 0], 0.12, 0.5] : looks.fillOpacity
}

export interface Drawn {
  looks: MapLooks
  base: Basemap | null
  tiles: string | null
  data: Record<SourceName, Features>
  visible: Record<LayerName, boolean>
  picked: string | null
}

export function styleOf({ looks, base, tiles, data, visible, picked }: Drawn): StyleSpecification {
  const size = (value: number): number => value * looks.textScale
  const sources: Record<string, SourceSpecification> = {}
  for (const name of SOURCES) sources[name] = points(data[name])
  sources.incidents = {
    ...(points(data.incidents) as Extract<SourceSpecification, { type: 'geojson' }>),
    cluster: true,
    clusterRadius: 46 * looks.textScale,
    clusterMaxZoom: CLUSTER_MAX_ZOOM,
    clusterProperties: { late: ['+', ['get', 'late']], urgent: ['+', ['get', 'urgent']] },
  }
  const ground: LayerSpecification[] = [{ id: 'ground', type: 'background', paint: { 'background-color': looks.ground } }]
  if (tiles) {
    sources.tiles = tileSource(base, tiles)
    ground.push(TILE_LAYER)
  }
  const text = (spots: string, around = looks.halo) => ({ 'text-color': spots, 'text-halo-color': around, 'text-halo-width': 1.6 * looks.textScale })
  // Where there is room a name steps aside; among many it would seem to be its neighbour's.
  const anchors: ('center' | 'bottom' | 'top')[] = data.names.features.length > MANY ? ['center'] : ['center', 'bottom', 'top']
  const layers: LayerSpecification[] = [
    ...ground,
    { id: 'grid', type: 'fill', source: 'grids', paint: { 'fill-color': shaded(looks), 'fill-opacity': fillOver(tiles, looks) } },
    { id: 'area', type: 'fill', source: 'areas', paint: { 'fill-color': levelled(looks), 'fill-opacity': 0.2 } },
    { id: 'risk-area', type: 'fill', source: 'grids', filter: ['==', ['get', 'kind'], 'emergency'], paint: { 'fill-pattern': 'hatch', 'fill-opacity': 0.7 } },
    { id: 'grid-line', type: 'line', source: 'grids', paint: { 'line-color': looks.line, 'line-width': ['case', ['==', ['get', 'depth'], 0], size(1.8), size(0.8)] }, layout: { 'line-join': 'round' } },
    { id: 'late-line', type: 'line', source: 'grids', filter: ['get', 'is_late'], paint: { 'line-color': looks.lateLine, 'line-width': size(1.4) }, layout: { 'line-join': 'round' } },
    { id: 'area-line', type: 'line', source: 'areas', paint: { 'line-color': levelled(looks), 'line-width': size(3), 'line-dasharray': [3, 1.4] }, layout: { 'line-join': 'round' } },
    { id: 'picked', type: 'line', source: 'grids', filter: pickedIs(picked), paint: { 'line-color': looks.pick, 'line-width': size(3.5) }, layout: { 'line-join': 'round' } },
    { id: 'track', type: 'line', source: 'tracks', paint: { 'line-color': looks.track, 'line-width': 2.5, 'line-opacity': 0.8 }, layout: { 'line-join': 'round', 'line-cap': 'round' } },
    // Laid out from the top: names of grids give way to incidents, numbers and posts.
    {
      id: 'grid-name', type: 'symbol', source: 'names', filter: ['get', 'is_leaf'],
      layout: { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': ['interpolate', ['linear'], ['zoom'], 10, size(11), 15, size(15)], 'text-max-width': 7, 'text-padding': 2, 'text-variable-anchor': anchors, 'text-radial-offset': 1.9, 'text-justify': 'center', 'symbol-sort-key': ['-', 0, ['get', 'open']] },
      paint: text(looks.ink),
    },
    {
      id: 'parent-name', type: 'symbol', source: 'names', filter: ['!', ['get', 'is_leaf']], minzoom: 8, maxzoom: 14,
      layout: { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': size(15), 'text-letter-spacing': 0.15, 'text-padding': 2 },
      paint: text(looks.ink),
    },
    {
      id: 'checkpoint', type: 'symbol', source: 'checkpoints', minzoom: 11,
      layout: { 'icon-image': ['get', 'icon'], 'icon-allow-overlap': true, 'text-field': ['step', ['zoom'], '', 14, ['get', 'name']], 'text-font': FONT, 'text-size': size(12), 'text-anchor': 'top', 'text-offset': [0, 0.7], 'text-optional': true },
      paint: text(looks.ink),
    },
    {
      id: 'cluster', type: 'circle', source: 'incidents', filter: ['has', 'point_count'],
      paint: {
        'circle-color': ['case', ['>', ['get', 'late'], 0], looks.clusterLate, ['>=', ['/', ['get', 'urgent'], ['get', 'point_count']], 0.34], looks.clusterUrgent, looks.cluster],
        'circle-radius': ['step', ['get', 'point_count'], size(14), 10, size(18), 50, size(23), 200, size(28)],
        'circle-stroke-color': '#fff',
        'circle-stroke-width': size(2),
      },
    },
    {
      id: 'cluster-count', type: 'symbol', source: 'incidents', filter: ['has', 'point_count'],
      layout: { 'text-field': ['concat', ['get', 'point_count_abbreviated'], ['case', ['>', ['get', 'late'], 0], '!', '']], 'text-font': FONT, 'text-size': size(13), 'text-allow-overlap': true, 'text-padding': size(12) },
      paint: { 'text-color': '#fff' },
    },
    {
      id: 'incident', type: 'symbol', source: 'incidents', filter: ['!', ['has', 'point_count']],
      layout: { 'icon-image': ['get', 'icon'], 'icon-size': looks.textScale, 'icon-offset': ASIDE, 'icon-allow-overlap': true, 'symbol-sort-key': ['-', 0, ['get', 'order']] },
    },
    {
      id: 'post', type: 'symbol', source: 'posts',
      layout: { 'icon-image': ['get', 'icon'], 'icon-size': looks.textScale, 'icon-offset': ASIDE, 'icon-allow-overlap': true },
    },
    {
      id: 'post-name', type: 'symbol', source: 'posts',
      layout: { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': size(12.5), 'text-anchor': 'top', 'text-offset': ['case', ['get', 'is_rough'], ['literal', [0, 3.7]], ['literal', [0, 1.3]]], 'text-allow-overlap': true },
      paint: text(looks.ink),
    },
    {
      id: 'person', type: 'symbol', source: 'people',
      layout: { 'icon-image': ['get', 'icon'], 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': size(13), 'text-anchor': 'top', 'text-offset': [0, 0.9], 'text-optional': true },
      paint: text(looks.track),
    },
    { id: 'sketch-fill', type: 'fill', source: 'sketch', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': looks.pick, 'fill-opacity': ['case', ['==', ['get', 'part'], 'other'], 0.38, 0.18] } },
    { id: 'sketch-line', type: 'line', source: 'sketch', filter: ['!=', ['geometry-type'], 'Point'], paint: { 'line-color': looks.pick, 'line-width': 2.5, 'line-dasharray': [2, 1] } },
    { id: 'sketch-corner', type: 'circle', source: 'sketch', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-color': '#fff', 'circle-radius': ['case', ['get', 'is_first'], 7, 5], 'circle-stroke-color': looks.pick, 'circle-stroke-width': 2.5 } },
  ]
  for (const name of LAYERS) {
    if (visible[name]) continue
    for (const layer of layers) if (DRAWN[name].includes(layer.id)) layer.layout = { ...layer.layout, visibility: 'none' } as never
  }
  return { version: 8, sources, layers }
}
