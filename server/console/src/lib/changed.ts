/** What became of an incident since somebody began to fill in a form about it. */
import type { Incident } from '@/api/types'
import { timeline, type Moment } from './timeline'

type Watched = Pick<Incident, 'state' | 'category' | 'severity' | 'grid' | 'steps' | 'notes'> & { changes?: number }

export interface Look {
  /** As the relay counts its changes: sent along, so that nothing is overwritten unseen. */
  seen?: number
  state: string
  category: string
  severity: string
  grid: string | null
  moments: string[]
}

export interface Since {
  fields: { name: 'state' | 'category' | 'severity' | 'grid'; from: string; to: string }[]
  moments: Moment[]
}

export function lookAt(incident: Watched): Look {
  const { state, category, severity, grid, changes } = incident
  const look = { state, category, severity, grid, moments: timeline(incident).map(({ id }) => id) }
  return changes === undefined ? look : { ...look, seen: changes }
}

export function since(look: Look, incident: Watched): Since {
  const names = ['state', 'category', 'severity', 'grid'] as const
  const fields = names.filter((name) => look[name] !== incident[name]).map((name) => ({ name, from: look[name] ?? '', to: incident[name] ?? '' }))
  return { fields, moments: timeline(incident).filter(({ id }) => !look.moments.includes(id)) }
}

/** What goes along with a step: which changes were before one's eyes. */
export function seenOf(incident: { changes?: number }): { seen?: number } {
  return incident.changes === undefined ? {} : { seen: incident.changes }
}

export function isSame(look: Look, incident: Watched): boolean {
  const { fields, moments } = since(look, incident)
  return fields.length === 0 && moments.length === 0
}
