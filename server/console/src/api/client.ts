/**
 * The one way to `/api`: shows the CSRF token with what changes something, asks for the password again where the
 * relay wants it, and turns refusals into `ApiFault`.
 */
import createClient from 'openapi-fetch'
import type { paths } from './schema'

/** A refusal, or no answer at all. */
export class ApiFault extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    reason: string,
    readonly problems: string[] = [],
    readonly requestId = '',
  ) {
    super(reason)
  }

  /** Nobody answered. */
  get isOffline(): boolean {
    return this.status === 0
  }
}

/** What the rest of the program tells the client; set once at the start. */
export interface Surroundings {
  csrf: () => string | null
  language: () => string
  /** Asks for the password; true once it was right. */
  confirm: () => Promise<boolean>
  /** The session is over. */
  signedOut: () => void
  /** An answer came (true), or none did (false). */
  reached: (isReached: boolean) => void
}

let surroundings: Surroundings = {
  csrf: () => null,
  language: () => 'zh',
  confirm: async () => false,
  signedOut: () => undefined,
  reached: () => undefined,
}

export function surround(by: Surroundings): void {
  surroundings = by
}

/** How far the relay's clock is ahead of this machine's, in milliseconds. */
let ahead_ms = 0

/** The time by the relay's clock. */
export function relayNow(): number {
  return Date.now() + ahead_ms
}

async function send(request: Request): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set('accept-language', surroundings.language())
  const csrf = surroundings.csrf()
  if (csrf && request.method !== 'GET') headers.set('x-csrf-token', csrf)
  let response: Response
  try {
    response = await fetch(new Request(request, { headers, credentials: 'same-origin' }))
  } catch {
    surroundings.reached(false)
    throw new ApiFault(0, 'offline', '')
  }
  surroundings.reached(true)
  const date = Date.parse(response.headers.get('date') ?? '')
  // The header has whole seconds: only more than two are a difference.
  if (!Number.isNaN(date)) ahead_ms = Math.abs(date - Date.now()) > 2000 ? date - Date.now() : 0
  return response
}

/** As `fetch`, and gives the password again if it is asked for. */
export async function ask(request: Request): Promise<Response> {
  const again = request.clone()
  const response = await send(request)
  if (response.status === 401 && !new URL(request.url).pathname.startsWith('/api/session')) surroundings.signedOut()
  if (response.status !== 403) return response
  const refusal = (await response.clone().json().catch(() => null)) as { error?: { code?: string } } | null
  if (refusal?.error?.code !== 'confirm_needed') return response
  return (await surroundings.confirm()) ? send(again) : response
}

export const api = createClient<paths>({ baseUrl: globalThis.location?.origin ?? '', fetch: ask })

interface Answered<T> {
  data?: T
  error?: unknown
  response: Response
}

function fault(status: number, error: unknown): ApiFault {
  const told = (error as { error?: { code?: string; reason?: string; problems?: string[]; request_id?: string } } | undefined)?.error
  return new ApiFault(status, told?.code ?? `http_${status}`, told?.reason ?? '', told?.problems ?? [], told?.request_id ?? '')
}

/** The answer, or the refusal thrown. */
export async function need<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked
  if (error !== undefined || !response.ok) throw fault(response.status, error)
  return data as T
}

/** Sends a file as it is. */
export async function sendFile<T>(method: 'PUT' | 'POST', path: string, kind: string, body: BodyInit): Promise<T> {
  const url = new URL(path, globalThis.location.origin)
  const response = await ask(new Request(url, { method, body, headers: { 'content-type': kind } }))
  const answer: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw fault(response.status, answer)
  return answer as T
}

/** Sends bytes and says how far it is, from 0 to 1: `fetch` cannot tell. */
export function sendBytes<T>(path: string, body: Blob, progress: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', path)
    request.setRequestHeader('content-type', body.type || 'application/octet-stream')
    request.setRequestHeader('accept-language', surroundings.language())
    const csrf = surroundings.csrf()
    if (csrf) request.setRequestHeader('x-csrf-token', csrf)
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0)
    request.onload = () => {
      surroundings.reached(true)
      if (request.status === 401) surroundings.signedOut()
      if (request.status < 400) resolve(request.response as T)
      else reject(fault(request.status, request.response))
    }
    request.onerror = request.ontimeout = () => {
      surroundings.reached(false)
      reject(new ApiFault(0, 'offline', ''))
    }
    request.send(body)
  })
}

/** Bytes of a file that is shown here. */
export async function fetchBytes(path: string): Promise<ArrayBuffer> {
  const response = await ask(new Request(new URL(path, globalThis.location.origin)))
  if (!response.ok) throw fault(response.status, await response.json().catch(() => undefined))
  return response.arrayBuffer()
}

/** Hands text to the browser to save. */
export function saveText(text: string, name: string, kind: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: kind }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

/** Fetches a file and hands it to the browser to save. */
export async function saveFile(path: string, name: string): Promise<void> {
  const response = await ask(new Request(new URL(path, globalThis.location.origin)))
  if (!response.ok) throw fault(response.status, await response.json().catch(() => undefined))
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
