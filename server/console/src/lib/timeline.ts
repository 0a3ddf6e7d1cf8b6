/** What happened to a document, in the order in which the relay came to know it: steps, with the remarks that belong to them, and remarks alone. */
import type { Incident, Note, Person, StepShown } from '@/api/types'

type Origin = StepShown['origin']

export interface Moment {
  id: string
  step: StepShown | null
  notes: Note[]
  origin: Origin
}

function time(origin: Origin): number {
  return new Date(origin.received_at ?? origin.claimed_at).getTime()
}

export function timeline(incident: Pick<Incident, 'steps' | 'notes'>): Moment[] {
  const taken = new Set<string>()
  const moments: Moment[] = incident.steps.map((step) => {
    const notes = incident.notes.filter((note) => note.step === step.id)
    for (const note of notes) taken.add(note.origin.entry)
    return { id: step.id, step, notes, origin: step.origin }
  })
  for (const note of incident.notes) {
    if (!taken.has(note.origin.entry)) moments.push({ id: note.origin.entry, step: null, notes: [note], origin: note.origin })
  }
  return moments
    .map((moment, index) => ({ moment, index }))
    .sort((a, b) => time(a.moment.origin) - time(b.moment.origin) || a.index - b.index)
    .map(({ moment }) => moment)
}

/** The photos of the newest step that says it was seen to; none if it has none. */
export function resultPhotos(incident: Pick<Incident, 'steps' | 'notes'>): Incident['photo_blobs'] | null {
  const done = timeline(incident).filter(({ step }) => step && ['resolved', 'verified', 'closed'].includes(step.kind))
  const photos = done.map(({ notes }) => notes.flatMap((note) => note.photos).filter((photo) => photo.is_stored || photo.has_preview))
  return photos.filter((list) => list.length > 0).at(-1) ?? null
}

export interface Who {
  name: string
  role: string | null
  isCentre: boolean
  isHidden: boolean
}

interface Peopled {
  participants: Person[]
  operators: { entry: string; name: string }[]
}

/** Who wrote an entry, as far as the caller may know. */
export function who(document: Peopled, origin: Origin): Who {
  const hand = document.operators.find((operator) => operator.entry === origin.entry)
  if (hand) return { name: hand.name, role: null, isCentre: true, isHidden: false }
  const person = document.participants.find((known) => known.author === origin.author)
  if (person && (person.name || person.is_hidden)) return { name: person.name, role: person.role ?? null, isCentre: false, isHidden: person.is_hidden }
  const isCentre = origin.author === 'centre' || origin.author === 'you'
  return { name: isCentre ? '' : origin.author, role: null, isCentre, isHidden: false }
}

/** A phone's clock that differs from the relay's by more than this is worth a word. */
const SKEW_MS = 5 * 60_000

export function isClaimFar(origin: Origin): boolean {
  if (origin.received_at === null || origin.received_at === undefined) return false
  return Math.abs(new Date(origin.received_at).getTime() - new Date(origin.claimed_at).getTime()) > SKEW_MS
}
