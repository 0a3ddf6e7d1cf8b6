// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { api, ApiFault, need, surround } from '@/api/client'

const answers: { status: number; body: unknown }[] = []
const asked: Request[] = []
let confirmed = 0
let out = 0
const reached: boolean[] = []

beforeEach(() => {
  for (const list of [answers, asked, reached]) list.length = 0
  confirmed = out = 0
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(request)
    const next = answers.shift()
    if (!next) throw new TypeError('no network')
    return new Response(JSON.stringify(next.body), { status: next.status, headers: { 'content-type': 'application/json' } })
  })
  surround({
    csrf: () => 'token',
    language: () => 'zh',
    confirm: async () => (confirmed += 1) > 0,
    signedOut: () => (out += 1),
    reached: (isReached) => reached.push(isReached),
  })
})
afterEach(() => vi.unstubAllGlobals())

const refusal = (code: string) => ({ error: { code, reason: '原因', problems: ['一', '二'], request_id: '1' } })
const revoke = () => need(api.POST('/api/devices/{id}/revoke', { params: { path: { id: 'd' } } }))

it('shows the CSRF token with what changes something only', async () => {
  answers.push({ status: 200, body: {} }, { status: 200, body: {} })
  await need(api.GET('/api/settings'))
  await revoke()
  expect(asked.map((request) => request.headers.get('x-csrf-token'))).toEqual([null, 'token'])
  expect(asked[0]?.headers.get('accept-language')).toBe('zh')
})

it('asks for the password where the relay wants it and sends the same again', async () => {
  answers.push({ status: 403, body: refusal('confirm_needed') }, { status: 201, body: { link: 'x' } })
  await need(api.POST('/api/operators', { body: { name: 'a', shown_name: 'b', roles: [] } }))
  expect(confirmed).toBe(1)
  expect(await asked[1]?.json()).toEqual({ name: 'a', shown_name: 'b', roles: [] })
})

it('asks for no password for any other refusal', async () => {
  answers.push({ status: 403, body: refusal('forbidden') })
  await expect(revoke()).rejects.toMatchObject({ status: 403, code: 'forbidden', message: '原因', problems: ['一', '二'] })
  expect(confirmed).toBe(0)
})

it('says when a session is over, and when nobody answers', async () => {
  answers.push({ status: 401, body: refusal('unauthorized') })
  await expect(need(api.GET('/api/settings'))).rejects.toBeInstanceOf(ApiFault)
  expect(out).toBe(1)
  await expect(need(api.GET('/api/settings'))).rejects.toMatchObject({ isOffline: true })
  expect(reached).toEqual([true, false])
})
