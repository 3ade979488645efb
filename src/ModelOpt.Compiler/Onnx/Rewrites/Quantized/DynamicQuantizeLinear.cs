using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites.Quantized;

/// <summary>
/// Rounds to uint8, with scale and zero point of the smallest and the largest element (zero among them). As ONNX defines it, but for a
/// scale of 1 where all elements are zero, as ONNX Runtime has it.
/// </summary>
internal sealed class DynamicQuantizeLinear() : NodeRewrite("DynamicQuantizeLinear", new Arity(1, 1, 3))
{
    public override string Domain => "";

    public override int Since => 11;

    protected override void Rewrite(Rewriting at)
    {
        Value x = at.Input(0), none = Scalar(at, 0);
        Value low = at.Add("Min", [at.Add("ReduceMin", [x], ("keepdims", 0L)), none]);
        Value high = at.Add("Max", [at.Add("ReduceMax", [x], ("keepdims", 0L)), none]);
        Value range = at.Add("Sub", [high, low]);
        Value isSome = at.Add("Cast", [at.Add("Cast", [range], ("to", (long)ElementType.Bool))], ("to", (long)ElementType.Float32));
        Value scale = Output(at, 1, "Add", at.Add("Div", [range, Scalar(at, 255)]), at.Add("Sub", [Scalar(at, 1), isSome]));
        Value zero = at.Add("Round", [at.Add("Clip", [at.Add("Sub", [none, at.Add("Div", [low, scale])]), none, Scalar(at, 255)])]);
        Value stored = Output(at, 2, "Cast", [zero], ("to", (long)ElementType.UInt8));
        at.Finish("QuantizeLinear", [x, scale, stored]);
    }

    private static Value Scalar(Rewriting at, float number) => at.Constant(Tensor.Scalar(number));

    private static Value Output(Rewriting at, int output, string type, params Value[] inputs) => Output(at, output, type, inputs, []);

    private static Value Output(
        Rewriting at, int output, string type, Value[] inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        if (!at.Reads(output)) return at.Add(type, inputs, attributes);
        at.Make(output, type, inputs, attributes);
        return at.Node.Outputs[output]!;
    }
}
