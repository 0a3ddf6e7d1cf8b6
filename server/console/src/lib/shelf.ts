/** Where the browser keeps photos that were chosen and are not sent yet: a reload or a lost connection takes none. */

export interface Shelved {
  id: string
  /** Of which form. */
  form: string
  name: string
  bytes: Blob
  /** As the relay knows it, once it has it. */
  hash: string | null
}

export interface Shelf {
  of: (form: string) => Promise<Shelved[]>
  put: (photo: Shelved) => Promise<void>
  remove: (id: string) => Promise<void>
  clear: () => Promise<void>
}

const NAME = 'suishou'
const STORE = 'photos'

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('storage'))
  })
}

function opened(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1)
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' }).createIndex('form', 'form')
  return answered(request)
}

async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await opened()
  try {
    return await answered(work(database.transaction(STORE, mode).objectStore(STORE)))
  } finally {
    database.close()
  }
}

/** Without storage (none allowed, or full) photos live as long as the page. */
const quietly = async <T>(work: Promise<T>, otherwise: T): Promise<T> => work.catch(() => otherwise)

export const browserShelf: Shelf = {
  of: (form) => quietly(within<Shelved[]>('readonly', (store) => store.index('form').getAll(form)), []),
  put: (photo) => quietly(within('readwrite', (store) => store.put(photo)).then(() => undefined), undefined),
  remove: (id) => quietly(within('readwrite', (store) => store.delete(id)).then(() => undefined), undefined),
  clear: () => quietly(within('readwrite', (store) => store.clear()).then(() => undefined), undefined),
}
