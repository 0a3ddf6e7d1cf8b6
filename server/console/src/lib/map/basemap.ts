/** The ground under the grids: tiles that the township loaded or gave an address of, or none. */
import { api, ApiFault, need } from '@/api/client'
import type { components } from '@/api/schema'

export type Basemap = components['schemas']['BaseMapShown']

export const loadBasemap = (): Promise<Basemap> => need(api.GET('/api/basemap'))

/** Where tiles come from; none for a plain ground. A browser keeps tiles of one version only. */
export function tilesOf(base: Pick<Basemap, 'kind' | 'address' | 'version' | 'is_missing'> | null, origin: string): string | null {
  if (!base || base.kind === 'none' || base.is_missing) return null
  return base.kind === 'address' ? base.address : `${origin}/tiles/{z}/{x}/{y}?v=${base.version}`
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
    request.setRequestHeader('content-type', 'application/octet-stream')
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
