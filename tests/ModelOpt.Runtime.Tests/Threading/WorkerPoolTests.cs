using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime.Tests.Threading;

[TestClass]
internal sealed class WorkerPoolTests
{
    [TestMethod]
    public void Every_part_is_executed_once_also_after_the_workers_parked()
    {
        using var pool = new WorkerPool(4);
        var job = new CountingJob(37);
        for (int i = 1; i <= 300; i++)
        {
            pool.Run(job, job.Counts.Length);
            Assert.IsTrue(job.Counts.All(c => c == i));
            if (i % 100 == 0)
                Thread.Sleep(50);
        }
    }

    [TestMethod]
    public void Forks_of_different_sizes_that_follow_each_other_at_once_do_not_mix()
    {
        using var pool = new WorkerPool(4);
        var job = new CountingJob(9);
        for (int i = 0; i < 200_000; i++)
        {
            int parts = 2 + (i % 8);
            Array.Clear(job.Counts);
            pool.Run(job, parts);
            for (int part = 0; part < job.Counts.Length; part++)
                Assert.AreEqual(part < parts ? 1 : 0, job.Counts[part], $"part {part} of {parts} of fork {i}");
        }
    }

    [TestMethod]
    public void Concurrent_callers_do_not_disturb_each_other()
    {
        using var pool = new WorkerPool(3);
        Parallel.For(0, 8, _ =>
        {
            var job = new CountingJob(5);
            for (int i = 0; i < 500; i++)
                pool.Run(job, 5);
            Assert.IsTrue(job.Counts.All(c => c == 500));
        });
    }

    [TestMethod]
    public void An_exception_of_a_part_reaches_the_caller_and_the_pool_goes_on()
    {
        using var pool = new WorkerPool(3);
        var e = Assert.ThrowsExactly<InvalidOperationException>(() => pool.Run(new FailingJob(), 6));
        Assert.AreEqual("part 4 failed", e.Message);
        var job = new CountingJob(6);
        pool.Run(job, 6);
        Assert.IsTrue(job.Counts.All(c => c == 1));
    }

    [TestMethod]
    public void A_warm_fork_allocates_nothing()
    {
        using var pool = new WorkerPool(2);
        var job = new CountingJob(8);
        for (int i = 0; i < 100; i++)
            pool.Run(job, 8);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            pool.Run(job, 8);
        Assert.AreEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private sealed class CountingJob(int parts) : IParallelJob
    {
        public int[] Counts { get; } = new int[parts];

        public void Execute(int part) => Interlocked.Increment(ref Counts[part]);
    }

    private sealed class FailingJob : IParallelJob
    {
        public void Execute(int part)
        {
            if (part == 4)
                throw new InvalidOperationException("part 4 failed");
        }
    }
}
