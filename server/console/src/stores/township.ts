/** The township's settings and the names of what documents carry only codes of. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api, need } from '@/api/client'
import type { Member, Settings, Source, Words } from '@/api/types'
import { i18n } from '@/i18n'
import { useSession } from './session'

function byId<T extends { id: string }>(list: T[] | null | undefined): Map<string, T> {
  return new Map((list ?? []).map((item) => [item.id, item]))
}

export const useTownship = defineStore('township', () => {
  const settings = shallowRef<Settings | null>(null)
  const members = shallowRef<Member[] | null>(null)
  const sources = shallowRef<Source[] | null>(null)
  const failed = ref(false)
  const isEnglish = computed(() => i18n.global.locale.value === 'en')

  const grids = computed(() => byId(settings.value?.grids))
  const categories = computed(() => byId(settings.value?.categories))
  const departments = computed(() => byId(settings.value?.departments))
  const reasons = computed(() => byId(settings.value?.reasons))
  const answers = computed(() => byId(settings.value?.answers))
  const hazards = computed(() => byId(settings.value?.hazards))
  const themes = computed(() => byId(settings.value?.themes))
  const people = computed(() => byId(members.value))

  const say = (words: Words | undefined, code: string): string => (words ? (isEnglish.value ? words.en : words.zh) || words.zh : code)

  const category = (code: string): string => say(categories.value.get(code)?.name, code)
  const department = (code: string): string => departments.value.get(code)?.name ?? code
  const grid = (code: string | null | undefined): string => (code ? (grids.value.get(code)?.name ?? code) : '')
  const reason = (code: string): string => say(reasons.value.get(code)?.words, code)
  const answer = (code: string): string => say(answers.value.get(code)?.words, code)
  const hazard = (code: string): string => say(hazards.value.get(code)?.name, code)
  const theme = (code: string): string => say(themes.value.get(code)?.name, code)
  const member = (code: string): string => people.value.get(code)?.name ?? code

  async function load(): Promise<void> {
    settings.value = await need(api.GET('/api/settings'))
  }

  /** Who looked at the list is written down: only screens that need names ask for it. */
  async function loadMembers(isAnew = false): Promise<void> {
    const session = useSession()
    if (!session.may('dispatcher', 'leader', 'administrator', 'reader')) return
    if (members.value !== null && !isAnew) return
    members.value = (await need(api.GET('/api/members'))).members
  }

  /** Other systems, for their names. */
  async function loadSources(isAnew = false): Promise<void> {
    const session = useSession()
    if (!session.may('dispatcher', 'leader', 'administrator', 'reader')) return
    if (sources.value !== null && !isAnew) return
    sources.value = (await need(api.GET('/api/intake-sources'))).sources
  }

  const source = (code: string): string => sources.value?.find(({ id }) => id === code)?.name ?? code

  function drop(): void {
    settings.value = null
    sources.value = null
    members.value = null
  }

  return {
    settings, members, sources, failed, grids, categories, departments, reasons, answers, hazards, themes, people,
    say, category, department, grid, reason, answer, hazard, theme, member, source, load, loadMembers, loadSources, drop,
  }
})
