/** What changes on the relay, as it changes; and whether the relay can be reached at all. */
import { defineStore } from 'pinia'
import { onScopeDispose, ref } from 'vue'
import type { DocumentKind, LiveEvent } from '@/api/types'

/** Something of this kind changed; none for everything. */
export type Heard = { kind: DocumentKind | 'held' | 'settings' | null; document: string | null }

type Listener = (heard: Heard) => void

/** After this long without the stream, people are told. */
const PATIENCE_MS = 4000
/** A stream that the relay refused is tried again. */
const AGAIN_MS = 3000
/** Without live changes screens look by themselves. */
const LOOK_MS = 15_000
/** A tab that nobody looks at gives its connection back: a browser has six for one relay. */
const REST_MS = 30_000

export const useLive = defineStore('live', () => {
  const isReached = ref(true)
  const isStreaming = ref(false)
  const isLost = ref(false)
  const listeners = new Set<Listener>()
  let source: EventSource | null = null
  let again: ReturnType<typeof setTimeout> | undefined
  let patience: ReturnType<typeof setTimeout> | undefined
  let look: ReturnType<typeof setInterval> | undefined
  let rest: ReturnType<typeof setTimeout> | undefined
  let wasLost = false
  let isWanted = false

  function tell(heard: Heard): void {
    for (const listener of [...listeners]) listener(heard)
  }

  function found(): void {
    clearTimeout(patience)
    patience = undefined
    isLost.value = false
    isStreaming.value = true
    clearInterval(look)
    look = undefined
    if (wasLost) tell({ kind: null, document: null })
    wasLost = false
  }

  function missed(): void {
    isStreaming.value = false
    wasLost = true
    patience ??= setTimeout(() => (isLost.value = true), PATIENCE_MS)
    look ??= setInterval(() => tell({ kind: null, document: null }), LOOK_MS)
  }

  function hear(message: MessageEvent<string>): void {
    const event = JSON.parse(message.data) as LiveEvent
    if (event.event === 'changed') tell({ kind: event.kind, document: event.document })
    else if (event.event === 'held') tell({ kind: 'held', document: event.document })
    else if (event.event === 'settings') tell({ kind: 'settings', document: null })
    else tell({ kind: null, document: null })
  }

  function start(): void {
    isWanted = true
    close()
    open()
  }

  function open(): void {
    const opened = new EventSource('/api/events')
    source = opened
    opened.onopen = found
    for (const name of ['changed', 'held', 'settings', 'reset']) {
      opened.addEventListener(name, (event) => hear(event as MessageEvent<string>))
    }
    opened.onerror = () => {
      missed()
      // The browser comes back by itself unless it was refused.
      if (opened.readyState === EventSource.CLOSED && source === opened) again = setTimeout(open, AGAIN_MS)
    }
  }

  function stop(): void {
    isWanted = false
    isLost.value = wasLost = false
    close()
  }

  function looked(): void {
    clearTimeout(rest)
    if (document.visibilityState === 'hidden') {
      rest = setTimeout(() => {
        wasLost = true
        close()
      }, REST_MS)
    } else if (isWanted && source === null) {
      open()
    }
  }
  document.addEventListener('visibilitychange', looked)

  function close(): void {
    source?.close()
    source = null
    for (const timer of [again, patience]) clearTimeout(timer)
    clearInterval(look)
    again = patience = look = undefined
  }

  function reached(isNow: boolean): void {
    isReached.value = isNow
    if (!isNow) missed()
    // The stream outlived what was only a request's bad luck.
    else if (!isStreaming.value && source?.readyState === EventSource.OPEN) found()
  }

  /** Calls `listener` as long as the component lives. */
  function on(listener: Listener): void {
    listeners.add(listener)
    onScopeDispose(() => listeners.delete(listener))
  }

  return { isReached, isStreaming, isLost, start, stop, reached, on }
})
