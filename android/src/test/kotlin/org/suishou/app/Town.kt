package org.suishou.app

import org.json.JSONObject
import java.io.File
import java.net.ServerSocket
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.LockSupport

/** A real township: the program `suishou` on a port of its own, and an operator's command line. */
class Town : AutoCloseable {
    private val program = System.getProperty("relay.program")!!
    private val root: File = Files.createTempDirectory("town").toFile()
    private val folder = File(root, "relay")
    private val port = freePort()
    private var relay: Process? = null

    init {
        run("township", "init", "--name", "桥头镇", "--address", "https://127.0.0.1:$port")
        start()
        json("grid", "import", file("grids.geojson", grids()))
        json("department", "import", file("departments.csv", "id,name,categories\nwater,水利站,disaster\nmarket,市场监管所,food_safety;illegal_trading\n"))
        json("member", "import", file("members.csv", MEMBERS))
        json("checkpoint", "import", file("checkpoints.csv", "id,name,latitude,longitude,grid\nc1,石桥闸口,29.0510,119.6020,g0\nc2,后山坡脚,29.0560,119.6080,g1\n"))
    }

    fun start() {
        File(folder, "serving.json").delete()
        val log = File(root, "relay.log")
        relay = ProcessBuilder(program, "serve", "--listen", "127.0.0.1:$port", "--api-listen", "127.0.0.1:0", "--dir", folder.path)
            .redirectOutput(log).redirectError(log).start()
        val deadline = System.nanoTime() + 20_000_000_000
        while (!File(folder, "serving.json").exists() || runCatching { json("status") }.isFailure) {
            check(System.nanoTime() < deadline && relay!!.isAlive) { "the relay does not answer:\n${log.readText()}" }
            LockSupport.parkNanos(20_000_000)
        }
    }

    /** No network: nobody listens. */
    fun stop() {
        relay?.destroy()
        relay?.waitFor(20, TimeUnit.SECONDS)
        relay = null
    }

    override fun close() {
        stop()
        root.deleteRecursively()
    }

    fun file(name: String, text: String): String = File(root, name).apply { writeText(text) }.path

    fun invitation(member: String): String = JSONObject(run("enrol", member, "--json")).getString("invitation")

    /** What a person types where there is no camera. */
    fun typed(member: String): Pair<String, String> {
        val invited = JSONObject(run("enrol", member, "--json"))
        return "127.0.0.1:$port" to (invited.getString("typed_code"))
    }

    fun json(vararg words: String): JSONObject = JSONObject(run(*words, "--json"))

    fun run(vararg words: String): String {
        val process = ProcessBuilder(listOf(program) + words + listOf("--dir", folder.path, "--lang", "en"))
            .apply { environment()["SUISHOU_LOG"] = "error" }.start()
        val out = process.inputStream.bufferedReader().readText()
        val err = process.errorStream.bufferedReader().readText()
        check(process.waitFor() == 0) { "suishou ${words.joinToString(" ")}: $out$err" }
        return out
    }

    companion object {
        const val MEMBERS = "id,name,role,grids,department,phone\n" +
            "m1,王芳,member,g0;g1;g2,,\nm2,李强,member,g3,,\nl1,陈刚,leader,g0;g1;g2;g3,,\ni1,周师傅,informant,,,\nh1,赵敏,handler,,water,\n"

        private fun freePort() = ServerSocket(0).use { it.localPort }

        /** Twelve grids side by side, none of them square. */
        fun grids(): String {
            val names = listOf("石桥村", "后山村", "河沿村", "老街", "新街", "茶场", "学校", "水库", "林场", "码头", "菜市", "工业区")
            fun bend(x: Int, y: Int) = 119.600 + x * 0.006 + (x * 7 + y * 13) % 5 * 0.0004 to 29.050 + y * 0.005 + (x * 11 + y * 3) % 5 * 0.0004
            val features = names.indices.map { at ->
                val (x, y) = at % 4 to at / 4
                val ring = listOf(bend(x, y), bend(x + 1, y), bend(x + 1, y + 1), bend(x, y + 1), bend(x, y))
                    .joinToString(",") { (east, north) -> "[$east,$north]" }
                """{"type":"Feature","properties":{"id":"g$at","name":"${names[at]}","kind":"village"},"geometry":{"type":"Polygon","coordinates":[[$ring]]}}"""
            }
            return """{"type":"FeatureCollection","features":[${features.joinToString(",")}]}"""
        }
    }
}
