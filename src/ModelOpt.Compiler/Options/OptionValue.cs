using System.Globalization;
using System.Text.Json.Nodes;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Options;

/// <summary>The possible values of an option: how they are parsed, written and described.</summary>
internal abstract record OptionValue
{
    /// <summary>The words among which to choose, as item metadata and recipes write them; empty for other values.</summary>
    public virtual IReadOnlyList<string> Choices => [];

    /// <summary>Whether recipes write the value as a number rather than as a string.</summary>
    public virtual bool IsNumber => false;

    /// <summary>The placeholder of a value in help texts, such as <c>N</c>.</summary>
    public abstract string Placeholder { get; }

    /// <summary>The possible values, in words that follow "is not".</summary>
    public abstract string Possible { get; }

    /// <summary>Reads a value.</summary>
    /// <param name="words">The <see cref="Choices"/>, perhaps in another spelling, for the message.</param>
    /// <exception cref="CompilationException">The value is not possible; the diagnostic names the nearest that is.</exception>
    public abstract object Parse(string option, string text, IReadOnlyList<string> words);

    /// <summary>A value as item metadata and recipes write it.</summary>
    /// <param name="value">What <see cref="Parse(string, string, IReadOnlyList{string})"/> gave.</param>
    public virtual string Format(object value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;

    /// <summary>The files and folders that a value names.</summary>
    /// <param name="value">What <see cref="Parse(string, string, IReadOnlyList{string})"/> gave.</param>
    public virtual IReadOnlyList<string> Paths(object value) => [];

    /// <summary>The values as a JSON schema, of options that recipes have.</summary>
    public virtual JsonObject Schema() => new() { ["type"] = "string" };

    /// <summary>A number of an option that is out of its range.</summary>
    private protected CompilationException OutOfRange(string option, string text, object nearest, string hint = "") =>
        OptionDiagnostics.OutOfRange.Error(null, option, text.Trim(), Possible, Format(nearest), hint);

    private protected double Number(string option, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && !double.IsNaN(number)
            ? number
            : throw OptionDiagnostics.InvalidNumber.Error(null, option, text.Trim(), Possible);
}

/// <summary>One of an enumeration's names, in any case and with or without hyphens.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
internal sealed record ChoiceValue<T> : OptionValue where T : struct, Enum
{
    public override IReadOnlyList<string> Choices { get; } = Enum.GetNames<T>();

    public override string Placeholder => string.Join('|', Choices);

    public override string Possible => $"one of {string.Join(", ", Choices)}";

    public override object Parse(string option, string text, IReadOnlyList<string> words) =>
        Enum.Parse<T>(OptionParsing.Choice(option, text, words).Replace("-", "", StringComparison.Ordinal), ignoreCase: true);

    public override JsonObject Schema() => new() { ["enum"] = new JsonArray([.. Choices.Select(c => (JsonNode)c)]) };
}

/// <summary>A share, from 0 to below 1.</summary>
internal sealed record ShareValue : OptionValue
{
    private const double Largest = 0.99;

    public override bool IsNumber => true;

    public override string Placeholder => "SHARE";

    public override string Possible => "a share from 0 to below 1";

    public override object Parse(string option, string text, IReadOnlyList<string> words)
    {
        double share = Number(option, text);
        return share switch
        {
            < 0 => throw OutOfRange(option, text, 0.0),
            < 1 => share,
            >= 2 and < 100 => throw OutOfRange(option, text, Largest, $" Did you mean {Format(share / 100)}?"),
            _ => throw OutOfRange(option, text, Largest),
        };
    }

    public override JsonObject Schema() => new() { ["type"] = "number", ["minimum"] = 0, ["exclusiveMaximum"] = 1 };
}

/// <summary>A number above 0 and up to 1.</summary>
internal sealed record RateValue : OptionValue
{
    private const double Smallest = 1e-8;

    public override bool IsNumber => true;

    public override string Placeholder => "RATE";

    public override string Possible => "a number above 0 and up to 1";

    public override object Parse(string option, string text, IReadOnlyList<string> words)
    {
        double rate = Number(option, text);
        return rate switch
        {
            <= 0 => throw OutOfRange(option, text, Smallest),
            <= 1 => rate,
            _ => throw OutOfRange(option, text, 1.0),
        };
    }

    public override JsonObject Schema() => new() { ["type"] = "number", ["exclusiveMinimum"] = 0, ["maximum"] = 1 };
}

/// <summary>A whole number in a range.</summary>
internal sealed record WholeValue(int Smallest, int Largest) : OptionValue
{
    public override bool IsNumber => true;

    public override string Placeholder => "N";

    public override string Possible => Largest == int.MaxValue
        ? string.Create(CultureInfo.InvariantCulture, $"a whole number of at least {Smallest}")
        : string.Create(CultureInfo.InvariantCulture, $"a whole number from {Smallest} to {Largest}");

    public override object Parse(string option, string text, IReadOnlyList<string> words)
    {
        double number = Number(option, text), nearest = Math.Clamp(Math.Round(number), Smallest, Largest);
        return number == nearest ? (int)number : throw OutOfRange(option, text, (int)nearest);
    }

    public override JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = "integer", ["minimum"] = Smallest };
        if (Largest < int.MaxValue) schema["maximum"] = Largest;
        return schema;
    }
}

