/**
 * The map itself: MapLibre, in a chunk of its own. Everything that goes in and comes out is WGS-84; on tiles in GCJ-02 it
 * is shifted here, at drawing.
 */
import 'maplibre-gl/dist/maplibre-gl.css'
import type { FeatureCollection, Point } from 'geojson'
import { Map as Plan, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource, type MapGeoJSONFeature, type MapMouseEvent } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { tilesOf, type Basemap } from './basemap'
import type { Features } from './features'
import type { Bounds } from './geometry'
import { drawIcon, RATIO, type Named } from './icons'
import type { MapLooks } from './looks'
import { drawingOn, redrawn, type Spot } from './shift'
import { CLUSTER_MAX_ZOOM, DRAWN, fillOver, PICKED, pickedIs, SOURCES, styleOf, TILE_LAYER, tileSource, type LayerName, type SourceName } from './style'

setWorkerUrl(workerUrl)

/** Half the size in which a click finds something, in pixels. */
const REACH_PX = 6

/** What somebody clicked on. */
export type Picked =
  | { kind: 'grid'; id: string }
  | { kind: 'incident'; id: string }
  | { kind: 'incidents'; ids: string[] }
  | { kind: 'person'; id: string }
  | { kind: 'post'; id: string; warning: string }
  | { kind: 'nothing' }

export interface Pointed {
  spot: Spot
  /** The size of a pixel there. */
  metresPerPixel: number
  /** Number of the corner of the sketch under the pointer. */
  corner: number | null
}

export interface Pointer {
  down?: (at: Pointed) => boolean
  move?: (at: Pointed) => void
  up?: (at: Pointed) => void
  click?: (at: Pointed) => void
  twice?: (at: Pointed) => void
}

export interface Options {
  container: HTMLElement
  looks: MapLooks
  base: Basemap | null
  data: Record<SourceName, Features>
  visible: Record<LayerName, boolean>
  picked: string | null
  bounds: Bounds | null
  named: Named
  words: { title: string; closer: string; farther: string; north: string }
  /** A picture to look at, not to move. */
  isStill: boolean
  onPick: (picked: Picked) => void
  /** The first picture is on the screen. */
  onDrawn: () => void
  /** Everything is, and nothing more is to come. */
  onPicture: () => void
}

export interface MapHandle {
  set: (source: SourceName, features: Features) => void
  show: (layer: LayerName, isShown: boolean) => void
  look: (looks: MapLooks) => void
  ground: (base: Basemap | null) => void
  pick: (id: string | null) => void
  fit: (bounds: Bounds, at_once?: boolean) => void
  go: (spot: Spot, zoom?: number) => void
  /** Takes the pointer for an editor; none gives it back. */
  take: (pointer: Pointer | null) => void
  idle: () => Promise<void>
  destroy: () => void
}

export function hasWebGl(): boolean {
  try {
    return document.createElement('canvas').getContext('webgl2') !== null
  } catch {
    return false
  }
}

