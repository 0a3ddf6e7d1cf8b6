/** Pictures of categories: a shape of 24 by 24 each; a township's own categories show the first character of their name. */

const FLAME = 'M12.5 2c.6 3.6 5 6 5 11a5.5 5.5 0 0 1-11 0c0-2.2 1-3.9 2.3-5.2.2 1.8.9 2.7 1.9 3.2C10.3 8 11 5 12.5 2z'
const HEART = 'M12 21C5 15.5 2.5 12 2.5 8.5A5 5 0 0 1 12 6.3 5 5 0 0 1 21.5 8.5C21.5 12 19 15.5 12 21z'

export const SHAPES: Record<string, string> = {
  drugs: 'M5.5 18.5a4.2 4.2 0 0 1 0-6l2.6-2.6 6 6-2.6 2.6a4.2 4.2 0 0 1-6 0zM9.5 8.5l3-3a4.2 4.2 0 0 1 6 6l-3 3z',
  ecology: 'M20.5 3.5C10 3.5 4 8 4 14c0 1.6.4 2.9 1.1 4L3 20.1 4.4 21.5l2.2-2.2c1.1.5 2.3.7 3.4.7 7 0 10.5-7 10.5-16.5z',
  smuggling: 'M12 2l9 4.5v11L12 22l-9-4.5v-11zM12 4.4 6.6 7 12 9.7 17.4 7z',
  counterfeit: 'M3 3h8l10.5 10.5-8 8L3 11zM7.2 5.5a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4z',
  fire: FLAME,
  fire_risk: FLAME,
  epidemic: 'M9 3h6v6h6v6h-6v6H9v-6H3V9h6z',
  disaster: 'M7 13.5a4 4 0 0 1 .3-8A5.5 5.5 0 0 1 18 7a3.3 3.3 0 0 1-.5 6.5zM7 15.5h2.4l-1.5 5H5.5zM12 15.5h2.4l-1.5 5h-2.4zM17 15.5h2.4l-1.5 5h-2.4z',
  relief: HEART,
  elder_care: 'M12 3l9.5 8.5H18.5V21h-4.5v-6h-4v6H5.5v-9.5h-3z',
  dispute: 'M2 4h12v8H8l-3 3v-3H2zM16 8h6v8h-2v3l-3-3h-7v-2h6z',
  order: 'M12 2l8 3v6c0 5-3.4 9-8 11-4.6-2-8-6-8-11V5z',
  food_safety: 'M3 11h18a9 9 0 0 1-6 8.5V21H9v-1.5A9 9 0 0 1 3 11zM8 9.5c-1-2 1-3 0-5.5h2c1 2.5-1 3.5 0 5.5zM13 9.5c-1-2 1-3 0-5.5h2c1 2.5-1 3.5 0 5.5z',
  sanitation: 'M5 8h14l-1.3 13H6.3zM9 3h6v2h5v2H4V5h5z',
  illegal_trading: 'M3 4h18l1 6a2.5 2.5 0 0 1-3 2.2V20H5v-7.8A2.5 2.5 0 0 1 2 10zM8 13.5v4h8v-4z',
}

export const PERSON = 'M12 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4 21c0-5 3.5-8 8-8s8 3 8 8z'

/** What stands for a category without a shape. */
export function initial(name: string): string {
  return [...name.trim()][0] ?? '?'
}