/// <summary>A pattern of zeros.</summary>
internal sealed record PatternValue : OptionValue
{
    public override string Placeholder => "Unstructured|N:M|RxC";

    public override string Possible => "one of Unstructured, N:M (such as 2:4), RxC (such as 1x4)";

    public override object Parse(string option, string text, IReadOnlyList<string> words) =>
        SparsityPattern.TryParse(text) ?? throw (
            SparsityPattern.Nearest(text) is { } nearest
                ? OptionDiagnostics.OutOfRange.Error(null, option, text.Trim(), Range(nearest.Kind), nearest, "")
                : OptionDiagnostics.InvalidValue.Error(null, option, text.Trim(), "Unstructured, N:M (such as 2:4), RxC (such as 1x4)",
                    OptionParsing.Nearest(text.Trim(), ["Unstructured", "2:4", "1x4"]) is { } meant ? $" Did you mean '{meant}'?" : ""));

    public override JsonObject Schema() => new()
    {
        ["type"] = "string",
        ["pattern"] = "^([Uu]nstructured|[1-9][0-9]{0,2}:[1-9][0-9]{0,2}|[1-9][0-9]{0,2}x[1-9][0-9]{0,2})$",
        ["examples"] = new JsonArray("Unstructured", "2:4", "1x4"),
    };

    private static string Range(SparsityKind kind) =>
        $"{(kind == SparsityKind.NM ? "N:M with N below M," : "RxC with")} both from 1 to {SparsityPattern.Largest}";
}

/// <summary>Numbers, one for each channel or one for all.</summary>
internal sealed record NumbersValue(bool AreDivisors = false) : OptionValue
{
    public override string Placeholder => "a,b,c";

    public override string Possible =>
        AreDivisors ? "a list of positive numbers: data is divided by them" : "a list of numbers such as 123.675,116.28,103.53";

    public override object Parse(string option, string text, IReadOnlyList<string> words)
    {
        float[] numbers = [.. text.Split(',', ';').Select(part =>
            float.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out float number) && float.IsFinite(number)
            && (number > 0 || !AreDivisors)
                ? number
                : throw OptionDiagnostics.InvalidNumber.Error(null, option, text, Possible))];
        return numbers;
    }

    public override string Format(object value) =>
        string.Join(',', ((IReadOnlyList<float>)value).Select(n => n.ToString("R", CultureInfo.InvariantCulture)));
}

/// <summary>The type of the compiled model's inputs: <c>uint8</c>, or <c>float32</c> for the ONNX file's own.</summary>
internal sealed record InputTypeValue : OptionValue
{
    public override IReadOnlyList<string> Choices { get; } = ["float32", "uint8"];

    public override string Placeholder => string.Join('|', Choices);

    public override string Possible => $"one of {string.Join(", ", Choices)}";

    public override object Parse(string option, string text, IReadOnlyList<string> words) =>
        OptionParsing.Choice(option, text, Choices) == "uint8" ? ElementType.UInt8 : ElementType.Undefined;

    public override string Format(object value) => Choices[value is ElementType.UInt8 ? 1 : 0];
}

/// <summary>A file or a folder.</summary>
/// <param name="Placeholder">What stands for it in help texts.</param>
internal sealed record PathValue(string Placeholder) : OptionValue
{
    public override string Placeholder { get; } = Placeholder;

    public override string Possible => "a file or folder";

    public override object Parse(string option, string text, IReadOnlyList<string> words) => text.Trim();

    public override IReadOnlyList<string> Paths(object value) => [(string)value];
}

/// <summary>Files or folders: separated by semicolons in item metadata; on the command line, each given by an option of its own.</summary>
internal sealed record PathsValue : OptionValue
{
    public override string Placeholder => "DATA";

    public override string Possible => "files or folders";

    public override object Parse(string option, string text, IReadOnlyList<string> words) =>
        text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public override string Format(object value) => string.Join(';', Paths(value));

    public override IReadOnlyList<string> Paths(object value) => (IReadOnlyList<string>)value;
}
