using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Selection;
using AttributeType = ModelOpt.Compiler.Onnx.Proto.AttributeProto.Types.AttributeType;

namespace ModelOpt.Compiler.Onnx;

/// <content>Bodies: graphs inside nodes, which read captured values by their names.</content>
internal sealed partial class OnnxWriter
{
    private OnnxWriter(Graph body, OnnxWriter around)
    {
        _graph = body;
        _proto = new GraphProto { Name = body.Name };
        _plan = QdqPlan.Of(body);
        (_taken, _counts, _opset) = (around._taken, around._counts, around._opset);
    }

    private AttributeProto WriteBody(string name, Graph body, Node node)
    {
        // ONNX has one name for one value in a graph and all graphs inside it.
        Graph copy = body.Clone();
        Value[] standIns = [.. copy.Inputs.TakeLast(copy.Captures)];
        foreach (Value value in copy.Values.Except(standIns))
        {
            if (!_taken.Add(value.Name)) value.Name = Unique($"{value.Name}_");
        }

        OnnxWriter writer = new(copy, this);
        for (int i = 1; i <= standIns.Length; i++) writer._read[standIns[^i]] = Read(node.Inputs[^i]!);
        writer.WriteGraph();
        return new AttributeProto { Name = name, Type = AttributeType.Graph, G = writer._proto };
    }
}
