/** Files to begin from: as short as they can be and still be taken by the relay. */
const square = [[115.6, 22.9], [115.61, 22.9], [115.61, 22.91], [115.6, 22.91], [115.6, 22.9]]

export const GRIDS_SAMPLE = JSON.stringify(
  { type: 'FeatureCollection', features: [{ type: 'Feature', properties: { id: 'g1', name: '桥头村', kind: 'village' }, geometry: { type: 'Polygon', coordinates: [square] } }] },
  null,
  1,
)
export const DEPARTMENTS_SAMPLE = '编号,名称,类别\npolice,派出所,order;drugs\nmarket,市场监管所,counterfeit\n'
export const MEMBERS_SAMPLE = '编号,姓名,角色,网格,部门,电话\nm1,王芳,网格员,g1,,13800000001\n'
export const TICKETS_SAMPLE = '工单编号,标题,内容,类别,轻重,地址,网格,纬度,经度,坐标系,时间,联系人,联系电话\n2026-0001,路灯不亮,桥头小学门口路灯不亮,社会治安,一般,桥头小学,g1,,,,2026-03-01T08:00:00+08:00,王先生,13800000000\n'
export const HOUSEHOLDS_SAMPLE = '姓名,地址,电话,人数,对象类别,需求,走访间隔天数,网格\n李奶奶,上坝村 12 号,13800000000,1,独居老人,行动不便,7,g1\n'
