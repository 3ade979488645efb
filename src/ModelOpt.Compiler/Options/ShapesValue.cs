using System.Globalization;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Compiler.Options;

/// <summary>Shapes of inputs, separated by semicolons: <c>images:1,3,640,640;mask:1,640</c>.</summary>
internal sealed record ShapesValue : OptionValue
{
    public override string Placeholder => "NAME:a,b,c";

    public override string Possible => "a list of shapes such as images:1,3,640,640 with sizes of at least 1, or -1 to leave one open";

    public override object Parse(string option, string text, IReadOnlyList<string> words) =>
        text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(shape => Shape(shape) ?? throw OptionDiagnostics.InvalidNumber.Error(null, option, text.Trim(), Possible)).ToArray();

    public override string Format(object value) => string.Join(';', (IReadOnlyList<InputShape>)value);

    private static InputShape? Shape(string text)
    {
        // Names may have colons, too.
        int colon = text.LastIndexOf(':');
        string name = colon < 0 ? "" : text[..colon].Trim();
        int?[] sizes = [.. text[(colon + 1)..].Split(',').Select(Size)];
        return (colon >= 0 && name.Length == 0) || sizes.Contains(null) ? null
            : new InputShape(colon < 0 ? null : name, [.. sizes.Select(s => s!.Value)]);
    }

    private static int? Size(string text) =>
        int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int size) && size is >= 1 or -1 ? size : null;
}
