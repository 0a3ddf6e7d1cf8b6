/** Phones that answer while somebody works on the console: the real core, told by this test what its people do. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Relay } from './relay.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const PROGRAM = join(process.env.CARGO_TARGET_DIR ?? join(HERE, '../../../target'), 'debug', 'phones')

export interface Reported {
  text: string
  category: string
  severity?: 'low' | 'normal' | 'high' | 'urgent'
  latitude?: number
  longitude?: number
  has_photo?: boolean
  is_anonymous?: boolean
  matter?: 'complaint' | 'suggestion'
}

export class Phones {
  private readonly waiting: ((line: string) => void)[] = []

  private constructor(
    private readonly relay: Relay,
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {
    if (!process.stdout) throw new Error('the phones say nothing')
    createInterface({ input: process.stdout }).on('line', (line) => this.waiting.shift()?.(line))
  }

  static start(relay: Relay): Phones {
    const folder = mkdtempSync(join(tmpdir(), 'suishou-phones-'))
    return new Phones(relay, folder, spawn(PROGRAM, [folder], { stdio: ['pipe', 'pipe', 'inherit'] }))
  }

  private async tell(command: object): Promise<string> {
    const answered = new Promise<string>((resolve) => this.waiting.push(resolve))
    this.process.stdin?.write(`${JSON.stringify(command)}\n`)
    const answer = JSON.parse(await answered) as { document?: string | null; error?: string }
    if (answer.error !== undefined) throw new Error(`${JSON.stringify(command)}: ${answer.error}`)
    return answer.document ?? ''
  }

  /** What the person at this phone does; the relay has it when this is over. */
  async does(phone: string, deed: string, rest: object = {}): Promise<string> {
    return this.tell({ phone, deed, ...rest })
  }

  /** The same without a signal: it waits on the phone. */
  async doesOffline(phone: string, deed: string, rest: object = {}): Promise<string> {
    return this.tell({ phone, deed, is_offline: true, ...rest })
  }

  async reports(phone: string, report: Reported): Promise<string> {
    return this.does(phone, 'report', report)
  }

  async enrol(...members: string[]): Promise<void> {
    for (const member of members) {
      const { invitation } = await this.relay.ask<{ invitation: string }>('POST', '/api/enrolments', { member })
      await this.does(member, 'enrol', { invitation })
    }
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.stdin?.end()
    await ended
    rmSync(this.folder, { recursive: true, force: true })
  }
}
