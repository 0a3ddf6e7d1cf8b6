package org.suishou.app

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.suishou.core.DocumentKind
import org.suishou.core.GapReason
import org.suishou.core.IncidentState
import org.suishou.core.ItemState
import org.suishou.core.Matter
import org.suishou.core.PatrolState
import org.suishou.core.PostReport
import org.suishou.core.Role
import org.suishou.core.Severity
import org.suishou.core.StepKind
import org.suishou.core.TaskAnswer
import org.suishou.core.TaskForm
import org.suishou.core.TaskState
import org.suishou.core.VisitOutcome
import org.suishou.core.WarningLevel
import org.suishou.core.WarningState
import org.w3c.dom.Element
import java.io.File
import javax.xml.parsers.DocumentBuilderFactory

/** Everything that people read is there in both languages, with the same places to fill in. */
class StringsTest {
    private fun strings(folder: String): Map<String, String> {
        val document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(File("src/main/res/$folder/strings.xml"))
        val found = sortedMapOf<String, String>()
        for (tag in listOf("string", "plurals")) document.getElementsByTagName(tag).let { list ->
            for (at in 0 until list.length) (list.item(at) as Element).let { found[it.getAttribute("name")] = it.textContent }
        }
        return found
    }

    private val places = Regex("%\\d\\$[ds]")

    @Test
    fun `each text is there in Chinese and in English`() {
        val (zh, en) = strings("values") to strings("values-en")
        assertEquals(zh.keys, en.keys)
        assertTrue(zh.size > 300)
        for ((name, text) in zh) {
            assertTrue("$name is empty", text.isNotBlank() && en.getValue(name).isNotBlank())
            assertEquals(name, places.findAll(text).map { it.value }.toSet(), places.findAll(en.getValue(name)).map { it.value }.toSet())
            assertTrue("$name: English with Chinese in it", en.getValue(name).none { it in '\u4e00'..'\u9fff' })
        }
    }

    @Test
    fun `each code that core knows has words`() {
        val known = strings("values").keys
        fun all(prefix: String, codes: List<Enum<*>>) = codes.forEach { assertTrue("${prefix}_$it", "${prefix}_${it.name.lowercase()}" in known) }
        all("state", IncidentState.entries)
        all("step", StepKind.entries)
        all("severity", Severity.entries)
        all("role", Role.entries)
        all("matter", Matter.entries)
        all("kind", DocumentKind.entries)
        all("level", WarningLevel.entries)
        all("warning_state", WarningState.entries)
        all("post", PostReport.entries)
        all("form", TaskForm.entries)
        all("task_state", TaskState.entries)
        all("item", ItemState.entries)
        listOf("answer", "muster", "reminder").forEach { all(it, TaskAnswer.entries) }
        all("outcome", VisitOutcome.entries)
        all("patrol_state", PatrolState.entries)
        all("gap", GapReason.entries)
    }

    /** Codes are written in the library's source: each that a person can meet has words. */
    @Test
    fun `each reason of the library has words`() {
        val source = File("../ffi/src/error.rs").readText()
        val codes = Regex("=> \"([a-z_]+)\"").findAll(source).map { it.groupValues[1] }.toSet()
        assertTrue(codes.size > 25)
        // What has no words of its own is told by what can be done about it.
        val general = setOf("failed", "missing", "invalid", "bad_blur")
        val known = strings("values").keys
        assertEquals(emptySet<String>(), codes.filter { "reason_$it" !in known && it !in general }.toSet())
    }

    @Test
    fun `no text for people stands in code`() {
        val chinese = File("src/main/kotlin").walk().filter { it.extension == "kt" }.flatMap { file ->
            file.readLines().withIndex().filter { (_, line) ->
                line.any { it in '\u4e00'..'\u9fff' } && !line.trimStart().startsWith("*") && !line.trimStart().startsWith("/**") && "简体中文" !in line
            }.map { "${file.name}:${it.index + 1}" }
        }.toList()
        assertEquals(emptyList<String>(), chinese)
    }
}
