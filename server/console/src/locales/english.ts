/** English words of every area, fetched when they are wanted. */
import { together, type Sections } from '@/lib/sections'
import en from './en.json'

const areas = import.meta.glob<Sections>('./en/*.json', { eager: true, import: 'default' })

export default together([en, ...Object.values(areas)])
