package org.suishou.app.sync

import android.app.job.JobInfo
import android.app.job.JobParameters
import android.app.job.JobScheduler
import android.app.job.JobService
import android.content.BroadcastReceiver
import android.content.ComponentName
import android.content.Context
import android.content.Intent
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import org.suishou.app.app
import org.suishou.app.patrol.PatrolService

/** Syncs when the app is closed and there is a network; the system backs off by itself when it fails. */
class SyncJob : JobService() {
    private var running: Job? = null

    override fun onStartJob(parameters: JobParameters): Boolean {
        running = CoroutineScope(Dispatchers.IO).launch {
            val isWell = app.syncer.once()
            jobFinished(parameters, !isWell)
        }
        return true
    }

    override fun onStopJob(parameters: JobParameters): Boolean {
        running?.cancel()
        return true
    }

    companion object {
        private const val SOON = 1
        private const val OFTEN = 2
        private const val QUARTER_MS = 15 * 60_000L

        /** Something waits: as soon as there is a network, again after a restart, backing off from half a minute. */
        fun plan(context: Context) {
            val scheduler = context.getSystemService(JobScheduler::class.java)
            scheduler.schedule(
                job(context, SOON).setBackoffCriteria(30_000, JobInfo.BACKOFF_POLICY_EXPONENTIAL).build(),
            )
            if (scheduler.getPendingJob(OFTEN) == null) scheduler.schedule(job(context, OFTEN).setPeriodic(QUARTER_MS).build())
        }

        private fun job(context: Context, id: Int) = JobInfo.Builder(id, ComponentName(context, SyncJob::class.java))
            .setRequiredNetworkType(JobInfo.NETWORK_TYPE_ANY)
            .setPersisted(true)
    }
}

/** After a restart or an update: what waits is planned again, and a patrol that ran goes on. */
class BootReceiver : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        if (intent.action !in setOf(Intent.ACTION_BOOT_COMPLETED, Intent.ACTION_MY_PACKAGE_REPLACED)) return
        SyncJob.plan(context)
        PatrolService.goOn(context)
    }
}
