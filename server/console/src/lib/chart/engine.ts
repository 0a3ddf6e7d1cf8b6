/** The charts themselves: of ECharts only what is drawn here, in a chunk of its own. */
import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer])

export interface ChartHandle {
  draw: (option: Record<string, unknown>) => void
  destroy: () => void
}

export function makeChart(container: HTMLElement): ChartHandle {
  const chart = init(container)
  const observer = new ResizeObserver(() => chart.resize())
  observer.observe(container)
  return {
    draw: (option) => chart.setOption(option, { notMerge: true }),
    destroy() {
      observer.disconnect()
      chart.dispose()
    },
  }
}
