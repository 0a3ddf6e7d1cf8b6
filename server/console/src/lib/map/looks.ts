/** Colours of the map, light, dark, and for a wall that is read from afar. */

export interface MapLooks {
  ground: string
  /** From nothing open to very much. */
  shades: [string, string, string, string, string]
  line: string
  lateLine: string
  pick: string
  ink: string
  halo: string
  cluster: string
  clusterUrgent: string
  clusterLate: string
  track: string
  /** Over tiles the areas let them through. */
  fillOpacity: number
  levels: Record<'blue' | 'yellow' | 'orange' | 'red', string>
  textScale: number
}

const LEVELS = { blue: '#1f5fbf', yellow: '#f2c300', orange: '#e8730c', red: '#c4161c' } as const

export const LIGHT: MapLooks = {
  ground: '#e9edf2',
  shades: ['#fbfcfd', '#d9e8fb', '#aecdf3', '#76a8e4', '#3f7cc9'],
  line: '#8d99aa',
  lateLine: '#b3261e',
  pick: '#0b3a80',
  ink: '#1d2129',
  halo: '#ffffff',
  cluster: '#1f5fbf',
  clusterUrgent: '#b05300',
  clusterLate: '#b3261e',
  track: '#0f766e',
  fillOpacity: 1,
  levels: LEVELS,
  textScale: 1,
}

export const DARK: MapLooks = {
  ground: '#0f1319',
  shades: ['#1b212b', '#1f3553', '#254b7d', '#2d65ad', '#3d83dc'],
  line: '#49566a',
  lateLine: '#ff8a80',
  pick: '#ffd561',
  ink: '#eef2f8',
  halo: '#10151c',
  cluster: '#3973c4',
  clusterUrgent: '#c46200',
  clusterLate: '#c8362d',
  track: '#5fd3c5',
  fillOpacity: 1,
  levels: { ...LEVELS, blue: '#5a97f0', red: '#ef4b4f' },
  textScale: 1,
}

/** For a wall, always dark; its letters grow with its size. */
export const WALL: MapLooks = { ...DARK, textScale: 2 }
