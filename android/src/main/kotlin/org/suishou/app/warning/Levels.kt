package org.suishou.app.warning

import org.suishou.app.R
import org.suishou.core.WarningLevel

/** The colour of a level; its word always stands beside it. */
fun levelTone(level: WarningLevel): Int = when (level) {
    WarningLevel.BLUE -> R.color.level_blue
    WarningLevel.YELLOW -> R.color.level_yellow
    WarningLevel.ORANGE -> R.color.level_orange
    WarningLevel.RED -> R.color.level_red
}

/** What can be read on it. */
fun levelInk(level: WarningLevel): Int = when (level) {
    WarningLevel.BLUE, WarningLevel.RED -> android.R.color.white
    WarningLevel.YELLOW, WarningLevel.ORANGE -> R.color.on_level_light
}
