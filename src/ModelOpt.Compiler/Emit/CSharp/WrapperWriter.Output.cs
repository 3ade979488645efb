using System.Globalization;

namespace ModelOpt.Compiler.Emit.CSharp;

/// <content>What a call gives.</content>
internal static partial class WrapperWriter
{
    private static void WriteOutput(CodeText code, Wrapper wrapper)
    {
        code.Line("/// <summary>What one call of <c>Run</c> gives. Dispose of it when it has been read.</summary>");
        code.Line("public readonly ref struct Output : global::System.IDisposable");
        using (code.Block())
        {
            code.Line($"private readonly {RuntimeName}.ModelOutputs outputs;");
            code.Line();
            code.Line($"internal Output({RuntimeName}.ModelOutputs outputs, int batch)");
            using (code.Block())
            {
                code.Line("this.outputs = outputs;");
                code.Line("this.Batch = batch;");
            }

            code.Line();
            code.Line("/// <summary>The number of samples.</summary>");
            code.Line("public int Batch { get; }");
            code.Line();
            for (int i = 0; i < wrapper.Outputs.Count; i++)
            {
                WrapperTensor output = wrapper.Outputs[i];
                code.Line($"/// <summary>{Describe(output, wrapper)}.</summary>");
                code.Line(CultureInfo.InvariantCulture,
                    $"public {ReadOnlySpan}<{output.Type}> {output.Member} => this.outputs.Get<{output.Type}>({i});");
                code.Line();
                if (!SaysShape(output, wrapper)) continue;
                code.Line($"/// <summary>The sizes of {Code(output.Tensor.Name)} in this call, outermost first.</summary>");
                code.Line(CultureInfo.InvariantCulture,
                    $"public {ReadOnlySpan}<int> {output.Member}Shape => this.outputs.GetShape({i});");
                code.Line();
            }

            if (wrapper.Labelled is { } labelled) WriteTop(code, wrapper, labelled, $"this.{labelled.Member}");
            code.Line("/// <summary>Copies the outputs, to keep them.</summary>");
            code.Line("public OwnedOutput ToOwned() => new OwnedOutput(this);");
            code.Line();
            code.Line("/// <summary>Gives the memory back for later calls.</summary>");
            code.Line("public void Dispose() => this.outputs.Dispose();");
        }
    }

    private static void WriteOwnedOutput(CodeText code, Wrapper wrapper)
    {
        code.Line("/// <summary>A copy of what one call of <c>Run</c> gave, which lives as long as anything refers to it.</summary>");
        code.Line("public sealed class OwnedOutput");
        using (code.Block())
        {
            code.Line("internal OwnedOutput(Output output)");
            using (code.Block())
            {
                code.Line("this.Batch = output.Batch;");
                foreach (WrapperTensor output in wrapper.Outputs)
                {
                    code.Line($"this.{output.Member} = output.{output.Member}.ToArray();");
                    if (SaysShape(output, wrapper)) code.Line($"this.{output.Member}Shape = output.{output.Member}Shape.ToArray();");
                }
            }

            code.Line();
            code.Line("/// <summary>The number of samples.</summary>");
            code.Line("public int Batch { get; }");
            foreach (WrapperTensor output in wrapper.Outputs)
            {
                code.Line();
                code.Line($"/// <summary>{Describe(output, wrapper)}.</summary>");
                code.Line($"public {ReadOnlyMemory}<{output.Type}> {output.Member} {{ get; }}");
                if (!SaysShape(output, wrapper)) continue;
                code.Line();
                code.Line($"/// <summary>The sizes of {Code(output.Tensor.Name)}, outermost first.</summary>");
                code.Line($"public {ReadOnlyMemory}<int> {output.Member}Shape {{ get; }}");
            }

            if (wrapper.Labelled is not { } labelled) return;
            code.Line();
            WriteTop(code, wrapper, labelled, $"this.{labelled.Member}.Span");
        }
    }

    private static bool SaysShape(WrapperTensor output, Wrapper wrapper) => output.HasOpenSizes || (wrapper.TakesShapes && output.IsOpen);

    private static void WriteTop(CodeText code, Wrapper wrapper, WrapperTensor labelled, string all)
    {
        string scores = labelled.HasOpenBatch
            ? $"{all}.Slice(sample * {labelled.Member}Length, {labelled.Member}Length)"
            : all;
        string parameter = labelled.HasOpenBatch ? ", int sample = 0" : "";
        string argument = labelled.HasOpenBatch ? ", sample" : "";
        const string sampleDoc = "/// <param name=\"sample\">The number of the sample in the batch.</param>";

        string what = wrapper.Source.Softmax ? "probabilities, of which logits are made (softmax)" : "scores";
        string softmax = wrapper.Source.Softmax ? ", softmax: true" : "";
        code.Line($"/// <summary>Finds the classes with the highest {what}.</summary>");
        code.Line("/// <param name=\"top\">Receives them, the highest first.</param>");
        if (labelled.HasOpenBatch) code.Line(sampleDoc);
        code.Line("/// <returns>How many there are: fewer than asked for when there are no more classes.</returns>");
        code.Line($"public int TopK({Span}<{RuntimeName}.Prediction> top{parameter}) =>");
        code.Line($"    {RuntimeName}.Prediction.TopK({scores}, labels, top{softmax});");
        code.Line();
        code.Line("/// <summary>The classes with the highest scores, the highest first, in an array of their own.</summary>");
        code.Line("/// <param name=\"count\">How many.</param>");
        if (labelled.HasOpenBatch) code.Line(sampleDoc);
        code.Line($"public {RuntimeName}.Prediction[] Top(int count = 5{parameter})");
        using (code.Block())
        {
            code.Line($"{RuntimeName}.Prediction[] top = new {RuntimeName}.Prediction[global::System.Math.Min(count, labels.Length)];");
            code.Line($"int found = this.TopK(top{argument});");
            code.Line("return found == top.Length ? top : top[..found];");
        }

        code.Line();
    }
}
