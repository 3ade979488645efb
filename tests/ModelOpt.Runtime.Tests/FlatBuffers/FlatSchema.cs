using System.Globalization;
using System.Text.RegularExpressions;

namespace ModelOpt.Runtime.Tests.FlatBuffers;

/// <summary>A FlatBuffers schema, read from as much of its language as tflite.fbs uses.</summary>
internal sealed partial class FlatSchema
{
    /// <summary>A field of a table.</summary>
    /// <param name="Type">Its type, or that of its elements.</param>
    /// <param name="Alignment">Where elements of a vector start: a multiple of this; 0 unless forced.</param>
    /// <param name="IsDeprecated">Whether it only keeps its place.</param>
    internal sealed record Field(string Name, string Type, bool IsVector, string Default, int Id, int Alignment, bool IsDeprecated);

    /// <summary>Names of values. A union is one, of tables.</summary>
    internal sealed record Enumeration(string Base, bool IsUnion, Dictionary<long, string> Names)
    {
        /// <summary>The value of a name.</summary>
        public long ValueOf(string name) => Names.First(pair => pair.Value == name).Key;
    }

    private readonly Dictionary<string, Field[]> _tables = [];
    private readonly Dictionary<string, Enumeration> _enums = [];

    private FlatSchema(string text)
    {
        text = Comment().Replace(text, "");
        foreach (Match match in Enum().Matches(text))
        {
            bool union = match.Groups["kind"].Value == "union";
            Dictionary<long, string> names = Member().Matches(match.Groups["members"].Value).ToDictionary(
                m => long.Parse(m.Groups["value"].Value, CultureInfo.InvariantCulture), m => m.Groups["name"].Value);
            if (union) names[0] = "NONE";
            _enums[match.Groups["name"].Value] = new Enumeration(union ? "ubyte" : match.Groups["base"].Value, union, names);
        }

        foreach (Match match in Table().Matches(text))
            _tables[match.Groups["name"].Value] = [.. Fields(match.Groups["fields"].Value)];
        Identifier = FileIdentifier().Match(text).Groups["id"].Value;
        Root = RootType().Match(text).Groups["name"].Value;
    }

    /// <summary>The four letters at a file's fifth byte.</summary>
    public string Identifier { get; }

    /// <summary>The table that a file is.</summary>
    public string Root { get; }

    /// <summary>tests/ModelOpt.Runtime.Tests/Tflite/tflite.fbs.</summary>
    public static FlatSchema Tflite { get; } = new(File.ReadAllText(TflitePath));

    /// <summary>The file of <see cref="Tflite"/>.</summary>
    public static string TflitePath => Path.Combine(AppContext.BaseDirectory, "Tflite", "tflite.fbs");

    /// <summary>The fields of a table by their places.</summary>
    public Field[] FieldsOf(string table) => _tables[table];

    /// <summary>The names of a type's values; null where it has none.</summary>
    public Enumeration? EnumOf(string type) => _enums.GetValueOrDefault(type);

    /// <summary>Whether a field's type is a table.</summary>
    public bool IsTable(string type) => _tables.ContainsKey(type);

    /// <summary>Whether a field is a number, by itself or in a vector.</summary>
    public bool IsScalar(Field field) => !IsTable(field.Type) && field.Type != "string" && !IsUnionValue(field);

    /// <summary>Whether a field is the table of a union; the field before it tells which.</summary>
    public bool IsUnionValue(Field field) =>
        EnumOf(field.Type) is { IsUnion: true } && !field.Name.EndsWith("_type", StringComparison.Ordinal);

    /// <summary>The bytes of a number.</summary>
    public int SizeOf(string type) => (EnumOf(type)?.Base ?? type) switch
    {
        "bool" or "byte" or "ubyte" => 1,
        "int" or "int32" or "uint" or "float" => 4,
        "long" => 8,
        _ => throw new NotSupportedException(type),
    };

    private IEnumerable<Field> Fields(string text)
    {
        int id = 0;
        foreach (Match match in FieldLine().Matches(text))
        {
            string name = match.Groups["name"].Value, type = match.Groups["type"].Value, attributes = match.Groups["attributes"].Value;
            if (EnumOf(type) is { IsUnion: true }) yield return new Field($"{name}_type", type, false, "0", id++, 0, false);
            string zero = match.Groups["default"] is { Success: true } given ? given.Value : type == "bool" ? "false" : "0";
            yield return new Field(
                name, type, match.Groups["vector"].Success, zero, id++,
                attributes.StartsWith("force_align:", StringComparison.Ordinal)
                ? int.Parse(attributes[12..], CultureInfo.InvariantCulture)
                : 0,
                attributes == "deprecated");
        }
    }

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<kind>enum|union)\s+(?<name>\w+)\s*(:\s*(?<base>\w+))?\s*\{(?<members>[^}]*)\}")]
    private static partial Regex Enum();

    [GeneratedRegex(@"(?<name>\w+)\s*=\s*(?<value>\d+)")]
    private static partial Regex Member();

    [GeneratedRegex(@"table\s+(?<name>\w+)\s*\{(?<fields>[^}]*)\}")]
    private static partial Regex Table();

    [GeneratedRegex(@"(?<name>\w+)\s*:\s*(?<vector>\[)?(?<type>\w+)\]?\s*(=\s*(?<default>\w+))?\s*(\((?<attributes>[^)]*)\))?\s*;")]
    private static partial Regex FieldLine();

    [GeneratedRegex("file_identifier\\s+\"(?<id>....)\"")]
    private static partial Regex FileIdentifier();

    [GeneratedRegex(@"root_type\s+(?<name>\w+)")]
    private static partial Regex RootType();
}
