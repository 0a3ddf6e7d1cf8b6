/** Who is logged in here, and what they may do. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, need } from '@/api/client'
import type { Operator, OperatorRole, SignedIn } from '@/api/types'
import { forgetDrafts } from '@/lib/draft'
import { isOneOf } from '@/lib/roles'

export const useSession = defineStore('session', () => {
  const operator = ref<Operator | null>(null)
  const roles = ref<OperatorRole[]>([])
  const csrf = ref<string | null>(null)
  const isKnown = ref(false)
  const isIn = computed(() => operator.value !== null)

  function take(signed: SignedIn): void {
    operator.value = signed.operator
    roles.value = signed.operator.roles
    csrf.value = signed.csrf
    isKnown.value = true
  }

  function drop(): void {
    operator.value = null
    roles.value = []
    csrf.value = null
    isKnown.value = true
  }

  /** Asks the relay once; whoever reloads stays logged in. */
  async function load(): Promise<void> {
    const { data, response } = await api.GET('/api/session')
    if (data?.operator) {
      operator.value = data.operator
      roles.value = data.roles
      csrf.value = data.csrf
      isKnown.value = true
    } else if (response.status === 401 || data) {
      drop()
    }
  }

  async function enter(name: string, password: string): Promise<void> {
    take(await need(api.POST('/api/session', { body: { name, password } })))
  }

  async function join(code: string, name: string, shown_name: string, password: string): Promise<void> {
    const own = { ...(name && { name }), ...(shown_name && { shown_name }) }
    take(await need(api.POST('/api/session/join', { body: { code, password, ...own } })))
  }

  async function changePassword(password: string, new_password: string): Promise<void> {
    take(await need(api.POST('/api/session/password', { body: { password, new_password } })))
  }

  async function leave(): Promise<void> {
    await need(api.DELETE('/api/session'))
    forgetDrafts()
    drop()
  }

  const may = (...wanted: OperatorRole[]): boolean => isOneOf(roles.value, wanted)

  return { operator, roles, csrf, isKnown, isIn, load, enter, join, changePassword, leave, drop, may }
})
