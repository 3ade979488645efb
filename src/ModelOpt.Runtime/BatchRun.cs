using ModelOpt.Runtime.Threading;

namespace ModelOpt.Runtime;

/// <summary>
/// The samples of a batch, each run by one thread in memory of its own: no thread waits for another between layers.
/// </summary>
internal sealed unsafe class BatchRun(SessionPool sessions) : IParallelJob
{
    private readonly byte*[] _inputs = new byte*[sessions.Plan.Inputs.Length];
    private readonly byte*[] _outputs = new byte*[sessions.Plan.Outputs.Length];

    /// <summary>Sets where the samples of an input lie, one after another; they stay there during the run.</summary>
    public void SetInput(int index, byte* samples) => _inputs[index] = samples;

    /// <summary>Sets where the samples of an output go.</summary>
    public void SetOutput(int index, byte* samples) => _outputs[index] = samples;

    void IParallelJob.Execute(int part)
    {
        Session session = sessions.Rent();
        for (int i = 0; i < _inputs.Length; i++)
        {
            int length = sessions.Plan.Inputs[i].Length;
            session.SetSample(i, new ReadOnlySpan<byte>(_inputs[i] + ((nint)part * length), length));
        }

        session.Run();
        for (int i = 0; i < _outputs.Length; i++)
        {
            ReadOnlySpan<byte> output = session.Output(i);
            output.CopyTo(new Span<byte>(_outputs[i] + ((nint)part * output.Length), output.Length));
        }

        sessions.Return(session);
    }
}
