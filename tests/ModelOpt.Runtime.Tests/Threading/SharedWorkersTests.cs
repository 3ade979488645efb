using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime.Tests.Threading;

[TestClass]
internal sealed class SharedWorkersTests
{
    [TestMethod]
    public void Equal_numbers_of_threads_share_a_pool_until_the_last_use_ends()
    {
        const int threads = 7;
        WorkerPool first = SharedWorkers.Rent(threads), second = SharedWorkers.Rent(threads), other = SharedWorkers.Rent(threads + 1);
        Assert.AreSame(first, second);
        Assert.AreNotSame(first, other);
        SharedWorkers.Return(first);
        Assert.AreSame(second, SharedWorkers.Rent(threads));
        SharedWorkers.Return(second);
        SharedWorkers.Return(second);
        WorkerPool renewed = SharedWorkers.Rent(threads);
        Assert.AreNotSame(first, renewed);
        SharedWorkers.Return(renewed);
        SharedWorkers.Return(other);
    }

    [TestMethod]
    public void One_thread_needs_no_pool() => Assert.AreEqual(1, SharedWorkers.Rent(1).Threads);
}
