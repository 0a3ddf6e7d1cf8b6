/** For whom an order is: empty until somebody says. */
import type { Audience } from '@/api/types'

export function nobody(): Required<Audience> {
  return { is_everyone: false, grids: [], roles: [], departments: [], members: [] }
}

export function isSomebody(audience: Audience): boolean {
  const { is_everyone, grids = [], roles = [], departments = [], members = [] } = audience
  return Boolean(is_everyone) || [grids, roles, departments, members].some((list) => list.length > 0)
}

/** A moment so many hours from now, on the full hour, for a field that somebody may change. */
export function inHours(hours: number, now: number): string {
  const at = new Date(now + hours * 3_600_000)
  at.setMinutes(0, 0, 0)
  return at.toISOString()
}
