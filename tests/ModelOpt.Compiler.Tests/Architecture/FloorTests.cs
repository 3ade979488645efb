namespace ModelOpt.Compiler.Tests.Architecture;

/// <summary>Folders know each other in one direction, that of the list in docs/architecture.md.</summary>
[TestClass]
internal sealed class FloorTests
{
    [TestMethod]
    [DataRow("ModelOpt.Compiler")]
    [DataRow("ModelOpt.Runtime")]
    public void No_reference_points_up(string assembly)
    {
        var references = new Floors(assembly).References().ToList();
        Assert.IsNotEmpty(references);
        string[] upward = [.. references.Where(r => r.FromFloor < r.ToFloor).Select(r => $"{r.From} knows {r.To}")];
        Assert.IsEmpty(upward, string.Join('\n', upward));
    }

    [TestMethod]
    public void References_are_found_in_bodies_signatures_and_bases()
    {
        var references = TypeReferences.Of(typeof(FloorTests).Assembly.Location)
            .Where(r => r.From.EndsWith(nameof(Referring), StringComparison.Ordinal))
            .Select(r => r.To[(r.To.LastIndexOf('.') + 1)..]).ToHashSet();
        string[] expected = [nameof(InBody), nameof(InSignature), nameof(InBase), nameof(InGeneric)];
        Assert.IsTrue(references.SetEquals(expected), string.Join(' ', references));
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
