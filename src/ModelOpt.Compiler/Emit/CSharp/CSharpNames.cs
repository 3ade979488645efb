using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace ModelOpt.Compiler.Emit.CSharp;

/// <summary>Makes C# names of file and tensor names.</summary>
internal static class CSharpNames
{
    private static readonly FrozenSet<string> Keywords = FrozenSet.ToFrozenSet(
        ("abstract as base bool break byte case catch char checked class const continue decimal default delegate do double "
        + "else enum event explicit extern false finally fixed float for foreach goto if implicit in int interface internal "
        + "is lock long namespace new null object operator out override params private protected public readonly ref return "
        + "sbyte sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked "
        + "unsafe ushort using virtual void volatile while").Split(' '), StringComparer.Ordinal);

    // Words that are keywords in some places only, and that the compiler refuses or warns of as the name of a type.
    private static readonly FrozenSet<string> NoTypes = FrozenSet.ToFrozenSet(
        ("await dynamic extension field file managed nint notnull nuint partial record required scoped unmanaged value var "
        + "where with yield").Split(' '), StringComparer.Ordinal);

    /// <summary>
    /// The class name of a model file: <c>mobile_net-v2.onnx</c> gives <c>MobileNetV2</c>; <c>output.onnx</c> gives
    /// <c>OutputModel</c>, as every class has a member named <c>Output</c>.
    /// </summary>
    /// <param name="file">The path or name of the file.</param>
    public static string ClassName(string file)
    {
        string name = Pascal(Path.GetFileNameWithoutExtension(file), "Model");
        return IsMember(name) ? name + "Model" : name;
    }

    /// <summary>Whether every generated class has a member of this name, so that no such class can be called so itself.</summary>
    public static bool IsMember(string className) => Wrapper.ClassMembers.Contains(className);

    /// <summary>Whether the text can stand as the name of a class.</summary>
    public static bool IsTypeName(string text) => IsIdentifier(text) && !NoTypes.Contains(text);

    /// <summary>Makes a namespace of text that may not be one, such as a project's name.</summary>
    public static string Namespace(string text) =>
        string.Join('.', text.Split('.', StringSplitOptions.RemoveEmptyEntries).Select(part =>
        {
            string name = string.Concat(part.Select(c => IsPart(c) ? c : '_'));
            return IsIdentifier(name) ? name : "_" + name;
        }));

    /// <summary>Whether the text can stand as a name in C# without escape.</summary>
    public static bool IsIdentifier(string text) =>
        text.Length > 0 && IsStart(text[0]) && text.All(IsPart) && !Keywords.Contains(text);

    /// <summary>Whether the text is a namespace in C#.</summary>
    public static bool IsNamespace(string text) => text.Split('.').All(IsIdentifier);

    /// <summary>Joins the words of a name, each with a capital; <c>input:0</c> gives <c>Input0</c>.</summary>
    /// <param name="prefix">The prefix of a name that would begin with a digit or be empty.</param>
    internal static string Pascal(string text, string prefix)
    {
        var name = new StringBuilder(text.Length);
        bool capital = true;
        foreach (char c in text)
        {
            if (c != '_' && IsPart(c))
            {
                name.Append(capital ? char.ToUpperInvariant(c) : c);
                capital = false;
            }
            else
            {
                capital = true;
            }
        }

        return name.Length > 0 && IsStart(name[0]) ? name.ToString() : prefix + name;
    }

    /// <summary>The same name as a parameter, escaped where it is a keyword.</summary>
    /// <param name="pascal">A name that begins with a capital.</param>
    internal static string Camel(string pascal)
    {
        // An acronym falls as a whole: "ID" gives "id", "RGBImage" gives "rgbImage".
        int capitals = pascal.TakeWhile(char.IsUpper).Count();
        int lower = capitals <= 1 || capitals == pascal.Length ? Math.Max(capitals, 1) : capitals - 1;
        string name = string.Concat(pascal[..lower].ToLowerInvariant(), pascal.AsSpan(lower));
        return Keywords.Contains(name) ? "@" + name : name;
    }

    private static bool IsStart(char c) => c == '_' || char.IsLetter(c);

    private static bool IsPart(char c) =>
        IsStart(c) || char.GetUnicodeCategory(c) is UnicodeCategory.DecimalDigitNumber
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation;
}
