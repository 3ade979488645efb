using System.Text.Json.Nodes;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Options;

/// <summary>States of a recurrent model, separated by semicolons: <c>h:hn;c:cn</c>.</summary>
internal sealed record StatesValue : OptionValue
{
    public override string Placeholder => "INPUT:OUTPUT";

    public override string Possible => "a list of inputs, each with the output that is its next value, such as h:hn;c:cn";

    // Names may have colons: which of them parts the two is seen beside the model.
    public override object Parse(string option, string text, IReadOnlyList<string> words)
    {
        string[] pairs = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return Array.TrueForAll(pairs, p => p.Length > 2 && p.IndexOf(':', 1, p.Length - 2) > 0) ? pairs
            : throw OptionDiagnostics.InvalidNumber.Error(null, option, text.Trim(), Possible);
    }

    public override JsonObject Schema() => new()
    {
        ["type"] = "string",
        ["pattern"] = "^[^:;]+:[^;]*[^:;]+(;[^:;]+:[^;]*[^:;]+)*$",
        ["examples"] = new JsonArray("state:stateN"),
    };

    public override string Format(object value) => string.Join(';', (IReadOnlyList<string>)value);
}
