/** Another system's words for ours: one line each, `theirs=ours`. */
export function readRules(text: string): Record<string, string> {
  const lines = text.split('\n').map((line) => line.split(/[=＝]/).map((part) => part.trim()))
  return Object.fromEntries(lines.flatMap(([theirs, ours]) => (theirs && ours ? [[theirs, ours]] : [])))
}
