using System.Globalization;
using static ModelOpt.Compiler.Emit.CSharp.WrapperWriter;

namespace ModelOpt.Compiler.Emit.CSharp;

/// <summary>Writes the class that carries the states of a recurrent model from call to call.</summary>
internal sealed class StreamWriter
{
    private const string Throws = "/// <exception cref=\"global::System.ArgumentException\">The number of elements does not fit; the state "
        + "stays.</exception>";

    private readonly CodeText _code;
    private readonly Wrapper _wrapper;

    private StreamWriter(CodeText code, Wrapper wrapper) => (_code, _wrapper) = (code, wrapper);

    /// <summary>Writes the class, and the method that makes one.</summary>
    /// <param name="wrapper">A wrapper with states.</param>
    public static void Write(CodeText code, Wrapper wrapper) => new StreamWriter(code, wrapper).Write();

    private IEnumerable<WrapperTensor> States => _wrapper.States.Select(s => _wrapper.Inputs[s.Input]);

    private void Write()
    {
        _code.Line("/// <summary>Begins a stream: a conversation, whose state is zeros at first.</summary>");
        _code.Line("public Stream CreateStream() => new(this.model);");
        _code.Line();
        _code.Line("/// <summary>");
        _code.Line("/// Carries the state of the model from call to call; one for each conversation. Streams of one model may run on");
        _code.Line("/// several threads at once; a stream takes one call at a time. There is nothing to dispose of; its model must");
        _code.Line("/// outlive it.");
        _code.Line("/// </summary>");
        _code.Line("public sealed class Stream");
        using (_code.Block())
        {
            _code.Line($"private readonly {RuntimeName}.TfliteModel model;");
            foreach (WrapperTensor state in States)
                _code.Line($"private readonly {state.Type}[] {state.Parameter} = new {state.Type}[{state.Member}Length];");
            _code.Line();
            _code.Line($"internal Stream({RuntimeName}.TfliteModel model) => this.model = model;");
            _code.Line();
            foreach (WrapperTensor state in States)
            {
                string name = Code(state.Tensor.Name);
                _code.Line($"/// <summary>What the next call takes as {name}: to keep a stream, or to go on with one.</summary>");
                _code.Line($"public {Span}<{state.Type}> {state.Member} => this.{state.Parameter};");
                _code.Line();
            }

            WriteRuns();
            _code.Line("/// <summary>Begins anew: the state is zeros again.</summary>");
            _code.Line("public void Reset()");
            using (_code.Block())
            {
                foreach (WrapperTensor state in States) _code.Line($"global::System.Array.Clear(this.{state.Parameter});");
            }
        }

        _code.Line();
    }

    private void WriteRuns()
    {
        WrapperTensor[] fed = [.. _wrapper.Inputs.Where((_, i) => _wrapper.States.All(s => s.Input != i))];
        int[] given = [.. Enumerable.Range(0, _wrapper.Outputs.Count).Where(i => _wrapper.States.All(s => s.Output != i))];
        string inputs = string.Join(", ", fed.Select(i => $"{ReadOnlySpan}<{i.Type}> {i.Parameter}"
            + (TakesShape(i, _wrapper) ? $", {ReadOnlySpan}<int> {ShapeOf(i)}" : "")));

        _code.Line("/// <summary>Runs the model on the next sample of the stream.</summary>");
        foreach (WrapperTensor input in fed) WriteInput(input);
        _code.Line("/// <returns>The outputs, valid until disposed of; forgetting to do so costs only garbage.</returns>");
        _code.Line(Throws);
        _code.Line($"public Output Run({inputs})");
        using (_code.Block())
        {
            WriteCall(fed);
            KeepStates();
            _code.Line("return new Output(call.TakeOutputs(), call.Batch);");
        }

        _code.Line();
        if (given.Length == 0) return;
        string outputs = string.Join(", ", given.Select(i => $"{Span}<{_wrapper.Outputs[i].Type}> {_wrapper.Outputs[i].Parameter}"));
        _code.Line("/// <summary>Runs the model on the next sample of the stream and writes its outputs to the caller's memory.</summary>");
        foreach (WrapperTensor input in fed) WriteInput(input);
        foreach (int i in given) WriteParameter(_wrapper.Outputs[i], "Receives ");
        _code.Line(Throws);
        _code.Line($"public void Run({inputs}, {outputs})");
        using (_code.Block())
        {
            WriteCall(fed);
            foreach (int i in given) _code.Line(CultureInfo.InvariantCulture, $"call.GetOutput({i}, {_wrapper.Outputs[i].Parameter});");
            KeepStates();
        }

        _code.Line();
    }

    private void WriteInput(WrapperTensor input)
    {
        WriteParameter(input, "");
        if (!TakesShape(input, _wrapper)) return;
        _code.Line($"/// <param name=\"{ShapeOf(input)}\">Its sizes in this call, outermost first; one sample.</param>");
    }

    private void WriteParameter(WrapperTensor tensor, string verb) =>
        _code.Line($"/// <param name=\"{tensor.Parameter.TrimStart('@')}\">{verb}{Describe(tensor, _wrapper)}.</param>");

    private void WriteCall(WrapperTensor[] fed)
    {
        string sizes = _wrapper.TakesShapes ? WriteSizes(_code, _wrapper, isStream: true) : "";
        _code.Line($"using {RuntimeName}.ModelCall call = this.model.Begin({sizes});");
        for (int i = 0; i < _wrapper.Inputs.Count; i++)
        {
            WrapperTensor input = _wrapper.Inputs[i];
            string value = fed.Contains(input) ? input.Parameter : $"new {ReadOnlySpan}<{input.Type}>(this.{input.Parameter})";
            _code.Line(CultureInfo.InvariantCulture, $"call.SetInput({i}, {value});");
        }

        _code.Line("call.Run();");
    }

    private void KeepStates()
    {
        foreach (WrapperState state in _wrapper.States)
        {
            WrapperTensor input = _wrapper.Inputs[state.Input];
            string values = $"new {Span}<{input.Type}>(this.{input.Parameter})";
            _code.Line(CultureInfo.InvariantCulture, $"call.GetOutput({state.Output}, {values});");
        }
    }
}
