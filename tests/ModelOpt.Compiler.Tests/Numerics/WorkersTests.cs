using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using ModelOpt.Compiler.Numerics;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Numerics;

[TestClass]
internal sealed class WorkersTests
{
    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(3)]
    public void Every_part_is_done_once_and_what_fails_fails_as_itself(int threads)
    {
        using WorkerPool? pool = threads > 0 ? new(threads) : null;
        int[] done = new int[1000];
        new Workers(pool).For(done.Length, i => Interlocked.Increment(ref done[i]));
        Assert.IsTrue(done.All(n => n == 1));
        Assert.AreEqual("part 7", Assert.ThrowsExactly<FormatException>(
            () => new Workers(pool).For(10, i => _ = i == 7 ? throw new FormatException("part 7") : i)).Message);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(3)]
    public void What_is_cancelled_begins_no_more_parts(int threads)
    {
        using WorkerPool? pool = threads > 0 ? new(threads) : null;
        using CancellationTokenSource source = new();
        int done = 0;
        Assert.ThrowsExactly<OperationCanceledException>(() => new Workers(pool, source.Token).For(100_000, i =>
        {
            Interlocked.Increment(ref done);
            if (i == 10) source.Cancel();
        }));
        Assert.IsGreaterThan(0, done);
        Assert.IsLessThan(100_000, done);
    }

    [TestMethod]
    public void The_compiler_has_no_other_threads()
    {
        using var file = new PEReader(File.OpenRead(typeof(Workers).Assembly.Location));
        MetadataReader reader = file.GetMetadataReader();
        string[] known = [.. reader.TypeReferences.Select(t => reader.GetString(reader.GetTypeReference(t).Name))];
        CollectionAssert.Contains(known, nameof(WorkerPool));
        foreach (string other in new[] { nameof(Parallel), nameof(Task), nameof(Thread), nameof(ThreadPool), nameof(ParallelEnumerable) })
            CollectionAssert.DoesNotContain(known, other);
    }
}
