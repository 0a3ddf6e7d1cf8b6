/** Words come in files, one for each area: put together section by section. */
export type Sections = Record<string, Record<string, unknown>>

/** A section may be spread over files; what stands twice is an error that a test finds. */
export function together(files: Sections[]): Sections {
  const all: Sections = {}
  for (const file of files) {
    for (const [section, words] of Object.entries(file)) all[section] = { ...all[section], ...words }
  }
  return all
}
