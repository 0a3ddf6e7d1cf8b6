/** Pictures that the map asks for by name, drawn on a canvas when they are first wanted. */
import { initial, PERSON, SHAPES } from './symbols'

/** Sharp on screens of twice the pixels. */
export const RATIO = 2
const SIZE = 30

const SEVERITY: Record<string, string> = { urgent: '#b3101c', high: '#b05300', normal: '#1f5fbf', low: '#56606e' }
const LEVEL: Record<string, { ground: string; ink: string }> = {
  blue: { ground: '#1f5fbf', ink: '#fff' },
  yellow: { ground: '#f2c300', ink: '#1d2129' },
  orange: { ground: '#e8730c', ink: '#1d2129' },
  red: { ground: '#c4161c', ink: '#fff' },
}
/** What a post last said: help is wanted loudest. */
const REPORT: Record<string, string> = { need_help: '!', moving: '→', watching: '◎', safe: '✓', silent: '' }

type Context = CanvasRenderingContext2D

function disc(context: Context, fill: string, ring: string): void {
  context.beginPath()
  context.arc(SIZE / 2, SIZE / 2, SIZE / 2 - 3, 0, 2 * Math.PI)
  context.fillStyle = fill
  context.fill()
  context.lineWidth = 2
  context.strokeStyle = ring
  context.stroke()
}

function shape(context: Context, path: string, colour: string, size = 15): void {
  context.save()
  context.translate((SIZE - size) / 2, (SIZE - size) / 2)
  context.scale(size / 24, size / 24)
  context.fillStyle = colour
  context.fill(new Path2D(path), 'evenodd')
  context.restore()
}

function letter(context: Context, text: string, colour: string, x = SIZE / 2, y = SIZE / 2, size = 14): void {
  context.fillStyle = colour
  context.font = `600 ${size}px 'Microsoft YaHei', 'PingFang SC', 'Noto Sans CJK SC', sans-serif`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(text, x, y + 0.5)
}

function badge(context: Context, text: string, fill: string): void {
  context.beginPath()
  context.arc(SIZE - 7, 7, 6.5, 0, 2 * Math.PI)
  context.fillStyle = '#fff'
  context.fill()
  context.beginPath()
  context.arc(SIZE - 7, 7, 5.5, 0, 2 * Math.PI)
  context.fillStyle = fill
  context.fill()
  letter(context, text, '#fff', SIZE - 7, 7, 9)
}

function drawIncident(context: Context, [category = '', severity = '', due, exactness]: string[], name: (category: string) => string): void {
  // Without a place of its own it stands in the middle of its grid, and says so by its ring.
  if (exactness === 'rough') context.setLineDash([3, 2])
  disc(context, SEVERITY[severity] ?? '#1f5fbf', '#fff')
  context.setLineDash([])
  const path = SHAPES[category]
  if (path) shape(context, path, '#fff')
  else letter(context, initial(name(category)), '#fff')
  if (due === 'late') badge(context, '!', '#7a0010')
}

function drawPost(context: Context, [level = '', report = 'silent']: string[], levelName: (level: string) => string): void {
  const { ground, ink } = LEVEL[level] ?? { ground: '#1f5fbf', ink: '#fff' }
  context.beginPath()
  context.moveTo(SIZE / 2, 2)
  context.lineTo(SIZE - 2, SIZE / 2)
  context.lineTo(SIZE / 2, SIZE - 2)
  context.lineTo(2, SIZE / 2)
  context.closePath()
  context.fillStyle = ground
  context.fill()
  context.lineWidth = 2
  context.strokeStyle = '#fff'
  context.stroke()
  letter(context, initial(levelName(level)), ink, SIZE / 2, SIZE / 2, 12)
  const said = REPORT[report]
  if (said) badge(context, said, report === 'need_help' ? '#7a0010' : '#1f6f3a')
}

function hatch(context: Context): void {
  context.strokeStyle = '#a8600b'
  context.lineWidth = 1.2
  context.beginPath()
  for (const from of [-12, 0, 12]) {
    context.moveTo(from, 12)
    context.lineTo(from + 12, 0)
  }
  context.stroke()
}

export interface Named {
  category: (code: string) => string
  level: (code: string) => string
}

/** The picture of this name; none if it is not one of ours. */
export function drawIcon(id: string, named: Named): ImageData | null {
  const size = id === 'hatch' ? 12 : SIZE
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size * RATIO
  const context = canvas.getContext('2d')
  if (!context) return null
  context.scale(RATIO, RATIO)
  const [kind, ...rest] = id.split('/')
  if (kind === 'incident') drawIncident(context, rest, named.category)
  else if (kind === 'post') drawPost(context, rest, named.level)
  else if (kind === 'person') {
    disc(context, rest[0] === 'paused' ? '#56606e' : '#0f766e', '#fff')
    shape(context, PERSON, '#fff')
  } else if (kind === 'checkpoint') {
    context.beginPath()
    context.rect(SIZE / 2 - 5, SIZE / 2 - 5, 10, 10)
    context.fillStyle = '#fff'
    context.fill()
    context.lineWidth = 2.5
    context.strokeStyle = '#0f766e'
    context.stroke()
  } else if (kind === 'hatch') hatch(context)
  else return null
  return context.getImageData(0, 0, canvas.width, canvas.height)
}
