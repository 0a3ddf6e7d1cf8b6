// @vitest-environment jsdom
import { beforeEach, expect, it } from 'vitest'
import { effectScope, nextTick } from 'vue'
import { forgetDrafts, useDraft } from '@/lib/draft'

beforeEach(() => localStorage.clear())
const empty = () => ({ text: '', grids: [] as string[] })
const open = () => effectScope().run(() => useDraft('a', empty))!

it('is there again after a reload, and gone once it was saved', async () => {
  const first = open()
  expect(first.isKept.value).toBe(false)
  first.form.value.text = '写了一半'
  first.form.value.grids.push('g1')
  await nextTick()
  const again = open()
  expect(again.isKept.value).toBe(true)
  expect(again.form.value).toEqual({ text: '写了一半', grids: ['g1'] })
  again.clear()
  await nextTick()
  expect(open().isKept.value).toBe(false)
})

it('keeps nothing of an untouched form, and nothing after somebody left', async () => {
  const one = open()
  one.form.value.text = 'x'
  await nextTick()
  localStorage.setItem('suishou.lang', 'zh')
  forgetDrafts()
  expect(Object.keys(localStorage)).toEqual(['suishou.lang'])
  one.form.value.text = ''
  await nextTick()
  expect(localStorage.getItem('suishou.draft.a')).toBeNull()
})

it('survives what somebody else wrote there', () => {
  localStorage.setItem('suishou.draft.a', '{"text"')
  expect(open().form.value).toEqual(empty())
})
