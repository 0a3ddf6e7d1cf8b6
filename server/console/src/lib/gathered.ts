/** Runs at once when it was quiet, and at most once in `pause_ms` when there is much to do: the last call is never lost. */
export function gathered(work: () => unknown, pause_ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isWanted = false
  const turn = (): void => {
    timer = undefined
    if (!isWanted) return
    isWanted = false
    timer = setTimeout(turn, pause_ms)
    void work()
  }
  return () => {
    isWanted = true
    if (timer === undefined) turn()
  }
}
