package org.suishou.app.phone

import org.suishou.core.BlobHash
import org.suishou.core.DocumentId
import org.suishou.core.DocumentKind
import org.suishou.core.GridId
import org.suishou.core.Mine
import org.suishou.core.PageKey
import org.suishou.core.Query
import org.suishou.core.Remark
import org.suishou.core.Sort

/** A question with no condition but those given. */
fun query(
    kinds: List<DocumentKind> = emptyList(),
    states: List<String> = emptyList(),
    isOpen: Boolean? = null,
    grid: GridId? = null,
    whose: Mine = Mine.OR_OTHERS,
    forMe: Boolean = false,
    text: String = "",
    about: DocumentId? = null,
    overdue: Boolean = false,
    sort: Sort = Sort.NEWEST,
    limit: Int = 50,
    after: PageKey? = null,
) = Query(
    kinds = kinds, states = states, isOpen = isOpen, grid = grid, categories = emptyList(), minLevel = null,
    whose = whose, forMe = forMe, from = null, to = null, near = null, text = text, about = about, overdue = overdue,
    hasClash = null, unsentOnly = false, sort = sort, limit = limit.toUInt(), after = after,
)

fun remark(text: String = "", photos: List<BlobHash> = emptyList(), voice: BlobHash? = null) = Remark(text, photos, voice)
