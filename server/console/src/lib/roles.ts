/** Who sees which screen; the relay has the last word on every request. */
import type { OperatorRole } from '@/api/types'

/** Who sees all of the work. */
export const WATCHING: OperatorRole[] = ['dispatcher', 'leader', 'administrator', 'reader']

/** Screens and those who may open them, in the order of the menu. */
export const SCREENS: { name: string; path: string; roles: OperatorRole[] }[] = [
  { name: 'queue', path: '/queue', roles: WATCHING },
  { name: 'map', path: '/map', roles: WATCHING },
  { name: 'desk', path: '/desk', roles: ['handler'] },
  { name: 'orders', path: '/orders', roles: WATCHING },
  { name: 'patrols', path: '/patrols', roles: WATCHING },
  { name: 'care', path: '/care', roles: ['dispatcher', 'leader'] },
  { name: 'figures', path: '/figures', roles: WATCHING },
  { name: 'people', path: '/people', roles: ['dispatcher', 'leader', 'administrator', 'reader'] },
  { name: 'held', path: '/held', roles: WATCHING },
  { name: 'house', path: '/house', roles: ['dispatcher', 'leader', 'administrator', 'identity_keeper'] },
  { name: 'start', path: '/start', roles: ['administrator'] },
]

export function isOneOf(own: OperatorRole[], wanted: OperatorRole[]): boolean {
  return own.some((role) => wanted.includes(role))
}

/** Where somebody begins the day. */
export function homeOf(own: OperatorRole[]): string {
  return SCREENS.find((screen) => isOneOf(own, screen.roles))?.path ?? '/account'
}
