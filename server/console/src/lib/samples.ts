/** Files to begin from: as short as they can be and still be taken by the relay. */
const square = [[115.6, 22.9], [115.61, 22.9], [115.61, 22.91], [115.6, 22.91], [115.6, 22.9]]

export const GRIDS_SAMPLE = JSON.stringify(
  { type: 'FeatureCollection', features: [{ type: 'Feature', properties: { id: 'g1', name: '桥头村', kind: 'village' }, geometry: { type: 'Polygon', coordinates: [square] } }] },
  null,
  1,
)
export const DEPARTMENTS_SAMPLE = '编号,名称,类别\npolice,派出所,order;drugs\nmarket,市场监管所,counterfeit\n'
export const MEMBERS_SAMPLE = '编号,姓名,角色,网格,部门,电话\nm1,王芳,网格员,g1,,13800000001\n'
