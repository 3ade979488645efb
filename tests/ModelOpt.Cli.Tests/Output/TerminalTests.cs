using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Cli.Tests.Output;

[TestClass]
internal sealed class TerminalTests
{
    private static readonly string[][] Rows =
    [
        ["/features/block.1/depthwise/Conv_quant", "Conv", "[1, 32, 112, 112]", "1,234,567"],
        ["/features/block.1/depthwise/Relu_quant", "Relu", "[1, 32, 112, 112]", "0"],
    ];

    [TestMethod]
    [DataRow(120)]
    [DataRow(60)]
    [DataRow(44)]
    public void Tables_fit_the_terminal_and_keep_numbers_and_what_tells_names_apart(int width)
    {
        string[] lines = Table(new TerminalLook(width, false, false));
        Assert.IsTrue(lines.All(line => line.Length <= width), string.Join('\n', lines));
        StringAssert.EndsWith(lines[1], "1,234,567");
        Assert.AreEqual(2, lines.Skip(1).Distinct().Count());
        Assert.AreEqual(width < 100, lines[1].Contains('…', StringComparison.Ordinal));
    }

    [TestMethod]
    public void Redirected_tables_are_whole()
    {
        string[] lines = Table(null);
        StringAssert.StartsWith(lines[1], Rows[0][0]);
        StringAssert.Contains(lines[1], Rows[0][2]);
    }

    [TestMethod]
    public void Colours_are_on_a_terminal_only()
    {
        Diagnostic error = EvaluationDiagnostics.NeedsOnnx.At("m.tflite", null, "x\e[2J");
        using var plain = new StringWriter();
        using (var terminal = new Terminal(TextWriter.Null, plain, showProgress: false)) terminal.Report(error);
        Assert.IsFalse(plain.ToString().Contains('\e', StringComparison.Ordinal));
        StringAssert.StartsWith(plain.ToString(), "m.tflite : error MOPT7002: ");

        using var coloured = new StringWriter();
        using (var terminal = new Terminal(TextWriter.Null, coloured, false, new TerminalLook(80, true, true))) terminal.Report(error);
        StringAssert.StartsWith(coloured.ToString(), "m.tflite : \e[31merror MOPT7002:\e[0m ");
        // What a file says commands no terminal.
        Assert.AreEqual(2, coloured.ToString().Count(c => c == '\e'));
        StringAssert.StartsWith(string.Join('\n', Table(new TerminalLook(80, true, true))), "\e[1m");
    }

    private static string[] Table(TerminalLook? look)
    {
        using var output = new StringWriter();
        using (var terminal = new Terminal(output, TextWriter.Null, false, look))
            terminal.WriteTable(["layer", "operator", "output", ">parameters"], Rows);
        return output.ToString().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
    }
}
