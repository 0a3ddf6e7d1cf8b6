/** What the map shows, kept up to date by live changes: one changed incident is asked for by itself, many at once anew. */
import { computed, onMounted, onScopeDispose, ref, shallowRef, triggerRef, type Ref } from 'vue'
import { api, ApiFault, need } from '@/api/client'
import type { IncidentRow, PatrolRow, Warning } from '@/api/types'
import { gathered } from '@/lib/gathered'
import { told } from '@/lib/say'
import { useClock } from '@/stores/clock'
import { useLive } from '@/stores/live'
import { loadBasemap, type Basemap } from './basemap'
import { isOpen, momentOf, readGrids, tally, type MapGrid } from './grids'
import type { Walker } from './features'

/** Of one answer; the relay gives no more. */
const PAGE = 500
/** More open work than this is a list's business. */
const MOST = 5000
/** Up to so many changes are asked for one by one. */
const FEW = 8
const PAUSE_MS = 400
/** A track is looked at anew at most this often: every look is written down. */
const TRACK_MS = 60_000
/** Most people whose tracks are fetched. */
const MOST_WALKERS = 60

export function useMapData() {
  const live = useLive()
  const clock = useClock()
  const grids = shallowRef<Map<string, MapGrid> | null>(null)
  const incidents = shallowRef(new Map<string, IncidentRow>())
  const warnings = shallowRef<Warning[]>([])
  const base = shallowRef<Basemap | null>(null)
  const fault = ref('')
  const isComplete = ref(false)
  const isCapped = ref(false)
  let isGone = false
  onScopeDispose(() => (isGone = true))

  const moment = computed(() => momentOf(incidents.value.values(), clock.now))
  const tallies = computed(() => tally(incidents.value.values(), moment.value))

  async function guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      fault.value = ''
    } catch (error) {
      fault.value = told(error)
    }
  }

  async function loadGrids(): Promise<void> {
    grids.value = readGrids(await need(api.GET('/api/grids')))
    performance.mark('map:grids')
  }

  let asked = 0
  async function loadIncidents(): Promise<void> {
    const mine = ++asked
    const found = new Map<string, IncidentRow>()
    let before: number | undefined
    for (;;) {
      const page = (await need(api.GET('/api/incidents', { params: { query: { state: 'open', limit: PAGE, before } } }))).incidents
      if (mine !== asked || isGone) return
      for (const row of page) found.set(row.document, row)
      before = page.at(-1)?.seq
      if (page.length < PAGE || found.size >= MOST) {
        isCapped.value = page.length === PAGE
        break
      }
      // The first picture does not wait for the last page, and is not drawn anew for each.
      if (!isComplete.value && incidents.value.size === 0) incidents.value = new Map(found)
    }
    incidents.value = found
    isComplete.value = true
    performance.mark('map:points')
  }

  async function loadOne(document: string): Promise<void> {
    try {
      const row = await need(api.GET('/api/incidents/{id}', { params: { path: { id: document }, query: { glance: true } } }))
      if (isOpen(row.state)) incidents.value.set(document, row)
      else incidents.value.delete(document)
    } catch (error) {
      // Erased meanwhile.
      if (!(error instanceof ApiFault) || error.status !== 404) throw error
      incidents.value.delete(document)
    }
  }

  const changed = new Set<string>()
  const catchUp = gathered(
    () =>
      guarded(async () => {
        const documents = [...changed]
        changed.clear()
        if (documents.length > FEW || !isComplete.value) await loadIncidents()
        else await Promise.all(documents.map(loadOne))
        triggerRef(incidents)
      }),
    PAUSE_MS,
  )

  async function loadWarnings(): Promise<void> {
    const rows = (await need(api.GET('/api/warnings', { params: { query: { state: 'announced,in_force', limit: 100 } } }))).warnings
    warnings.value = await Promise.all(rows.map(({ document: id }) => need(api.GET('/api/warnings/{id}', { params: { path: { id }, query: { glance: true } } }))))
  }
  const warnSoon = gathered(() => guarded(loadWarnings), 500)

  async function load(): Promise<void> {
    await Promise.all([
      guarded(loadGrids),
      guarded(loadIncidents),
      guarded(loadWarnings),
      loadBasemap().then(
        (found) => (base.value = found),
        () => undefined,
      ),
    ])
  }

  live.on(({ kind, document }) => {
    if (kind === null) void load()
    else if (kind === 'settings') void guarded(loadGrids)
    else if (kind === 'warning') warnSoon()
    else if (kind === 'incident' && document) {
      changed.add(document)
      catchUp()
    }
  })

  return { grids, incidents, warnings, base, tallies, moment, fault, isComplete, isCapped, load }
}

/** Only what everything else is drawn on. */
export function useGround() {
  const grids = shallowRef<Map<string, MapGrid> | null>(null)
  const base = shallowRef<Basemap | null>(null)
  const fault = ref('')
  async function load(): Promise<void> {
    const ground = loadBasemap().then(
      (found) => (base.value = found),
      () => undefined,
    )
    try {
      grids.value = readGrids(await need(api.GET('/api/grids')))
      fault.value = ''
    } catch (error) {
      fault.value = told(error)
    }
    await ground
  }
  onMounted(load)
  return { grids, base, fault }
}

/** People on patrol. Only where their phones sent a path, which they agreed to, is there a place to show. */
export function useWalkers(isWanted: Ref<boolean>, nameOf: (patrol: PatrolRow) => string) {
  const live = useLive()
  const patrols = shallowRef<PatrolRow[]>([])
  const tracks = shallowRef(new Map<string, { track: Walker['track']; at: number }>())
  const fault = ref('')

  async function load(): Promise<void> {
    if (!isWanted.value) return
    try {
      patrols.value = (await need(api.GET('/api/patrols', { params: { query: { state: 'running,paused', limit: MOST_WALKERS } } }))).patrols
      const known = new Set(patrols.value.map(({ document }) => document))
      for (const document of tracks.value.keys()) if (!known.has(document)) tracks.value.delete(document)
      await Promise.all(patrols.value.filter(({ tracked_s }) => tracked_s > 0).map(({ document }) => look(document)))
      triggerRef(tracks)
      fault.value = ''
    } catch (error) {
      fault.value = told(error)
    }
  }

  async function look(id: string): Promise<void> {
    const now = Date.now()
    if (now - (tracks.value.get(id)?.at ?? 0) < TRACK_MS) return
    tracks.value.set(id, { track: tracks.value.get(id)?.track ?? null, at: now })
    const track = await need(api.GET('/api/patrols/{id}/track', { params: { path: { id } } }))
    tracks.value.set(id, { track, at: now })
  }

  const soon = gathered(load, 5000)
  live.on(({ kind }) => {
    if (isWanted.value && (kind === 'patrol' || kind === null)) soon()
  })

  const walkers = computed<Walker[]>(() => (isWanted.value ? patrols.value.map((patrol) => ({ patrol, name: nameOf(patrol), track: tracks.value.get(patrol.document)?.track ?? null })) : []))
  return { walkers, load, fault }
}
