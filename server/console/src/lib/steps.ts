/** Which buttons an incident has for whom, and what each of them needs before it is sent. */
import type { Dispatch, Incident, OperatorRole, StepForm, StepKind } from '@/api/types'

export type Deed = StepKind | 'merge' | 'correct' | 'note'

/** In the order of the work. */
const ORDER: StepKind[] = ['accepted', 'dispatched', 'handling', 'resolved', 'verified', 'closed', 'returned', 'rejected', 'reopened', 'reminded']
const OF_DEPARTMENT: StepKind[] = ['handling', 'resolved', 'returned']
const MERGING: string[] = ['reported', 'accepted', 'dispatched', 'handling', 'resolved', 'verified', 'returned', 'reopened']
const SETTLED: string[] = ['closed', 'rated', 'rejected', 'duplicate']

/** A handler's own orders that still have something to do. */
export function ownDispatches(incident: Pick<Incident, 'dispatches'>, department: string | null | undefined): Dispatch[] {
  return incident.dispatches.filter((dispatch) => dispatch.department === department)
}

export function deeds(incident: Pick<Incident, 'possible' | 'state' | 'dispatches'>, roles: OperatorRole[], department?: string | null): Deed[] {
  if (roles.includes('dispatcher')) {
    const steps: Deed[] = ORDER.filter((kind) => incident.possible.includes(kind))
    // Dispatching what nobody accepted yet accepts it first.
    if (!steps.includes('dispatched') && steps.includes('accepted')) steps.splice(1, 0, 'dispatched')
    if (MERGING.includes(incident.state)) steps.push('merge')
    if (!SETTLED.includes(incident.state)) steps.push('correct')
    return [...steps, 'note']
  }
  if (!roles.includes('handler')) return []
  const own = ownDispatches(incident, department)
  const isOpen = own.some((dispatch) => dispatch.state === 'sent' || dispatch.state === 'handling')
  const steps: Deed[] = OF_DEPARTMENT.filter((kind) => {
    if (!incident.possible.includes(kind)) return false
    if (kind === 'handling') return own.some((dispatch) => dispatch.state === 'sent')
    return kind === 'resolved' ? isOpen : own.some((dispatch) => dispatch.state !== 'returned')
  })
  return [...steps, 'note']
}

/** What goes at a single key, without a dialog. */
export function isAtOnce(deed: Deed): boolean {
  return deed === 'accepted'
}

export interface Filled {
  departments: string[]
  members: string[]
  due_hours: number | null
  reason: string
  answer: string
  remark: string
  dispatch: string
  category: string
  severity: '' | 'low' | 'normal' | 'high' | 'urgent'
  grid: string
}

export const EMPTY: Filled = { departments: [], members: [], due_hours: null, reason: '', answer: '', remark: '', dispatch: '', category: '', severity: '', grid: '' }

/** What is still missing: the key of the words, or none. */
export function missing(deed: Deed, filled: Filled): string | null {
  if (deed === 'dispatched' && !filled.departments.length && !filled.members.length) return 'need.receiver'
  if (deed === 'rejected' && !filled.reason) return 'need.reason'
  if (deed === 'returned' && !filled.reason && !filled.remark.trim()) return 'need.reason_or_remark'
  if (deed === 'closed' && !filled.answer && !filled.remark.trim()) return 'need.answer'
  if (deed === 'note' && !filled.remark.trim()) return 'need.remark'
  if (deed === 'correct' && !filled.category && !filled.severity && !filled.grid) return 'need.change'
  return null
}

/** The steps to send, in order. */
export function forms(deed: StepKind | 'correct', filled: Filled, incident: Pick<Incident, 'possible'>): StepForm[] {
  const remark = filled.remark.trim() || null
  if (deed === 'correct') {
    const fields: StepForm = { remark }
    if (filled.category) fields.category = filled.category
    if (filled.severity) fields.severity = filled.severity
    if (filled.grid) fields.grid = filled.grid
    return [fields]
  }
  const step: StepForm = { kind: deed, remark }
  if (deed === 'dispatched') {
    const due = filled.due_hours === null ? {} : { due_hours: filled.due_hours }
    step.dispatches = [
      ...filled.departments.map((department) => ({ department, ...due })),
      ...filled.members.map((member) => ({ member, ...due })),
    ]
    const isFirst = !incident.possible.includes('dispatched')
    return isFirst ? [{ kind: 'accepted' }, step] : [step]
  }
  if (filled.reason && (deed === 'returned' || deed === 'rejected' || deed === 'reopened')) step.reason = filled.reason
  if (filled.answer && deed === 'closed') step.answer = filled.answer
  if (filled.dispatch && (OF_DEPARTMENT.includes(deed) || deed === 'reminded')) step.dispatch = filled.dispatch
  return [step]
}
