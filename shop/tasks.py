"""Work of the kernel on a clock."""

import structlog
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

log = structlog.get_logger("shop.tasks")


@app.periodic(cron="23 * * * *")
@app.task(name="forget_idempotency_keys", queueing_lock="forget_idempotency_keys")
def forget_idempotency_keys(timestamp: int) -> None:
    """Delete answers kept for repeated requests once they are a day old."""
    from shop.api import idempotency

    idempotency.forget_old()


# Every quarter of a minute: a worker counts as dead after half of one, and its jobs are to run within a whole one.
@app.periodic(cron="* * * * * */15")
@app.task(name="resume_abandoned_jobs", queueing_lock="resume_abandoned_jobs", pass_context=True)
async def resume_abandoned_jobs(context: JobContext, timestamp: int) -> None:
    """Put jobs back into the queue whose worker died with them; every task may run twice.

    Those with a queueing lock come again by the clock, and one may be waiting already: they are ended.
    """
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs():
        log.warning("job_abandoned", task=job.task_name, job=job.id)
        if job.queueing_lock:
            await jobs.finish_job(job, status=Status.FAILED, delete_job=True)
        else:
            await jobs.retry_job(job)
