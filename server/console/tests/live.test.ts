// @vitest-environment jsdom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { useLive, type Heard } from '@/stores/live'

class Stream {
  static OPEN = 1
  static CLOSED = 2
  static all: Stream[] = []
  readyState = 1
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  private listeners = new Map<string, (event: { data: string }) => void>()
  constructor(readonly url: string) {
    Stream.all.push(this)
  }
  addEventListener(name: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(name, listener)
  }
  say(event: { event: string }): void {
    this.listeners.get(event.event)?.({ data: JSON.stringify(event) })
  }
  close(): void {
    this.readyState = Stream.CLOSED
  }
}

const heard: Heard[] = []
let live: ReturnType<typeof useLive>
const scope = () => effectScope()
let visibility = 'visible'

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', Stream)
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility as DocumentVisibilityState)
  visibility = 'visible'
  Stream.all.length = heard.length = 0
  setActivePinia(createPinia())
  live = useLive()
  scope().run(() => live.on((one) => heard.push(one)))
  live.start()
})
afterEach(() => {
  live.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const last = (): Stream => Stream.all.at(-1)!
function look(state: string): void {
  visibility = state
  document.dispatchEvent(new Event('visibilitychange'))
}

it('says which document changed', () => {
  last().onopen?.()
  last().say({ event: 'changed', kind: 'incident', document: 'a', seq: 1 } as { event: string })
  last().say({ event: 'held', kind: 'incident', document: 'b', seq: 2 } as { event: string })
  last().say({ event: 'reset', seq: 9 } as { event: string })
  expect(heard).toEqual([{ kind: 'incident', document: 'a' }, { kind: 'held', document: 'b' }, { kind: null, document: null }])
})

it('tells people only of a connection that stays away, and reads everything anew when it is back', () => {
  last().onopen?.()
  last().onerror?.()
  vi.advanceTimersByTime(3000)
  expect(live.isLost).toBe(false)
  vi.advanceTimersByTime(2000)
  expect(live.isLost).toBe(true)
  expect(heard).toEqual([])
  last().onopen?.()
  expect(live.isLost).toBe(false)
  expect(heard).toEqual([{ kind: null, document: null }])
})

it('comes back by itself when the relay refused it', () => {
  last().close()
  last().onerror?.()
  vi.advanceTimersByTime(3000)
  expect(Stream.all).toHaveLength(2)
})

it('says so when the relay goes on refusing it', () => {
  for (let turn = 0; turn < 3; turn += 1) {
    last().close()
    last().onerror?.()
    vi.advanceTimersByTime(3000)
  }
  expect(live.isLost).toBe(true)
})

it('forgets one request that failed while the stream goes on', () => {
  last().onopen?.()
  live.reached(false)
  vi.advanceTimersByTime(5000)
  expect(live.isLost).toBe(true)
  live.reached(true)
  expect(live.isLost).toBe(false)
})

it('gives the connection of a hidden tab back and takes it again', () => {
  last().onopen?.()
  look('hidden')
  vi.advanceTimersByTime(30_000)
  expect(last().readyState).toBe(Stream.CLOSED)
  look('visible')
  expect(Stream.all).toHaveLength(2)
  last().onopen?.()
  expect(heard).toEqual([{ kind: null, document: null }])
  expect(live.isLost).toBe(false)
})
