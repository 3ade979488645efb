using System.Runtime.InteropServices;
using ModelOpt.Runtime;

namespace ModelOpt.Benchmarks;

/// <summary>Runs a layer on one thread, without copying inputs or outputs.</summary>
internal sealed class LayerRunner : IDisposable
{
    private readonly TfliteModel _model;
    private readonly Session _session;

    public LayerRunner(Layer layer)
    {
        _model = TfliteModel.Load(layer.Build());
        _session = _model.RentSession();
        var random = new Random(2);
        for (int i = 0; i < _model.Inputs.Count; i++)
        {
            var input = new byte[_model.Plan.Inputs[i].Length];
            if (_model.Inputs[i].ElementType == typeof(float))
            {
                foreach (ref float value in MemoryMarshal.Cast<byte, float>(input.AsSpan()))
                    value = random.NextSingle();
            }
            else
            {
                random.NextBytes(input);
            }

            _session.SetSample(i, input);
        }
    }

    /// <summary>The kernel that the plan chose.</summary>
    public string Kernel => _model.Plan.Steps[0].Kernel.GetType().Name;

    public void Run() => _session.Run();

    public void Dispose() => _model.Dispose();
}
