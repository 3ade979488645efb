namespace ModelOpt.Compiler.Tests.Architecture;

/// <summary>The folders of an assembly in the order that docs/architecture.md lists them, from the ground up.</summary>
internal sealed class Floors
{
    // The API throws it, and so does the ground floor.
    private const string Thrown = "ModelOpt.Runtime.InvalidModelException";

    private readonly string _assembly;

    /// <summary>Reads the list of an assembly.</summary>
    public Floors(string assembly)
    {
        _assembly = assembly;
        string[] lines = File.ReadAllLines(Path.Combine(Snapshot.Repository, "docs/architecture.md"));
        Folders = [.. lines.SkipWhile(l => l != assembly).Skip(1).TakeWhile(l => l.StartsWith("  ", StringComparison.Ordinal))
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0])];
    }

    /// <summary>The folders, with dots between their names; <c>.</c> is the assembly's root.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>References between types of the assembly.</summary>
    /// <returns>Full names of types and their floors, counted from 0.</returns>
    public IEnumerable<(string From, int FromFloor, string To, int ToFloor)> References() =>
        TypeReferences.Of(Path.Combine(AppContext.BaseDirectory, $"{_assembly}.dll"))
            .Where(r => r.From.StartsWith(_assembly, StringComparison.Ordinal) && r.To.StartsWith(_assembly, StringComparison.Ordinal)
                && r.To != Thrown)
            .Select(r => (r.From, FloorOf(r.From), r.To, FloorOf(r.To)));

    private int FloorOf(string type)
    {
        string folder = type[_assembly.Length..type.LastIndexOf('.')].TrimStart('.');
        int floor = Folders.ToList().IndexOf(folder is "" ? "." : folder == "Onnx.Proto" ? "Onnx" : folder);
        Assert.IsGreaterThanOrEqualTo(0, floor, $"{type}: docs/architecture.md does not list its folder");
        return floor;
    }
}
