using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Learned;

/// <summary>
/// An operator of ai.onnx.ml, as exporters of scikit-learn, XGBoost and LightGBM write them, on rows of numbers [N, features]; a vector is
/// one row. It computes in float32, as most of them do in ONNX.
/// </summary>
internal abstract class LearnedRewrite(string type, Arity arity) : NodeRewrite(type, arity)
{
    /// <summary>The domain of these operators.</summary>
    public const string MachineLearning = "ai.onnx.ml";

    public sealed override string Domain => MachineLearning;

    // A number that is none stands for one that is missing.
    protected sealed override bool TakesAnyNumber => true;

    /// <summary>The numbers of an input, float32.</summary>
    protected static Value Reals(Rewriting at, int index = 0)
    {
        Value x = at.Input(index);
        return x.Type is ElementType.Float32 or ElementType.Undefined ? x : at.Add("Cast", [x], ("to", (long)ElementType.Float32));
    }

    /// <summary>The rows of an input, float32.</summary>
    protected static Value Rows(Rewriting at, int index = 0)
    {
        Value x = Reals(at, index);
        return at.Input(index).Shape is { Rank: 1 } ? at.Add("Unsqueeze", [x, at.Constant(Tensor.Vector(0L))]) : x;
    }

    /// <summary>The floats of an attribute; none where it is absent.</summary>
    protected static float[] Floats(Rewriting at, string name) => at.Node.Floats(name) ?? [];

    /// <summary>A matrix of an attribute's floats, row by row.</summary>
    /// <exception cref="CompilationException">They are no whole rows.</exception>
    protected static Tensor Matrix(Rewriting at, string name, int rows)
    {
        float[] elements = Floats(at, name);
        if (rows < 1 || elements.Length == 0 || elements.Length % rows != 0)
            throw at.Invalid(name, $"has {elements.Length} numbers, which are not {rows} rows");
        return Tensor.Of<float>([rows, elements.Length / rows], elements);
    }

    /// <summary>A vector of float32.</summary>
    protected static Value Vector(Rewriting at, params float[] elements) => at.Constant(Tensor.Vector<float>(elements));

    /// <summary>The refusal of text where numbers are taken.</summary>
    protected static CompilationException Text(Rewriting at, string name) =>
        at.Refusal($"'{name}' is text, and a compiled model has numbers only");
}
