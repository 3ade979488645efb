namespace ModelOpt.Compiler.Tests.Architecture;

/// <summary>Folders know each other in one direction, that of the list in docs/architecture.md.</summary>
[TestClass]
public sealed class FloorTests
{
    // Part of the API, and thrown on the ground floor.
    private const string Thrown = "ModelOpt.Runtime.InvalidModelException";

    [TestMethod]
    [DataRow("ModelOpt.Compiler")]
    [DataRow("ModelOpt.Runtime")]
    public void No_reference_points_up(string assembly)
    {
        List<string> floors = Floors(assembly);
        (string From, string To)[] references = [.. TypeReferences.Of(Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll"))
            .Where(r => r.From.StartsWith(assembly, StringComparison.Ordinal) && r.To.StartsWith(assembly, StringComparison.Ordinal))];
        Assert.IsNotEmpty(references);
        string[] upward = [.. references.Where(r => r.To != Thrown && FloorOf(r.From) < FloorOf(r.To)).Select(r => $"{r.From} knows {r.To}")];
        Assert.IsEmpty(upward, string.Join('\n', upward));

        int FloorOf(string type)
        {
            string folder = type[assembly.Length..type.LastIndexOf('.')].TrimStart('.');
            int floor = floors.IndexOf(folder is "" ? "." : folder == "Onnx.Proto" ? "Onnx" : folder);
            Assert.IsGreaterThanOrEqualTo(0, floor, $"{type}: docs/architecture.md does not list its folder");
            return floor;
        }
    }

    [TestMethod]
    public void References_are_found_in_bodies_signatures_and_bases()
    {
        var references = TypeReferences.Of(typeof(FloorTests).Assembly.Location).Where(r => r.From.EndsWith(nameof(Referring), StringComparison.Ordinal))
            .Select(r => r.To[(r.To.LastIndexOf('.') + 1)..]).ToHashSet();
        string[] expected = [nameof(InBody), nameof(InSignature), nameof(InBase), nameof(InGeneric)];
        Assert.IsTrue(references.SetEquals(expected), string.Join(' ', references));
    }

    private static List<string> Floors(string assembly)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Snapshot.Repository, "docs/architecture.md"));
        return [.. lines.SkipWhile(l => l != assembly).Skip(1).TakeWhile(l => l.StartsWith("  ", StringComparison.Ordinal)).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0])];
    }
}

internal class InBase;

internal sealed class InBody;

internal sealed class InSignature;

internal sealed class InGeneric;

internal sealed class Referring : InBase
{
    public static object Body(InSignature? signature) => signature is null ? new InBody() : new List<InGeneric>();
}
