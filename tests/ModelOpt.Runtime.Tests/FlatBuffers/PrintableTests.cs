using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tests.FlatBuffers;

[TestClass]
internal sealed class PrintableTests
{
    [TestMethod]
    [DataRow("conv1/kernel:0 é 漢 😀", "conv1/kernel:0 é 漢 😀")]
    [DataRow("a\u001b[31mb", "a\\u001B[31mb")]
    [DataRow("a\u202eb\u2066c", "a\\u202Eb\\u2066c")]
    [DataRow("a\r\nb\tc\u0085\u2028", "a\\u000D\\u000Ab\\u0009c\\u0085\\u2028")]
    [DataRow("tag \U000E0041", "tag \\uDB40\\uDC41")]
    public void What_a_terminal_would_obey_is_escaped(string text, string expected) =>
        Assert.AreEqual(expected, Printable.Escape(text));

    [TestMethod]
    public void Halves_of_pairs_are_escaped() => Assert.AreEqual("\\uDE00\\uD83D", Printable.Escape("\ude00\ud83d"));

    [TestMethod]
    public void Messages_of_exceptions_are_escaped() =>
        Assert.AreEqual("'\\u001B]0;'", new InvalidModelException("'\u001b]0;'").Message);
}
