using ModelOpt.Compiler.Tests.Peers;

namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>A .tflite in LiteRT.</summary>
internal static class LiteRtRuns
{
    private const int SampleCount = 2;

    /// <summary>Runs the first samples; for the others there are no results.</summary>
    /// <exception cref="FindingException">LiteRT refuses the file.</exception>
    public static Dictionary<string, Tensor>[] Of(Subject original, byte[] tflite)
    {
        try
        {
            return [.. original.Inputs.Take(SampleCount).Select(inputs => LiteRt
                .Run(tflite, inputs.ToDictionary(i => i.Key, i => i.Value.Bytes.ToArray()))
                .Zip(original.Outputs).ToDictionary(o => o.Second, o => new Tensor(TypeOf(o.First.Type), o.First.Shape, o.First.Data)))];
        }
        catch (LiteRtException e)
        {
            throw new FindingException(new Finding(FindingKind.NotLoadable, "LiteRT", e.Message));
        }
    }

    private static ElementType TypeOf(string name) => Enum.Parse<ElementType>(name, ignoreCase: true);
}
