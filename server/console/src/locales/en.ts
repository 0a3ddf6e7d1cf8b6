/** Every English word, in the same files as the Chinese ones. */
import common from './en.json'

const areas = import.meta.glob<object>('./en/*.json', { eager: true, import: 'default' })

export default Object.assign({}, common, ...Object.values(areas)) as typeof common
