using System.Runtime.InteropServices;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime;

/// <summary>
/// The plans of a model whose file leaves sizes of inputs open: one for each shape of the inputs. The last few are kept; their sessions
/// share memory, which grows to what the largest needs.
/// </summary>
/// <param name="file">The file, expanded.</param>
/// <param name="own">The plan for the sizes that stand in the file.</param>
/// <param name="memories">Memory of the sessions of all plans.</param>
internal sealed class OpenPlans(ReadOnlyMemory<byte> file, SessionPool own, LockFreePool<SessionMemory> memories)
{
    private readonly PlanCache<SessionPool> _plans = new();

    /// <summary>How many plans are kept, besides that of the file's sizes.</summary>
    public int Plans => _plans.Count;

    /// <summary>
    /// Whether inputs leave sizes open that a session cannot run one by one: others than a batch of samples that stay apart.
    /// </summary>
    public static bool AreNeeded(ExecutionPlan plan) => Array.Exists(
        plan.Graph.Inputs, t => t.Signature is { } sizes && Array.LastIndexOf(sizes, -1) >= (plan.AllowsAnyBatch ? 1 : 0));

    /// <summary>How many sizes the inputs have together.</summary>
    public int SizeCount { get; } = own.Plan.Graph.FedInputs.ToArray().Sum(t => t.Rank);

    /// <summary>Writes the sizes that the file has, with another batch in all inputs that leave it open.</summary>
    public void PutSizes(int batch, Span<int> sizes)
    {
        foreach (Tensor input in own.Plan.Graph.FedInputs)
        {
            input.Shape.CopyTo(sizes);
            if (input.HasDynamicBatch)
                sizes[0] = batch;
            sizes = sizes[input.Rank..];
        }
    }

    /// <summary>The sessions that run inputs of given sizes.</summary>
    /// <param name="sizes">Those of all inputs, one input after another.</param>
    /// <param name="samples">How often such a session runs: the batch where samples are run one by one, else 1.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public SessionPool For(ReadOnlySpan<int> sizes, out int samples)
    {
        samples = Samples(sizes);
        if (samples > 1)
        {
            int[] first = sizes.ToArray();
            for (int i = 0, at = 0; i < own.Plan.FedInputs; at += own.Plan.Graph.Inputs[i++].Rank)
                first[at] = 1;
            SessionPool one = Find(first);
            if (one.Plan.AllowsAnyBatch)
                return one;
            samples = 1;
        }

        return Find(sizes);
    }

    /// <summary>Forgets all plans.</summary>
    public void Clear() => _plans.Clear();

    /// <summary>Checks sizes.</summary>
    /// <returns>The first size of all inputs where it is open in all and the same; else 1.</returns>
    private int Samples(ReadOnlySpan<int> sizes)
    {
        ReadOnlySpan<Tensor> inputs = own.Plan.Graph.FedInputs;
        int rest = sizes.Length;
        foreach (Tensor input in inputs)
            rest -= input.Rank;
        if (rest != 0)
            throw new ArgumentException($"{sizes.Length} sizes were given, not {sizes.Length - rest}.", nameof(sizes));
        int samples = inputs.Length > 0 && inputs[0].Rank > 0 ? sizes[0] : 1;
        foreach (Tensor input in inputs)
        {
            ReadOnlySpan<int> shape = sizes[..input.Rank];
            sizes = sizes[input.Rank..];
            if (!input.Takes(shape))
            {
                string open = string.Join(", ", input.Signature ?? input.Shape);
                throw new ArgumentException(
                    $"Input '{input.Name}' has shape [{open}]; [{string.Join(", ", shape.ToArray())}] was given.", nameof(sizes));
            }

            if (!input.HasDynamicBatch || shape[0] != samples)
                samples = 1;
        }

        return samples;
    }

    private SessionPool Find(ReadOnlySpan<int> sizes)
    {
        if (IsOwn(sizes))
            return own;
        ReadOnlySpan<byte> key = MemoryMarshal.AsBytes(sizes);
        if (_plans.Find(key) is { } known)
            return known;
        try
        {
            int threads = own.Workers.Threads;
            ExecutionPlan plan = ExecutionPlan.Create(Sized(sizes), threads, AssembledCode.TryCreate(threads), isSized: true)
                ?? ExecutionPlan.Create(Sized(sizes), threads, code: null, isSized: true)!;
            var pool = new SessionPool(plan, own.Workers, memories);
            // Whether there is memory for it shows now.
            pool.Return(pool.Rent());
            _plans.Add(key.ToArray(), pool);
            return pool;
        }
        catch (InvalidModelException e)
        {
            throw new ArgumentException(
                $"The model does not take sizes [{string.Join(", ", sizes.ToArray())}]: {e.Message}", nameof(sizes), e);
        }
    }

    private bool IsOwn(ReadOnlySpan<int> sizes)
    {
        foreach (Tensor input in own.Plan.Graph.FedInputs)
        {
            if (!sizes[..input.Rank].SequenceEqual(input.Shape))
                return false;
            sizes = sizes[input.Rank..];
        }

        return true;
    }

    private Graph Sized(ReadOnlySpan<int> sizes)
    {
        Graph graph = GraphReader.Read(file);
        int[][] shapes = new int[graph.FedInputs.Length][];
        for (int i = 0; i < shapes.Length; i++)
        {
            shapes[i] = sizes[..graph.Inputs[i].Rank].ToArray();
            sizes = sizes[shapes[i].Length..];
        }

        graph.Resize(shapes);
        return graph;
    }
}
