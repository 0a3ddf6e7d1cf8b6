/** Packs the built files into one, which the relay embeds: a line of JSON that lists them, then their bytes. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

interface Line {
  path: string
  plain: [number, number]
  gzip: [number, number]
}

export function packed(files: { path: string; bytes: Buffer }[]): Buffer {
  const list: Line[] = []
  const parts: Buffer[] = []
  let end = 0
  const add = (bytes: Buffer): [number, number] => {
    const start = end
    parts.push(bytes)
    end += bytes.length
    return [start, end]
  }
  for (const { path, bytes } of files) {
    const gzip = gzipSync(bytes, { level: 9 })
    const isSmaller = gzip.length < bytes.length
    list.push({ path, plain: add(bytes), gzip: isSmaller ? add(gzip) : [end, end] })
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(list)}\n`), ...parts])
}

function filesUnder(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesUnder(path) : [path]
  })
}

export function pack(folder: string, to: string): Plugin {
  return {
    name: 'suishou-pack',
    apply: 'build',
    enforce: 'post',
    writeBundle() {
      const paths = filesUnder(folder).sort()
      const files = paths.map((path) => ({ path: relative(folder, path), bytes: readFileSync(path) }))
      writeFileSync(to, packed(files))
    },
  }
}
