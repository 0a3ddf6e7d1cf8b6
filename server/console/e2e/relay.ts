/** A real relay in a folder of its own: started, filled as an operator would fill it, and stopped. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = dirname(fileURLToPath(import.meta.url))
const DIST = join(HERE, '..', 'dist')
const PROGRAM = join(process.env.CARGO_TARGET_DIR ?? join(HERE, '../../../target'), 'debug', 'suishou')
export const PASSWORD = 'three geese crossing'

const NAMES = ['桥头村', '上坝村', '石桥社区', '南山村', '河口村', '新街社区']

/** Squares side by side. */
export const GRIDS = JSON.stringify({
  type: 'FeatureCollection',
  features: NAMES.map((name, index) => {
    const [x, y] = [115.6 + (index % 3) * 0.02, 22.9 + Math.floor(index / 3) * 0.02]
    const ring = [[x, y], [x + 0.02, y], [x + 0.02, y + 0.02], [x, y + 0.02], [x, y]]
    return { type: 'Feature', properties: { id: `g${index + 1}`, name, kind: 'village' }, geometry: { type: 'Polygon', coordinates: [ring] } }
  }),
})
export const DEPARTMENTS = 'id,name,categories\npolice,派出所,order;drugs\nmarket,市场监管所,counterfeit\ncivil,民政办,relief\nfire,消防站,fire\n'
export const MEMBERS = 'id,name,role,grids,department,phone\nm1,王芳,member,g1,,13800000001\nm2,李强,member,g2,,13800000002\nl1,陈志明,leader,g1;g2;g3,,13800000003\ni1,张卖肉,informant,,,13800000004\n'

const REPORTS: [text: string, category: string, severity: string, grid: string][] = [
  ['菜市场东口卖“祖传神药”，有人围着买', 'counterfeit', 'high', 'g3'],
  ['桥头小学门口路灯不亮已经三天', 'order', 'normal', 'g1'],
  ['后山有烟，像是烧荒', 'fire', 'urgent', 'g4'],
  ['独居老人两天没有开门', 'relief', 'high', 'g2'],
  ['河边堆了建筑垃圾', 'ecology', 'normal', 'g5'],
  ['后山冒烟，已经看到火光', 'fire', 'urgent', 'g4'],
  ['两家为宅基地吵架，快打起来了', 'dispute', 'high', 'g6'],
  ['低洼路段积水，摩托车过不去', 'disaster', 'normal', 'g5'],
]

export class Relay {
  private constructor(
    readonly folder: string,
    readonly base: string,
    readonly code: string,
    private readonly process: ChildProcess,
    private readonly token: string,
  ) {}

  static async start(port = 0): Promise<Relay> {
    const folder = join(mkdtempSync(join(tmpdir(), 'suishou-console-')), 'relay')
    const told = execFileSync(PROGRAM, ['township', 'init', '--name', '桥头镇', '--dir', folder, '--lang', 'zh'], { encoding: 'utf8' })
    const code = /#\/join\/([A-Z0-9]+)/.exec(told)?.[1]
    if (!code) throw new Error(`no link in: ${told}`)
    return Relay.serve(folder, code, port)
  }

  private static async serve(folder: string, code: string, port: number): Promise<Relay> {
    const args = ['serve', '--dir', folder, '--listen', '127.0.0.1:0', '--api-listen', `127.0.0.1:${port}`, '--insecure-http-on-loopback', '--console-dir', DIST]
    const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SUISHOU_LOG: 'warn' } })
    let log = ''
    child.stderr.on('data', (part: Buffer) => (log += part.toString()))
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve())
      child.once('exit', (status) => reject(new Error(`the relay ended with ${status}: ${log}`)))
    })
    const { api } = JSON.parse(readFileSync(join(folder, 'serving.json'), 'utf8')) as { api: string }
    return new Relay(folder, `http://${api}`, code, child, readFileSync(join(folder, 'api.token'), 'utf8').trim())
  }

  /** The same folder served again, at the same address. */
  async again(): Promise<Relay> {
    return Relay.serve(this.folder, this.code, Number(new URL(this.base).port))
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.kill('SIGTERM')
    await ended
  }

  async end(): Promise<void> {
    await this.stop()
    rmSync(dirname(this.folder), { recursive: true, force: true })
  }

  /** As a program of this machine. */
  async ask<T>(method: string, path: string, body?: unknown, kind = 'application/json'): Promise<T> {
    const response = await fetch(this.base + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': kind },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    })
    const answer: unknown = await response.json()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
    return answer as T
  }

  async fill(): Promise<void> {
    await this.ask('PUT', '/api/grids', GRIDS, 'application/geo+json')
    await this.ask('PUT', '/api/departments', DEPARTMENTS, 'text/csv')
    await this.ask('PUT', '/api/members', MEMBERS, 'text/csv')
  }

  /** In the middle of its grid or not far from it, by what it is about. */
  async report(text: string, category: string, severity: string, grid: string): Promise<string> {
    const index = Number(grid.slice(1)) - 1
    const [east, north] = [category.charCodeAt(0) % 7, category.charCodeAt(1) % 7].map((step) => 0.004 + step * 0.002) as [number, number]
    const [longitude, latitude] = [115.6 + (index % 3) * 0.02 + east, 22.9 + Math.floor(index / 3) * 0.02 + north]
    const made = await this.ask<{ document: string }>('POST', '/api/incidents', { text, category, severity, grid, latitude, longitude })
    return made.document
  }

  async reports(): Promise<string[]> {
    const made: string[] = []
    for (const report of REPORTS) made.push(await this.report(...report))
    return made
  }

  /** Somebody who can log in. */
  async operator(name: string, shown_name: string, roles: string[], department?: string): Promise<void> {
    const { code } = await this.ask<{ code: string }>('POST', '/api/operators', { name, shown_name, roles, department })
    await this.ask('POST', '/api/session/join', { code, password: PASSWORD })
  }
}
