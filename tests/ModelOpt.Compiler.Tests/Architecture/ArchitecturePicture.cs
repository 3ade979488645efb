using System.Text;
using System.Xml.Linq;

namespace ModelOpt.Compiler.Tests.Architecture;

/// <summary>Draws docs/architecture.svg: the projects, their families of folders, and arrows to what each knows.</summary>
internal sealed class ArchitecturePicture
{
    private const double Margin = 20, TitleHeight = 48, FrontHeight = 36, Gap = 44, MemberHeight = 22, MemberGap = 6, Glyph = 7.4;
    private const double CompilerWidth = 710, RuntimeWidth = 420, FamilyWidth = 340;
    private const string Compiler = "ModelOpt.Compiler", Runtime = "ModelOpt.Runtime";

    private const string Style = """
        <style>
          .project { fill: #f6f8fa; stroke: #8c959f }
          .family { fill: #e8f1fb; stroke: #3b7dc4 }
          .member { fill: #ffffff; stroke: #a9c6e6 }
          text { fill: #1f2328; font-size: 12px }
          .title { font-size: 14px; font-weight: 600 }
          .arrow { fill: none; stroke: #57606a; stroke-width: 1.4; marker-end: url(#tip) }
        </style>
        <defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">
        <path d="M0 0 10 5 0 10z" fill="#57606a" /></marker></defs>

        """;

    private readonly StringBuilder _svg = new();

    /// <summary>The picture of the built assemblies, as SVG.</summary>
    public static string Draw() => new ArchitecturePicture().DrawAll();

    /// <summary>The size of a family's box, and where its members lie in it.</summary>
    public static (double Width, double Height, IReadOnlyList<Box> Members) Measure(Family family)
    {
        double x = 10, y = 32, width = TextWidth(family.Name) + 24;
        var members = new List<Box>();
        foreach (string member in family.Members)
        {
            double size = TextWidth(member) + 14;
            if (x + size + 10 > FamilyWidth) (x, y) = (10, y + MemberHeight + MemberGap);
            members.Add(new Box(x, y, size, MemberHeight));
            x += size + MemberGap;
            width = Math.Max(width, x - MemberGap + 10);
        }

        return (width, members.Count == 0 ? 32 : y + MemberHeight + 10, members);
    }

    /// <summary>The width of text in a font of fixed width and 12 pixels, at most.</summary>
    public static double TextWidth(string text) => Math.Ceiling(text.Length * Glyph / 2) * 2;

    private string DrawAll()
    {
        double top = Margin + FrontHeight + Gap, frame = CompilerWidth + (2 * Margin), right = Margin + frame + Gap;
        double bottom = Math.Max(
            DrawProject(Compiler, "models in, artifacts out", Margin, top, CompilerWidth),
            DrawProject(Runtime, "what applications ship", right, top, RuntimeWidth));
        string[] fronts = [.. ProjectsThatKnow(Compiler)];
        double width = (frame - (Margin * (fronts.Length - 1))) / fronts.Length;
        for (int i = 0; i < fronts.Length; i++)
        {
            var box = new Box(Margin + (i * (width + Margin)), Margin, width, FrontHeight);
            DrawBox("project", box, fronts[i], "title");
            DrawArrow([(box.X + (width / 2), Margin + FrontHeight), (box.X + (width / 2), top)]);
        }

        if (ProjectsThatKnow(Runtime).Contains(Compiler))
            DrawArrow([(Margin + frame, top + (TitleHeight / 2)), (right, top + (TitleHeight / 2))]);
        double w = right + RuntimeWidth + (3 * Margin), h = bottom + Margin;
        return FormattableString.Invariant($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:F0} {h:F0}"
              font-family="ui-monospace, 'Cascadia Mono', 'DejaVu Sans Mono', monospace"
              role="img" aria-label="The projects and their folders; arrows lead down, from a folder to one that it knows">
            {Style}<rect width="{w:F0}" height="{h:F0}" fill="#ffffff" />
            {_svg}</svg>

            """).ReplaceLineEndings("\n");
    }

    /// <summary>Draws a project's families in a frame.</summary>
    /// <returns>Where it ends.</returns>
    private double DrawProject(string project, string purpose, double left, double top, double width)
    {
        FamilyGraph graph = FamilyGraph.Read(project);
        var sizes = graph.Families.Select(Measure).ToList();
        var layout = new LayeredLayout([.. sizes.Select(s => (s.Width, s.Height))], graph.Arrows, width);
        double x = left + Margin, y = top + TitleHeight;
        var frame = new Box(left, top, width + (2 * Margin), TitleHeight + layout.Height + Margin);
        DrawRectangle("project", frame);
        DrawText("title", left + Margin, top + 22, project);
        DrawText("purpose", left + Margin, top + 38, purpose);
        for (int i = 0; i < graph.Families.Count; i++)
        {
            Box box = Moved(layout.Boxes[i], x, y);
            Family family = graph.Families[i];
            if (family.Members.Count == 0)
            {
                DrawBox("family", box, family.Name, "name");
                continue;
            }

            DrawRectangle("family", box);
            DrawText("name", box.X + 10, box.Y + 21, family.Name);
            for (int k = 0; k < family.Members.Count; k++)
                DrawBox("member", Moved(sizes[i].Members[k], box.X, box.Y), family.Members[k], "name");
        }

        foreach (IReadOnlyList<(double X, double Y)> arrow in layout.Arrows) DrawArrow([.. arrow.Select(p => (p.X + x, p.Y + y))]);
        return frame.Y + frame.Height;
    }

    private static Box Moved(Box box, double x, double y) => box with { X = box.X + x, Y = box.Y + y };

    private static IEnumerable<string> ProjectsThatKnow(string project) =>
        Directory.EnumerateFiles(Path.Combine(Snapshot.Repository, "src"), "*.csproj", SearchOption.AllDirectories)
            .Where(file => XDocument.Load(file).Descendants("ProjectReference")
                .Any(r => r.Attribute("Include")!.Value.EndsWith($"{project}.csproj", StringComparison.Ordinal)))
            .Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);

    private void DrawBox(string kind, Box box, string text, string style)
    {
        DrawRectangle(kind, box);
        DrawText(style, box.X + (box.Width / 2), box.Y + (box.Height / 2) + 4, text, " text-anchor=\"middle\"");
    }

    private void DrawRectangle(string kind, Box box) => _svg.Append(FormattableString.Invariant(
        $"<rect class=\"{kind}\" x=\"{box.X:F0}\" y=\"{box.Y:F0}\" width=\"{box.Width:F0}\" height=\"{box.Height:F0}\" rx=\"6\" />\n"));

    private void DrawText(string style, double x, double y, string text, string anchor = "") =>
        _svg.Append(FormattableString.Invariant($"<text class=\"{style}\" x=\"{x:F0}\" y=\"{y:F0}\"{anchor}>{text}</text>\n"));

    private void DrawArrow(IEnumerable<(double X, double Y)> points) => _svg.Append("<polyline class=\"arrow\" points=\"")
        .AppendJoin(' ', points.Select(p => FormattableString.Invariant($"{p.X:F0},{p.Y:F0}"))).Append("\" />\n");
}
