using System.Globalization;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Options;

/// <summary>Values of inputs, separated by semicolons: <c>sr:16000;threshold:0.5</c>.</summary>
internal sealed record ValuesValue : OptionValue
{
    public override string Placeholder => "NAME:a,b,c";

    public override string Possible => "a list of inputs with their values, such as sr:16000";

    public override object Parse(string option, string text, IReadOnlyList<string> words) =>
        text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(value => Value(value) ?? throw OptionDiagnostics.InvalidNumber.Error(null, option, text.Trim(), Possible)).ToArray();

    public override string Format(object value) => string.Join(';', (IReadOnlyList<InputValue>)value);

    private static InputValue? Value(string text)
    {
        // Names may have colons, too.
        int colon = text.LastIndexOf(':');
        if (colon < 0 || text[..colon].Trim() is not { Length: > 0 } name) return null;
        double?[] elements = [.. text[(colon + 1)..].Split(',').Select(Element)];
        return elements.Contains(null) ? null : new InputValue(name, [.. elements.Select(e => e!.Value)]);
    }

    private static double? Element(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double element) && double.IsFinite(element)
            ? element : null;
}
