/** Every Chinese word: what all screens share, and a file for each area with keys of its own at the top. */
import common from './zh.json'

const areas = import.meta.glob<object>('./zh/*.json', { eager: true, import: 'default' })

export default Object.assign({}, common, ...Object.values(areas)) as typeof common
