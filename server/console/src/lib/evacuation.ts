/** A list that is worked off door by door, as counts that add up: every household and person stands in exactly one line. */
import type { ItemState, Task } from '@/api/types'

type Item = Task['items'][number]

export interface Line {
  state: ItemState
  households: number
  people: number
}

export interface Board {
  lines: Line[]
  households: number
  people: number
  accounted: { households: number; people: number }
  shelters: { id: number; name: string; households: number; people: number }[]
}

/** In the order in which somebody has to act. */
const ORDER: ItemState[] = ['open', 'absent', 'refused', 'faulty', 'moved', 'elsewhere', 'done']

export function board(items: Item[], shelters: Task['shelters']): Board {
  const total = (list: Item[]): { households: number; people: number } => ({ households: list.length, people: list.reduce((sum, { people }) => sum + people, 0) })
  const lines = ORDER.map((state) => ({ state, ...total(items.filter((item) => item.state === state)) })).filter(({ households }) => households > 0)
  const known = shelters.map(({ id, name }) => ({ id, name, ...total(items.filter((item) => item.state === 'moved' && item.shelter === id)) }))
  return { lines, ...total(items), accounted: total(items.filter(({ is_accounted }) => is_accounted)), shelters: known }
}

/** What somebody looks for: words of the household, a state, or all that still needs a knock. */
export function wanted(items: Item[], state: string, text: string): Item[] {
  const words = text.trim().toLowerCase()
  return items.filter((item) => {
    const fits = state === 'all' || (state === 'missing' ? !item.is_accounted : item.state === state)
    return fits && (!words || `${item.text} ${item.address}`.toLowerCase().includes(words))
  })
}
