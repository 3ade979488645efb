using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Tests.Peers;

/// <summary>TFLite models of one operator, for trying the peers themselves.</summary>
internal static class TinyTflite
{
    /// <summary>A tensor with one scale and zero point, or with none where the scale is 0.</summary>
    public sealed record Tensor(string Name, TensorType Type, int[] Shape, float Scale = 0, long ZeroPoint = 0);

    /// <summary>A model whose one operator takes the model's inputs and gives its output.</summary>
    public static byte[] Of(BuiltinOperator op, BuiltinOptionsType options, Tensor[] inputs, Tensor output)
    {
        var builder = new FlatBufferBuilder();
        FlatOffset[] tensors = [.. inputs.Append(output).Select(tensor => Write(builder, tensor))];
        int[] inputIndices = [.. Enumerable.Range(0, inputs.Length)];
        int[] outputIndices = [inputs.Length];

        FlatOffset node = Table(builder, 5, () =>
        {
            FlatOffset ins = builder.CreateVector<int>(inputIndices), outs = builder.CreateVector<int>(outputIndices);
            FlatOffset optionTable = Table(builder, 0, () => () => { });
            return () =>
            {
                builder.Add(1, ins);
                builder.Add(2, outs);
                if (options != BuiltinOptionsType.None)
                {
                    builder.Add(3, (byte)options);
                    builder.Add(4, optionTable);
                }
            };
        });
        FlatOffset subgraph = Table(builder, 5, () =>
        {
            FlatOffset all = builder.CreateVector(tensors), nodes = builder.CreateVector([node]);
            FlatOffset ins = builder.CreateVector<int>(inputIndices), outs = builder.CreateVector<int>(outputIndices);
            return () =>
            {
                builder.Add(0, all);
                builder.Add(1, ins);
                builder.Add(2, outs);
                builder.Add(3, nodes);
            };
        });
        FlatOffset code = Table(builder, 4, () => () =>
        {
            builder.Add(0, (byte)op);
            builder.Add(2, 2, defaultValue: 1); // int8 came with each operator's version 2
            builder.Add(3, (int)op);
        });
        FlatOffset noData = Table(builder, 3, () => () => { });
        FlatOffset model = Table(builder, 5, () =>
        {
            FlatOffset codes = builder.CreateVector([code]), subgraphs = builder.CreateVector([subgraph]);
            FlatOffset buffers = builder.CreateVector([noData]);
            return () =>
            {
                builder.Add(0, 3u);
                builder.Add(1, codes);
                builder.Add(2, subgraphs);
                builder.Add(4, buffers);
            };
        });
        return builder.Finish(model, ModelTable.FileIdentifier);
    }

    private static FlatOffset Write(FlatBufferBuilder builder, Tensor tensor) => Table(builder, 8, () =>
    {
        FlatOffset shape = builder.CreateVector<int>(tensor.Shape), name = builder.CreateString(tensor.Name);
        FlatOffset quantization = Table(builder, 7, () =>
        {
            FlatOffset scale = builder.CreateVector<float>([tensor.Scale]), zero = builder.CreateVector<long>([tensor.ZeroPoint]);
            return () =>
            {
                builder.Add(2, scale);
                builder.Add(3, zero);
            };
        });
        return () =>
        {
            builder.Add(0, shape);
            builder.Add(1, (byte)tensor.Type);
            builder.Add(3, name);
            if (tensor.Scale != 0)
                builder.Add(4, quantization);
        };
    });

    /// <summary>A table: the function creates what the table refers to, then returns what adds the fields.</summary>
    private static FlatOffset Table(FlatBufferBuilder builder, int fields, Func<Action> create)
    {
        Action add = create();
        builder.StartTable(fields);
        add();
        return builder.EndTable();
    }
}
