/** The ground under the grids: tiles that the township loaded or gave an address of, or none. */
import { ApiFault, ask } from '@/api/client'
import type { Bounds } from './geometry'

export interface Basemap {
  kind: 'none' | 'file' | 'address'
  name: string | null
  bounds: Bounds | null
  min_zoom: number | null
  max_zoom: number | null
  bytes: number | null
  attribution: string | null
  is_gcj02: boolean | null
  address: string | null
}

const NONE: Basemap = { kind: 'none', name: null, bounds: null, min_zoom: null, max_zoom: null, bytes: null, attribution: null, is_gcj02: null, address: null }

export async function loadBasemap(): Promise<Basemap> {
  const response = await ask(new Request(new URL('/api/basemap', globalThis.location.origin)))
  // A relay from before base maps: the ground is plain.
  if (response.status === 404) return NONE
  if (!response.ok) throw new ApiFault(response.status, 'basemap', '')
  return (await response.json()) as Basemap
}

/** Where tiles come from; none for a plain ground. */
export function tilesOf(base: Basemap | null, origin: string): string | null {
  if (!base || base.kind === 'none') return null
  return base.kind === 'address' && base.address ? base.address : `${origin}/tiles/{z}/{x}/{y}`
}

export type AddressFault = 'scheme' | 'places' | 'key'

/** What is wrong with an address of tiles, before the relay is asked. */
export function addressFault(address: string): AddressFault | null {
  const trimmed = address.trim()
  if (!/^https?:\/\/[^/\s]+/.test(trimmed)) return 'scheme'
  if (!['{z}', '{x}', '{y}'].every((place) => trimmed.includes(place))) return 'places'
  // Left as it stood in the example.
  return /[{<](key|tk|token|您的密钥)[}>]/i.test(trimmed) || /[?&](tk|key)=(&|$)/.test(trimmed) ? 'key' : null
}

/** An upload that tells how far it is; a `fetch` can't. */
export function sendWithProgress(path: string, file: Blob, csrf: string | null, progress: (sent: number, total: number) => void, signal: AbortSignal): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', path)
    request.setRequestHeader('content-type', 'application/vnd.mapbox.mbtiles')
    request.setRequestHeader('accept-language', document.documentElement.lang.startsWith('en') ? 'en' : 'zh')
    if (csrf) request.setRequestHeader('x-csrf-token', csrf)
    request.upload.onprogress = ({ loaded, total }) => progress(loaded, total)
    request.onload = () => resolve({ status: request.status, text: request.responseText })
    request.onerror = () => reject(new ApiFault(0, 'offline', ''))
    request.onabort = () => reject(new DOMException('', 'AbortError'))
    signal.addEventListener('abort', () => request.abort())
    request.send(file)
  })
}
