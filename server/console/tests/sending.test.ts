import { expect, test, vi } from 'vitest'
import { useSending } from '@/lib/sending'

// The words need the page's styles; which words is another test's affair.
vi.mock('@/lib/say', () => ({ told: (error: Error) => `told: ${error.message}` }))

test('one thing is sent at a time, and what is refused is told until the next try', async () => {
  const { isBusy, fault, sending } = useSending()
  let release: () => void = () => undefined
  let done = 0
  const first = sending(async () => {
    await new Promise<void>((resolve) => (release = resolve))
    done += 1
    throw new Error('refused')
  })
  expect(isBusy.value).toBe(true)
  await sending(async () => void (done += 100))
  expect(done).toBe(0)
  release()
  await first
  expect([done, isBusy.value, fault.value]).toEqual([1, false, 'told: refused'])
  await sending(async () => void (done += 1))
  expect([done, isBusy.value, fault.value]).toEqual([2, false, ''])
})