export function makeMap(options: Options): MapHandle {
  let { looks, base, picked } = options
  const data = { ...options.data }
  const visible = { ...options.visible }
  let drawing = drawingOn(base)
  let taken: Pointer | null = null
  let isGone = false

  const shifted = (features: Features): Features => (base?.is_gcj02 ? { ...features, features: features.features.map((one) => ({ ...one, geometry: { ...one.geometry, coordinates: redrawn(one.geometry.coordinates, drawing.draw) } })) } : features)
  const all = (): Record<SourceName, Features> => Object.fromEntries(SOURCES.map((name) => [name, shifted(data[name])])) as Record<SourceName, Features>
  const style = () => styleOf({ looks, base, tiles: tilesOf(base, globalThis.location.origin), data: all(), visible, picked })
  const boundsDrawn = ([west, south, east, north]: Bounds): Bounds => [...drawing.draw([west, south]), ...drawing.draw([east, north])]

  const plan = new Plan({
    container: options.container,
    style: style(),
    bounds: options.bounds ? boundsDrawn(options.bounds) : ([73, 18, 135, 53] as Bounds),
    // On a wall the key stands below.
    fitBoundsOptions: { padding: options.isStill ? { top: 24, left: 24, right: 24, bottom: 76 } : 36 },
    interactive: !options.isStill,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    maxPitch: 0,
    maxZoom: 19,
    minZoom: 3,
    fadeDuration: 0,
    validateStyle: false,
    localIdeographFontFamily: "'Microsoft YaHei', 'PingFang SC', 'Noto Sans CJK SC', sans-serif",
    // What is drawn does not get sharper beyond twice; weak graphics get much slower.
    pixelRatio: Math.min(globalThis.devicePixelRatio || 1, 2),
    locale: {
      'Map.Title': options.words.title,
      'NavigationControl.ZoomIn': options.words.closer,
      'NavigationControl.ZoomOut': options.words.farther,
      'NavigationControl.ResetBearing': options.words.north,
      'ScaleControl.Meters': 'm',
      'ScaleControl.Kilometers': 'km',
    },
  })
  plan.setMissingStyleImageResolver((id) => {
    const image = drawIcon(id, options.named)
    if (image && !plan.hasImage(id)) plan.addImage(id, image, { pixelRatio: RATIO })
  })
  // A tile that can't be had leaves its place plain; nothing else loads from anywhere.
  plan.on('error', () => undefined)
  if (!options.isStill) {
    plan.touchZoomRotate.disableRotation()
    plan.keyboard.disableRotation()
    plan.addControl(new NavigationControl({ showCompass: false }), 'bottom-right')
    plan.addControl(new ScaleControl({ unit: 'metric' }), 'bottom-left')
  }
  const whenIdle = new Promise<void>((resolve) => {
    plan.once('idle', () => resolve())
  })
  void whenIdle.then(options.onPicture)
  plan.once('load', options.onDrawn)

  function found(event: MapMouseEvent): MapGeoJSONFeature[] {
    const { x, y } = event.point
    const layers = PICKED.filter((layer) => plan.getLayer(layer) && plan.getLayoutProperty(layer, 'visibility') !== 'none')
    return plan.queryRenderedFeatures([[x - REACH_PX, y - REACH_PX], [x + REACH_PX, y + REACH_PX]], { layers })
  }

  function uppermost(event: MapMouseEvent): MapGeoJSONFeature | null {
    const features = found(event)
    for (const layer of PICKED) {
      // Of areas only the one under the pointer.
      const near = layer === 'grid' ? plan.queryRenderedFeatures(event.point, { layers: ['grid'] }) : features.filter((feature) => feature.layer.id === layer)
      if (near[0]) return near[0]
    }
    return null
  }

  async function open(cluster: MapGeoJSONFeature): Promise<void> {
    const source = plan.getSource<GeoJSONSource>('incidents')
    if (!source) return
    const number = cluster.properties.cluster_id as number
    const zoom = await source.getClusterExpansionZoom(number)
    if (zoom <= CLUSTER_MAX_ZOOM) {
      plan.easeTo({ center: (cluster.geometry as Point).coordinates as Spot, zoom })
      return
    }
    // All at one place: they never part.
    const leaves = await source.getClusterLeaves(number, 200, 0)
    options.onPick({ kind: 'incidents', ids: leaves.map((leaf) => String(leaf.properties?.id)) })
  }

  function click(event: MapMouseEvent): void {
    if (taken) {
      taken.click?.(pointed(event))
      return
    }
    const feature = uppermost(event)
    const id = String(feature?.properties.id ?? '')
    switch (feature?.layer.id) {
      case 'cluster':
        void open(feature)
        break
      case 'incident':
        options.onPick({ kind: 'incident', id })
        break
      case 'person':
        options.onPick({ kind: 'person', id })
        break
      case 'post':
        options.onPick({ kind: 'post', id, warning: String(feature.properties.warning) })
        break
      case 'grid':
        options.onPick({ kind: 'grid', id })
        break
      default:
        options.onPick({ kind: 'nothing' })
    }
  }

  function pointed(event: MapMouseEvent): Pointed {
    const spot = drawing.read([event.lngLat.lng, event.lngLat.lat])
    const metresPerPixel = (40_075_016.7 * Math.cos((spot[1] * Math.PI) / 180)) / (512 * 2 ** plan.getZoom())
    const corner = found(event).find((feature) => feature.layer.id === 'sketch-corner')?.properties.corner as number | undefined
    return { spot, metresPerPixel, corner: corner ?? null }
  }

  if (!options.isStill) {
    plan.on('click', click)
    plan.on('mousedown', (event) => {
      if (taken?.down?.(pointed(event))) event.preventDefault()
    })
    let isLooking = false
    plan.on('mousemove', (event) => {
      if (taken) {
        taken.move?.(pointed(event))
      } else if (!isLooking) {
        // Once a picture is often enough.
        isLooking = true
        requestAnimationFrame(() => {
          isLooking = false
          if (!isGone && !taken && plan.isStyleLoaded()) plan.getCanvas().style.cursor = found(event).length > 0 ? 'pointer' : ''
        })
      }
    })
    plan.on('mouseup', (event) => taken?.up?.(pointed(event)))
    plan.on('dblclick', (event) => {
      if (!taken) return
      event.preventDefault()
      taken.twice?.(pointed(event))
    })
  }

  const loaded = new Promise<void>((resolve) => {
    plan.once('load', () => resolve())
  })
  /** What comes before the style is there waits for it. */
  const soon = (work: () => void): void => void loaded.then(() => !isGone && work())

  return {
    set(name, features) {
      data[name] = features
      soon(() => void plan.getSource<GeoJSONSource>(name)?.setData(shifted(data[name]) as FeatureCollection))
    },
    show(name, isShown) {
      visible[name] = isShown
      soon(() => {
        for (const layer of DRAWN[name]) plan.setLayoutProperty(layer, 'visibility', isShown ? 'visible' : 'none')
      })
    },
    look(next) {
      looks = next
      soon(() => plan.setStyle(style(), { diff: true }))
    },
    ground(next) {
      soon(() => {
        // The same place stays in the middle, wherever it is drawn now.
        const { lng, lat } = plan.getCenter()
        const middle = drawing.read([lng, lat])
        base = next
        drawing = drawingOn(base)
        plan.jumpTo({ center: drawing.draw(middle) })
        if (plan.getLayer('tiles')) plan.removeLayer('tiles')
        if (plan.getSource('tiles')) plan.removeSource('tiles')
        const tiles = tilesOf(base, globalThis.location.origin)
        if (tiles) {
          plan.addSource('tiles', tileSource(base, tiles))
          plan.addLayer(TILE_LAYER, 'grid')
        }
        plan.setPaintProperty('grid', 'fill-opacity', fillOver(tiles, looks))
        // On tiles in GCJ-02 everything lies elsewhere.
        for (const [name, features] of Object.entries(all())) void plan.getSource<GeoJSONSource>(name)?.setData(features as FeatureCollection)
      })
    },
    pick(id) {
      picked = id
      soon(() => plan.setFilter('picked', pickedIs(id)))
    },
    fit(bounds, at_once = false) {
      soon(() => plan.fitBounds(boundsDrawn(bounds), { padding: 48, maxZoom: 16, ...(at_once && { duration: 0 }) }))
    },
    go(spot, zoom) {
      soon(() => plan.easeTo({ center: drawing.draw(spot), ...(zoom !== undefined && { zoom: Math.max(plan.getZoom(), zoom) }) }))
    },
    take(pointer) {
      taken = pointer
      plan.getCanvas().style.cursor = pointer ? 'crosshair' : ''
      if (pointer) plan.doubleClickZoom.disable()
      else plan.doubleClickZoom.enable()
    },
    idle: () => new Promise((resolve) => (plan.loaded() ? resolve() : plan.once('idle', () => resolve()))),
    destroy() {
      isGone = true
      plan.remove()
    },
  }
}
